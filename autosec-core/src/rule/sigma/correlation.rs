use std::time::Duration;

use super::node::{Node, Scalar};
use super::rule::{Reading, SigmaRule};
use crate::rule::lang::ast::{Comparison, Spanned};
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;

/// A correlation rule as it is written: what it asks of the findings of other rules.
#[derive(Debug)]
pub(crate) struct Correlation {
    pub(crate) rule: SigmaRule,
    pub(crate) kind: CorrelationKind,
    /// Ids or names.
    pub(crate) rules: Vec<Spanned<String>>,
    pub(crate) group_by: Vec<Spanned<String>>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) timespan: Spanned<Duration>,
    /// What the number must satisfy, all of it; nothing where each rule must find something.
    pub(crate) bounds: Vec<Bound>,
    /// The fields whose values are looked at.
    pub(crate) fields: Vec<Spanned<String>>,
    /// 1 to 99, of a percentile alone.
    pub(crate) percentile: f64,
    /// Whether the rules it refers to give findings of their own.
    pub(crate) generate: bool,
}

/// What a correlation looks at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CorrelationKind {
    EventCount,
    ValueCount,
    ValueSum,
    ValueAverage,
    ValuePercentile,
    Temporal,
    TemporalOrdered,
}

/// A name for fields that rules call differently: by reference to each rule the field.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) fields: Vec<(Spanned<String>, Spanned<String>)>,
}

/// `gte: 10`, say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) comparison: Comparison,
    pub(crate) number: f64,
}

const KINDS: [(&str, CorrelationKind); 7] = [
    ("event_count", CorrelationKind::EventCount),
    ("temporal", CorrelationKind::Temporal),
    ("temporal_ordered", CorrelationKind::TemporalOrdered),
    ("value_avg", CorrelationKind::ValueAverage),
    ("value_count", CorrelationKind::ValueCount),
    ("value_percentile", CorrelationKind::ValuePercentile),
    ("value_sum", CorrelationKind::ValueSum),
];

const KEYS: [&str; 7] = ["type", "rules", "group-by", "aliases", "timespan", "condition", "generate"];

const COMPARISONS: [(&str, Comparison); 6] = [
    ("eq", Comparison::Equal),
    ("gt", Comparison::Greater),
    ("gte", Comparison::GreaterOrEqual),
    ("lt", Comparison::Less),
    ("lte", Comparison::LessOrEqual),
    ("neq", Comparison::NotEqual),
];

/// The units of a timespan in seconds; a month and a year are a twelfth and the whole of the mean Gregorian year.
const UNITS: [(char, u64); 7] =
    [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800), ('M', 2_629_746), ('y', 31_556_952)];

/// From so many fields on it is too many.
const FIELD_LIMIT: usize = 9;

const HELP: &str =
    "a correlation has the keys type, rules and timespan, and most of them group-by and condition";

impl CorrelationKind {
    pub(crate) fn is_temporal(self) -> bool {
        matches!(self, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered)
    }

    /// Whether it looks at values of a field.
    pub(crate) fn is_of_values(self) -> bool {
        !self.is_temporal() && self != CorrelationKind::EventCount
    }

    /// Whether it counts, so that thresholds are whole numbers.
    pub(crate) fn counts(self) -> bool {
        self.is_temporal() || matches!(self, CorrelationKind::EventCount | CorrelationKind::ValueCount)
    }

    fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// Reads what stands below the key `correlation`; what is wrong is added to `issues`.
pub(super) fn read(
    rule: Option<SigmaRule>,
    document: &Node<'_>,
    node: &Node<'_>,
    issues: &mut Vec<Issue>,
) -> Option<Correlation> {
    if node.map().is_none() {
        let title = format!("a correlation is keys and values, not {}", node.what());
        issues.push(Issue::new(Code::SigmaShape, title, node.span.clone(), ""));
        return None;
    }
    let before = issues.len();
    let mut reading = Reading { document: node, issues };
    reading.known(node, &KEYS);
    let kind = reading.required("type", HELP).and_then(|_| reading.word("type", &KINDS));
    let rules = reading.required("rules", HELP).map(|node| reading.rules(node)).unwrap_or_default();
    let timespan = reading.required("timespan", HELP).and_then(|node| reading.timespan(node));
    let group_by = node.at("group-by").map(|node| reading.spanned(node)).unwrap_or_default();
    let aliases = node.at("aliases").map(|node| reading.aliases(node)).unwrap_or_default();
    // It belongs beside `correlation`; rules that have it inside are many.
    let generate = document.at("generate").or(node.at("generate")).is_some_and(|node| reading.boolean(node));
    let condition = kind.map(|kind| reading.condition(kind)).unwrap_or_default();
    if issues.len() > before {
        return None;
    }
    let Condition { bounds, fields, percentile } = condition;
    Some(Correlation {
        rule: rule?,
        kind: kind?,
        rules,
        group_by,
        aliases,
        timespan: timespan?,
        bounds,
        fields,
        percentile,
        generate,
    })
}

#[derive(Debug, Default)]
struct Condition {
    bounds: Vec<Bound>,
    fields: Vec<Spanned<String>>,
    percentile: f64,
}

impl Reading<'_, '_> {
    pub(super) fn known(&mut self, node: &Node<'_>, keys: &[&str]) {
        let entries = node.map().unwrap_or_default();
        for (key, _) in entries.iter().filter(|(key, _)| !keys.contains(&&*key.name)) {
            let title = format!("unknown key {}", quoted(&key.name));
            let issue = Issue::new(Code::UnknownKey, title, key.span.clone(), "there is no such key here")
                .help(format!("the keys are {}", keys.join(", ")))
                .help_if(did_you_mean(&key.name, keys.iter().copied()));
            self.issues.push(issue);
        }
    }

    /// The texts of a list, each with its place.
    pub(super) fn spanned(&mut self, node: &Node<'_>) -> Vec<Spanned<String>> {
        let nodes = node.each().iter();
        nodes.map(|node| Spanned { node: self.text(node), span: node.span.clone() }).collect()
    }

    /// References to rules, at least one.
    pub(super) fn rules(&mut self, node: &Node<'_>) -> Vec<Spanned<String>> {
        let rules = self.spanned(node);
        if rules.is_empty() {
            let issue = Issue::new(Code::EmptySelection, "a list of no rules", node.span.clone(), "empty");
            self.issues.push(issue.help("name rules by `id` or `name`"));
        }
        rules
    }

    fn boolean(&mut self, node: &Node<'_>) -> bool {
        let text = self.text(node);
        let truth = text.eq_ignore_ascii_case("true");
        if !truth && !text.eq_ignore_ascii_case("false") {
            let title = format!("expected true or false, found {}", quoted(&text));
            self.issues.push(Issue::new(Code::WrongType, title, node.span.clone(), "neither"));
        }
        truth
    }

    fn timespan(&mut self, node: &Node<'_>) -> Option<Spanned<Duration>> {
        let text = self.text(node);
        let parts = text.char_indices().last().and_then(|(at, unit)| {
            let seconds = UNITS.iter().find(|(held, _)| *held == unit).map(|(_, seconds)| *seconds)?;
            let digits = text.get(..at)?;
            // A sign, which `u64` reads, is no digit.
            let count: u64 =
                digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
            Some(count.saturating_mul(seconds))
        });
        let Some(seconds) = parts else {
            let title = format!("{} is no timespan", quoted(&text));
            let issue = Issue::new(Code::BadTimespan, title, node.span.clone(), "not a number and a unit");
            self.issues.push(issue.help("write `90s`, `15m`, `12h`, `7d`, `2w` or `1M`"));
            return None;
        };
        Some(Spanned { node: Duration::from_secs(seconds), span: node.span.clone() })
    }

    fn aliases(&mut self, node: &Node<'_>) -> Vec<Alias> {
        let mut aliases = Vec::new();
        for (name, fields) in node.map().unwrap_or_default() {
            let Some(entries) = fields.map() else {
                let title = format!("an alias is fields by rules, not {}", fields.what());
                let issue = Issue::new(Code::SigmaShape, title, fields.span.clone(), "");
                self.issues.push(issue.help("write `alias: { rule: field }`"));
                continue;
            };
            let field = |(rule, field): &(super::node::Key<'_>, Node<'_>)| {
                let rule = Spanned { node: rule.name.to_string(), span: rule.span.clone() };
                (rule, Spanned { node: self.text(field), span: field.span.clone() })
            };
            aliases.push(Alias { name: name.name.to_string(), fields: entries.iter().map(field).collect() });
        }
        aliases
    }

    fn condition(&mut self, kind: CorrelationKind) -> Condition {
        let mut condition = Condition { percentile: 50.0, ..Condition::default() };
        let Some(node) = self.document.at("condition") else {
            if !kind.is_temporal() {
                self.required(
                    "condition",
                    "write `condition: { gte: 10 }`, or `{ field: User, gte: 10 }` for values",
                );
            }
            return condition;
        };
        let Some(entries) = node.map() else {
            let title = "a condition of a correlation compares a number";
            let issue = Issue::new(Code::BadCorrelation, title, node.span.clone(), "this does not");
            self.issues
                .push(issue.help(
                    "write `condition: { gte: 10 }`; expressions over rules are not part of Sigma 2.1",
                ));
            return condition;
        };
        for (key, value) in entries {
            let comparison = COMPARISONS.iter().find(|(name, _)| *name == key.name);
            match (&*key.name, comparison) {
                (_, Some((_, comparison))) => {
                    let number = self.number(value, kind.counts());
                    condition.bounds.push(Bound { comparison: *comparison, number });
                }
                ("field", _) => condition.fields = self.spanned(value),
                ("percentile", _) if kind == CorrelationKind::ValuePercentile => {
                    condition.percentile = self.percentile(value);
                }
                _ => {}
            }
        }
        let percentile = (kind == CorrelationKind::ValuePercentile).then_some("percentile");
        let keys = COMPARISONS.iter().map(|(name, _)| *name).chain(["field"]).chain(percentile);
        self.known(node, &keys.collect::<Vec<_>>());
        self.fits(node, kind, &condition);
        condition
    }

    fn fits(&mut self, node: &Node<'_>, kind: CorrelationKind, condition: &Condition) {
        if condition.bounds.is_empty() {
            self.refuse(node, "a condition that compares nothing", "no comparison");
        } else if !is_possible(&condition.bounds, kind.counts()) {
            self.refuse(node, "no number is as the condition says", "these contradict each other");
        }
        match (kind.is_of_values(), condition.fields.len()) {
            (true, 0) => {
                self.refuse(node, &format!("`{}` needs the key `field`", kind.name()), "it belongs here")
            }
            (false, 1..) => {
                self.refuse(node, &format!("`{}` looks at no field", kind.name()), "`field` says nothing")
            }
            (true, 2..) if kind != CorrelationKind::ValueCount => {
                self.refuse(node, "only of one field numbers can be taken", "these are several")
            }
            (_, FIELD_LIMIT..) => self.refuse(node, "at most 8 fields can be looked at", "these are more"),
            _ => {}
        }
    }

    fn refuse(&mut self, node: &Node<'_>, title: &str, label: &str) {
        let issue = Issue::new(Code::BadCorrelation, title, node.span.clone(), label);
        self.issues
            .push(issue.help("write `condition: { gte: 10 }`, or `{ field: User, gte: 10 }` for values"));
    }

    fn number(&mut self, node: &Node<'_>, whole: bool) -> f64 {
        let number = node.scalar().and_then(Scalar::number).and_then(|text| text.parse::<f64>().ok());
        let fits = number.is_some_and(|number| {
            number.is_finite() && (!whole || (number.fract() == 0.0 && (0.0..=4e9).contains(&number)))
        });
        if !fits {
            let text = node.scalar().map_or_else(|| node.what().to_owned(), |scalar| quoted(&scalar.text));
            let title = format!("{text} cannot be compared with");
            let label = if whole { "not a whole number from 0 on" } else { "not a number" };
            self.issues.push(Issue::new(Code::BadCorrelation, title, node.span.clone(), label));
        }
        number.unwrap_or(0.0)
    }

    fn percentile(&mut self, node: &Node<'_>) -> f64 {
        let number = node.scalar().and_then(Scalar::number).and_then(|text| text.parse::<f64>().ok());
        let fits = number.filter(|number| (0.0..=100.0).contains(number));
        if fits.is_none() {
            let title = "a percentile is a number from 0 to 100";
            let issue = Issue::new(Code::BadCorrelation, title, node.span.clone(), "this is none");
            self.issues.push(issue.help("write `condition: { field: bytes, percentile: 95, gte: 1000 }`"));
        }
        fits.unwrap_or(50.0)
    }
}

/// Whether some number, or some whole number, satisfies all bounds.
fn is_possible(bounds: &[Bound], whole: bool) -> bool {
    let holds = |number: f64| bounds.iter().all(|bound| bound.comparison.holds(&number, &bound.number));
    // Near each bound lies a number that satisfies them all if any does; half a step between two of them.
    let near = bounds.iter().flat_map(|bound| [bound.number - 1.0, bound.number, bound.number + 1.0]);
    let numbers: Vec<f64> = near.collect();
    let between = numbers.iter().flat_map(|left| numbers.iter().map(move |right| (left + right) / 2.0));
    numbers.iter().copied().chain(between).any(|number| (!whole || number.fract() == 0.0) && holds(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_cannot_be() {
        let bounds = |pairs: &[(Comparison, f64)]| {
            let bounds: Vec<_> = pairs
                .iter()
                .map(|(comparison, number)| Bound { comparison: *comparison, number: *number })
                .collect();
            is_possible(&bounds, false)
        };
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        assert!(bounds(&[(Greater, 3.0), (LessOrEqual, 4.0)]) && bounds(&[(Greater, 3.0), (Less, 3.5)]));
        assert!(bounds(&[(GreaterOrEqual, 3.0), (LessOrEqual, 3.0)]) && bounds(&[(NotEqual, 3.0)]));
        assert!(!bounds(&[(Greater, 3.0), (Less, 3.0)]) && !bounds(&[(Equal, 2.0), (Equal, 3.0)]));
        assert!(!bounds(&[(GreaterOrEqual, 3.0), (LessOrEqual, 3.0), (NotEqual, 3.0)]));
    }
}
