//! What a rule remembers, checked: from the keys as they are written to an operator with everything resolved.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use super::simple;
use super::verify::{Key, named, whole};
use crate::event::{FieldId, Kind};
use crate::rule::lang::ast::Comparison;
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::model::Rule;
use crate::rule::operator::{NewValue, Sequence};
use crate::rule::state::memory::{COUNT_SLOTS, Memory};
use crate::rule::state::operator::{Novelty, Operator};
use crate::rule::state::threshold::Threshold;
use crate::sketch::{DistinctWindow, ShapeError, WindowShape};
use crate::time::human;

/// The most fields of a key.
const BY_LIMIT: usize = 8;
/// The most different values a rule may ask for.
const DISTINCT_LIMIT: u32 = 1_000_000;
/// The fewest and the most steps of a sequence.
const STEPS: std::ops::RangeInclusive<usize> = 2..=16;
/// The longest time that values are learned or remembered.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// The shortest time that values are remembered.
const SHORTEST: Duration = Duration::from_secs(60);

/// What a rule remembers.
#[derive(Debug)]
pub(super) struct State {
    pub(super) operator: Operator,
    /// For each input its key fields.
    pub(super) by: Vec<Box<[FieldId]>>,
    pub(super) within: Duration,
    pub(super) threshold: Threshold,
    /// What each input asks for besides the rule's condition; none if there is one input that asks for nothing more.
    pub(super) steps: Vec<Condition>,
    /// What is counted, in words.
    pub(super) what: Cow<'static, str>,
}

/// Checks the parts of one rule's state.
struct Checker<'c> {
    scope: &'c Scope<'c>,
    lateness: Duration,
    issues: &'c mut Vec<(Key, Issue)>,
}

/// What the operators have in common.
struct Window<'r> {
    name: &'static str,
    by: &'r [String],
    within: Duration,
}

/// What is known of a rule with one input.
struct Parts {
    by: Box<[FieldId]>,
    within: Duration,
}

/// The operators that a rule names.
pub(super) fn operators(rule: &Rule) -> Vec<&'static str> {
    let named = [
        ("count", rule.count.is_some()),
        ("rate", rule.rate.is_some()),
        ("distinct", rule.distinct.is_some()),
        ("sum", rule.sum.is_some()),
        ("avg", rule.avg.is_some()),
        ("quantile", rule.quantile.is_some()),
        ("sequence", rule.sequence.is_some()),
        ("new_value", rule.new_value.is_some()),
    ];
    named.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect()
}

/// The key fields of the rule's first operator: for a sequence those of its first step.
pub(super) fn by(rule: &Rule) -> Option<&[String]> {
    let first =
        rule.sequence.as_ref().map(|it| it.steps.first().and_then(|step| step.by.as_ref()).unwrap_or(&it.by));
    let all = [
        rule.count.as_ref().map(|it| &it.by),
        rule.rate.as_ref().map(|it| &it.by),
        rule.distinct.as_ref().map(|it| &it.by),
        rule.sum.as_ref().map(|it| &it.by),
        rule.avg.as_ref().map(|it| &it.by),
        rule.quantile.as_ref().map(|it| &it.by),
        first,
        rule.new_value.as_ref().map(|it| &it.by),
    ];
    all.into_iter().flatten().next().map(Vec::as_slice)
}

/// What a rule remembers, if anything; what is wrong with it is added to `issues`.
pub(super) fn state(
    rule: &Rule,
    scope: &Scope<'_>,
    lateness: Duration,
    issues: &mut Vec<(Key, Issue)>,
) -> Option<State> {
    let before = issues.len();
    let mut checker = Checker { scope, lateness, issues };
    let state = checker.state(rule);
    // Issues of the expression do not stand in the way of looking at the state as well.
    state.filter(|_| issues.len() == before)
}

impl Checker<'_> {
    fn state(&mut self, rule: &Rule) -> Option<State> {
        if let Some(it) = &rule.count {
            let window = Window { name: "count", by: &it.by, within: it.within };
            let parts = self.parts(&window, None);
            let threshold = self.at_least("count", it.at_least, u32::MAX);
            parts?.state(Operator::Count, threshold, "events")
        } else if let Some(it) = &rule.rate {
            let window = Window { name: "rate", by: &it.by, within: it.within };
            let parts = self.parts(&window, None);
            let least = it.at_least.over(it.within).ceil().max(1.0);
            if least > f64::from(u32::MAX) {
                self.issue(
                    Key::AtLeast,
                    whole(Code::BadThreshold, "the rate is too high to be counted", "here"),
                );
            }
            parts?.state(Operator::Count, Threshold::at_least(least), "events")
        } else if let Some(it) = &rule.distinct {
            let of = self.field(Key::Of, &it.of);
            let window = Window { name: "distinct", by: &it.by, within: it.within };
            let parts = self.parts(&window, Some(DistinctWindow::SLOT_LIMIT));
            let threshold = self.at_least("distinct", it.at_least, DISTINCT_LIMIT);
            let operator = Operator::Distinct { of: vec![Box::new([of?])] };
            parts?.state(operator, threshold, format!("distinct {}", it.of))
        } else if let Some(it) = &rule.sequence {
            self.sequence(it)
        } else if let Some(it) = &rule.new_value {
            self.new_value(it)
        } else {
            self.number(rule)
        }
    }

    fn number(&mut self, rule: &Rule) -> Option<State> {
        if let Some(it) = &rule.sum {
            let of = self.numeric(&it.of);
            let parts = self.parts(&Window { name: "sum", by: &it.by, within: it.within }, None);
            let threshold = self.range(it.at_least, it.below);
            parts?.state(Operator::Sum { of: Box::new([of?]) }, threshold?, format!("sum of {}", it.of))
        } else if let Some(it) = &rule.avg {
            let of = self.numeric(&it.of);
            let parts = self.parts(&Window { name: "avg", by: &it.by, within: it.within }, None);
            let threshold = self.range(it.at_least, it.below);
            self.samples(it.samples);
            let operator = Operator::Average { of: Box::new([of?]), samples: it.samples };
            parts?.state(operator, threshold?, format!("average of {}", it.of))
        } else {
            let it = rule.quantile.as_ref()?;
            let of = self.numeric(&it.of);
            if !(it.q > 0.0 && it.q < 1.0) {
                let title = format!("the quantile {} does not exist", it.q);
                let issue = whole(Code::BadQuantile, title, "not between 0 and 1");
                self.issue(Key::Quantile, issue.help("the 95th percentile is `q: 0.95`"));
            }
            let parts = self.parts(&Window { name: "quantile", by: &it.by, within: it.within }, None);
            let threshold = self.range(it.at_least, it.below);
            self.samples(it.samples);
            let operator = Operator::Quantile { of: Box::new([of?]), q: it.q, samples: it.samples };
            let limit = it.at_least.or(it.below).unwrap_or_default();
            parts?.state(operator, threshold?, format!("percent of {} below {limit}", it.of))
        }
    }

    fn sequence(&mut self, it: &Sequence) -> Option<State> {
        let issue = steps_shape(it);
        let misshapen = issue.is_some();
        issue.into_iter().for_each(|issue| self.issue(Key::Steps, issue));
        let mut steps = Vec::with_capacity(it.steps.len());
        let mut by = Vec::with_capacity(it.steps.len());
        for (at, step) in it.steps.iter().enumerate() {
            match simple::expression(&step.when, self.scope) {
                Ok(condition) => steps.push(condition),
                Err(issues) => issues.into_iter().for_each(|issue| self.issue(Key::Step(at), issue)),
            }
            let fields = step.by.as_ref().unwrap_or(&it.by);
            if fields.len() != it.by.len() {
                let title =
                    format!("the step has {} key fields, and the sequence {}", fields.len(), it.by.len());
                self.issue(Key::By, whole(Code::BadStep, title, "not as many as here"));
            }
            by.push(self.keys(fields)?);
            self.same_kinds(&it.by, fields);
        }
        let absent: Box<[bool]> = it.steps.iter().map(|step| step.absent).collect();
        let happening = absent.iter().filter(|absent| !**absent).count();
        let (operator, what) = if it.ordered {
            (Operator::Sequence { absent }, format!("{happening} steps in order"))
        } else {
            (Operator::Together, format!("{happening} steps in any order"))
        };
        let window = Window { name: "sequence", by: &it.by, within: it.within };
        self.window(&window, Memory::slot_limit(&operator));
        let threshold = Threshold::at_least(happening as f64);
        (!misshapen).then_some(State { operator, by, within: it.within, threshold, steps, what: what.into() })
    }

    /// A step's key fields must be able to have the values of the sequence's.
    fn same_kinds(&mut self, sequence: &[String], step: &[String]) {
        let kind = |name: &String| self.scope.schema.field(name).map(|field| self.scope.schema.kind(field));
        let pairs = sequence.iter().zip(step);
        let known = pairs.filter_map(|(one, other)| Some((one, kind(one)?, other, kind(other)?)));
        let other = known.filter(|(_, kind, _, other)| kind != other).map(|(one, kind, name, other)| {
            let title = format!("{} and {} never have the same value", quoted(one), quoted(name));
            whole(Code::BadStep, title, format!("{kind} in the sequence, {other} in the step"))
        });
        other.collect::<Vec<_>>().into_iter().for_each(|issue| self.issue(Key::By, issue));
    }

    fn new_value(&mut self, it: &NewValue) -> Option<State> {
        let of: Option<Box<[FieldId]>> = it.of.iter().map(|name| self.field(Key::Of, name)).collect();
        let issue = by_shape("of", &it.of, None);
        issue.into_iter().for_each(|issue| self.issue(Key::Of, issue));
        let span = |key, name, span: Duration, shortest: Duration| {
            let title = format!("`{name}` cannot be {}", human::format(span));
            let issue = whole(Code::BadSpan, title, "here")
                .help(format!("write between `{}` and `366d`", human::format(shortest)));
            (span < shortest || span > LONGEST).then_some((key, issue))
        };
        let learn = span(Key::Learn, "learn", it.learn, Duration::ZERO);
        let forget = span(Key::Forget, "forget", it.forget, SHORTEST);
        self.issues.extend(learn.into_iter().chain(forget));
        let by = self.keys(&it.by)?;
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let novelty = Novelty { of: of?, learn: micros(it.learn), forget: micros(it.forget) };
        Some(State {
            operator: Operator::New(novelty),
            by: vec![by],
            within: it.forget,
            threshold: Threshold::default(),
            steps: Vec::new(),
            what: it.of.join(" with ").into(),
        })
    }

    /// Key fields and window of a rule with one input, that keeps so many slots at most.
    fn parts(&mut self, window: &Window<'_>, slots: Option<u32>) -> Option<Parts> {
        let by = self.keys(window.by);
        self.window(window, slots.unwrap_or(COUNT_SLOTS));
        Some(Parts { by: by?, within: window.within })
    }

    fn keys(&mut self, by: &[String]) -> Option<Box<[FieldId]>> {
        let fields = by.iter().map(|name| self.field(Key::By, name)).collect();
        let issue = by_shape("by", by, Some(self.scope));
        issue.into_iter().for_each(|issue| self.issue(Key::By, issue));
        fields
    }

    fn window(&mut self, window: &Window<'_>, slots: u32) {
        let Err(error) = WindowShape::new(window.within, self.lateness, slots) else {
            return;
        };
        let issue = match error {
            ShapeError::Length => {
                let what = if window.name == "sequence" { "sequence" } else { "window" };
                let title = format!("a {what} of {} cannot be kept", human::format(window.within));
                whole(Code::BadWindow, title, "").help(format!("a {what} lasts from 1ms to 31d"))
            }
            error => {
                let lateness = human::format(self.lateness);
                whole(
                    Code::LongLateness,
                    error.to_string(),
                    format!("too short for a lateness of {lateness}"),
                )
                .help("make the window longer, or give the rule set a shorter lateness")
            }
        };
        self.issue(Key::Within, issue);
    }

    fn at_least(&mut self, name: &str, at_least: u32, limit: u32) -> Threshold {
        if at_least == 0 {
            let issue = whole(Code::BadThreshold, "`at_least` is 0", "every event would be a finding");
            self.issue(Key::AtLeast, issue.help("ask for 1 or more"));
        }
        if at_least > limit {
            let title = format!("`at_least` of `{name}` is at most {limit}");
            self.issue(Key::AtLeast, whole(Code::BadThreshold, title, "more than a key may remember"));
        }
        Threshold::at_least(f64::from(at_least))
    }

    fn samples(&mut self, samples: u32) {
        if samples == 0 {
            let issue = whole(Code::BadThreshold, "`samples` is 0", "nothing says anything of no numbers");
            self.issue(Key::Samples, issue.help("ask for 1 or more"));
        }
    }

    fn range(&mut self, at_least: Option<f64>, below: Option<f64>) -> Option<Threshold> {
        let parts = [(Comparison::GreaterOrEqual, at_least), (Comparison::Less, below)];
        let parts = parts.into_iter().filter_map(|(comparison, number)| Some((comparison, number?)));
        let threshold = parts
            .clone()
            .try_fold(Threshold::default(), |all, (comparison, number)| all.and(comparison, number));
        let issue = match &threshold {
            _ if parts.count() == 0 => {
                whole(Code::BadThreshold, "there is no threshold", "nothing says when it alarms")
                    .help("write `at_least`, `below` or both")
            }
            None => whole(Code::BadThreshold, "a threshold is a finite number", "here"),
            Some(threshold) if threshold.is_empty() => whole(
                Code::BadThreshold,
                "no number is at least that and below this",
                "`below` is not above it",
            ),
            Some(_) => return threshold,
        };
        self.issue(Key::AtLeast, issue);
        None
    }

    fn numeric(&mut self, name: &str) -> Option<FieldId> {
        let field = self.field(Key::Of, name)?;
        let kind = self.scope.schema.kind(field);
        if matches!(kind, Kind::Integer | Kind::Float | Kind::Text) {
            return Some(field);
        }
        let title = format!("{} holds no numbers", quoted(name));
        self.issue(Key::Of, whole(Code::Mismatch, title, format!("this field is {kind}")));
        None
    }

    fn field(&mut self, key: Key, name: &str) -> Option<FieldId> {
        named(name, self.scope).map_err(|issue| self.issue(key, issue)).ok()
    }

    fn issue(&mut self, key: Key, issue: Issue) {
        if !self.issues.contains(&(key, issue.clone())) {
            self.issues.push((key, issue));
        }
    }
}

impl Parts {
    #[expect(clippy::unnecessary_wraps, reason = "it ends what may have ended before")]
    fn state(
        self,
        operator: Operator,
        threshold: Threshold,
        what: impl Into<Cow<'static, str>>,
    ) -> Option<State> {
        let Self { by, within } = self;
        Some(State { operator, by: vec![by], within, threshold, steps: Vec::new(), what: what.into() })
    }
}

fn steps_shape(it: &Sequence) -> Option<Issue> {
    let happening = it.steps.iter().filter(|step| !step.absent).count();
    let issue = |title: String, label: &str| Some(whole(Code::BadStep, title, label));
    if !STEPS.contains(&it.steps.len()) {
        let title = format!("a sequence of {} steps", it.steps.len());
        return issue(title, "a sequence has two to sixteen steps");
    }
    if it.steps.first().is_some_and(|step| step.absent) {
        return issue("the first step is absent".to_owned(), "a sequence begins with something that happens");
    }
    if !it.ordered && happening < it.steps.len() {
        return issue(
            "a step is absent, and steps come in any order".to_owned(),
            "there is no place where it must not happen",
        );
    }
    None
}

fn by_shape(key: &str, names: &[String], scope: Option<&Scope<'_>>) -> Option<Issue> {
    if names.is_empty() {
        let issue = |label| whole(Code::EmptyBy, format!("`{key}` names no field"), label);
        return Some(match scope {
            Some(_) => issue("nothing tells keys apart")
                .help("name what is counted for each, such as `by: [source.ip]`"),
            None => issue("no value can be new").help("name what is looked at, such as `of: [user.name]`"),
        });
    }
    if names.len() > BY_LIMIT {
        let title = format!("`{key}` names {} fields, and the limit is {BY_LIMIT}", names.len());
        return Some(whole(Code::BadBy, title, "too many fields"));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
        return Some(whole(Code::BadBy, format!("`{key}` names {} twice", quoted(twice)), "once is enough"));
    }
    let scope = scope?;
    let unusable = names.iter().find(|name| {
        let field = scope.schema.field(name);
        field.is_some_and(|field| scope.schema.kind(field) == Kind::Float)
    });
    unusable.map(|name| {
        let title = format!("{} cannot tell keys apart", quoted(name));
        whole(Code::BadSubject, title, "this field is a number with a fraction")
    })
}
