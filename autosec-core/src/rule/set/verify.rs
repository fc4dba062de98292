//! One rule by itself: is everything in it right? All that is wrong is gathered, so an author corrects a rule in one go.
//! What concerns several rules (ids that are taken, how many there are) is `build`'s. What comes out has nothing left
//! to refuse: fields are ids, the expression is checked, windows fit their limits.

use std::time::Duration;

use crate::event::FieldId;
use crate::rule::lang::ast::{Expr, Spanned};
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::parse;
use crate::rule::model::Rule;
use crate::rule::run::subject::Subject;
use crate::rule::state::window::COUNT_SLOTS;
use crate::sketch::{DistinctWindow, ShapeError, WindowShape};
use crate::time::human;

/// The most fields of a key.
const BY_LIMIT: usize = 8;
/// The most different values a rule may ask for.
const DISTINCT_LIMIT: u32 = 512;
/// The shortest and the longest time that a response may ask for.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
/// The longest id, in bytes.
const ID_LIMIT: usize = 64;

/// The part of a rule that an issue is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Key {
    Rule,
    Id,
    When,
    Subject,
    Of,
    By,
    Within,
    AtLeast,
    Response,
}

/// A rule with everything resolved.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) condition: Condition,
    pub(super) subject: Subject,
    pub(super) state: Option<State>,
}

/// What a rule counts.
#[derive(Debug)]
pub(super) struct State {
    pub(super) of: Option<FieldId>,
    pub(super) by: Box<[FieldId]>,
    pub(super) within: Duration,
    pub(super) at_least: u32,
}

/// `count` and `distinct` seen as one.
struct Written<'r> {
    of: Option<&'r str>,
    by: &'r [String],
    within: Duration,
    at_least: u32,
}

/// Checks one rule by itself, and says everything that is wrong with it.
///
/// `checked` is its condition, if that was made of its expression before.
pub(super) fn verify(
    rule: &Rule,
    checked: Option<&Condition>,
    scope: &Scope<'_>,
    lateness: Duration,
) -> Result<Verified, Vec<(Key, Issue)>> {
    let mut issues = Vec::new();
    if !is_id(&rule.id) {
        issues.push((Key::Id, bad_id(&rule.id)));
    }
    let condition = checked
        .map_or_else(|| condition(&rule.when, scope), |checked| Ok(checked.clone()))
        .map_err(|found| issues.extend(found.into_iter().map(|issue| (Key::When, issue))));
    let written = written(rule);
    if rule.count.is_some() && rule.distinct.is_some() {
        let title = "a rule has either `count` or `distinct`";
        issues.push((
            Key::Rule,
            whole(Code::TwoStates, title, "this rule has both").help("make two rules of it"),
        ));
    }
    issues.extend(response(rule).map(|issue| (Key::Response, issue)));
    let state = written.as_ref().map(|written| state(written, scope, lateness, &mut issues));
    let first_by = written.as_ref().and_then(|written| written.by.first());
    let subject = subject(rule, first_by, scope).map_err(|issue| issues.extend(issue));
    match (condition, subject, state) {
        (Ok(condition), Ok(subject), state) if issues.is_empty() => {
            Ok(Verified { condition, subject, state: state.flatten() })
        }
        _ => Err(issues),
    }
}

fn condition(text: &str, scope: &Scope<'_>) -> Result<Condition, Vec<Issue>> {
    let expr: Expr = parse::parse(text).map_err(|issue| vec![issue])?;
    scope.check(&expr)
}

fn written(rule: &Rule) -> Option<Written<'_>> {
    let count = rule.count.as_ref().map(|count| Written {
        of: None,
        by: &count.by,
        within: count.within,
        at_least: count.at_least,
    });
    count.or_else(|| {
        rule.distinct.as_ref().map(|distinct| Written {
            of: Some(&distinct.of),
            by: &distinct.by,
            within: distinct.within,
            at_least: distinct.at_least,
        })
    })
}

fn state(
    written: &Written<'_>,
    scope: &Scope<'_>,
    lateness: Duration,
    issues: &mut Vec<(Key, Issue)>,
) -> Option<State> {
    // Issues of the expression do not stand in the way of looking at the window as well.
    let before = issues.len();
    let mut field = |key, name: &str| match named(name, scope) {
        Ok(field) => Some(field),
        Err(issue) => {
            issues.push((key, issue));
            None
        }
    };
    let of = written.of.map(|name| field(Key::Of, name));
    let by: Option<Box<[FieldId]>> = written.by.iter().map(|name| field(Key::By, name)).collect();
    issues.extend(by_shape(written.by, scope).map(|issue| (Key::By, issue)));
    issues.extend(window(written, lateness).map(|issue| (Key::Within, issue)));
    issues.extend(threshold(written).map(|issue| (Key::AtLeast, issue)));
    let complete = issues.len() == before;
    let (within, at_least) = (written.within, written.at_least);
    by.filter(|_| complete).map(|by| State { of: of.flatten(), by, within, at_least })
}

fn by_shape(by: &[String], scope: &Scope<'_>) -> Option<Issue> {
    if by.is_empty() {
        let issue = whole(Code::EmptyBy, "`by` names no field", "nothing tells keys apart");
        return Some(issue.help("name what is counted for each, such as `by: [source.ip]`"));
    }
    if by.len() > BY_LIMIT {
        let title = format!("`by` names {} fields, and the limit is {BY_LIMIT}", by.len());
        return Some(whole(Code::BadBy, title, "too many fields"));
    }
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = by.iter().find(|name| !seen.insert(*name)) {
        return Some(whole(Code::BadBy, format!("`by` names {} twice", quoted(twice)), "once is enough"));
    }
    let unusable = by.iter().find(|name| {
        let field = scope.schema.field(name);
        field.is_some_and(|field| scope.schema.kind(field) == crate::event::Kind::Float)
    });
    unusable.map(|name| {
        let title = format!("{} cannot tell keys apart", quoted(name));
        whole(Code::BadSubject, title, "this field is a number with a fraction")
    })
}

fn window(written: &Written<'_>, lateness: Duration) -> Option<Issue> {
    let limit = if written.of.is_some() { DistinctWindow::SLOT_LIMIT } else { COUNT_SLOTS };
    let error = WindowShape::new(written.within, lateness, limit).err()?;
    Some(match error {
        ShapeError::Length => {
            let title = format!("a window of {} cannot be kept", human::format(written.within));
            whole(Code::BadWindow, title, "").help("a window lasts from 1ms to 31d")
        }
        error => {
            let lateness = human::format(lateness);
            whole(Code::LongLateness, error.to_string(), format!("too short for a lateness of {lateness}"))
                .help("make the window longer, or give the rule set a shorter lateness")
        }
    })
}

fn threshold(written: &Written<'_>) -> Option<Issue> {
    if written.at_least == 0 {
        return Some(
            whole(Code::BadThreshold, "`at_least` is 0", "every event would be a finding")
                .help("ask for 1 or more"),
        );
    }
    (written.of.is_some() && written.at_least > DISTINCT_LIMIT).then(|| {
        let title = format!("`at_least` of `distinct` is at most {DISTINCT_LIMIT}");
        whole(Code::BadThreshold, title, "more than a key may remember")
    })
}

fn response(rule: &Rule) -> Option<Issue> {
    let duration = rule.response?.duration?;
    (duration < SHORTEST || duration > LONGEST).then(|| {
        let title = format!("a response cannot last {}", human::format(duration));
        whole(Code::BadDuration, title, "here").help("write between `1s` and `365d`, or leave `for` out")
    })
}

fn subject(
    rule: &Rule,
    first_by: Option<&String>,
    scope: &Scope<'_>,
) -> Result<Subject, Option<(Key, Issue)>> {
    let (key, name) = match (&rule.subject, first_by) {
        (Some(name), _) => (Key::Subject, name.as_str()),
        (None, Some(name)) => (Key::By, name.as_str()),
        (None, None) => (Key::Rule, "source.ip"),
    };
    // A field of `by` that does not exist has been reported already.
    let field = named(name, scope).map_err(|issue| (key != Key::By).then_some((key, issue)))?;
    Subject::new(scope.schema, field).ok_or_else(|| {
        let title = format!("{} cannot name a subject", quoted(name));
        let label = format!("this field is {}", scope.schema.kind(field));
        let issue = whole(Code::BadSubject, title, label);
        Some((
            key,
            issue.help("a subject is an address, a text or an integer; name one with `subject: source.ip`"),
        ))
    })
}

fn named(name: &str, scope: &Scope<'_>) -> Result<FieldId, Issue> {
    scope.field(&Spanned { node: name.to_owned(), span: 0..name.len() })
}

fn is_id(id: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    id.len() <= ID_LIMIT && id.split('-').all(part)
}

fn bad_id(id: &str) -> Issue {
    whole(Code::BadId, format!("{} cannot be the id of a rule", quoted(id)), "").help(
        "an id is lower-case letters and digits in parts joined by `-`, at most 64 bytes: `ssh-brute-force`",
    )
}

/// An issue about the whole value of a key.
fn whole(code: Code, title: impl Into<String>, label: impl Into<String>) -> Issue {
    Issue::new(code, title, 0..0, label)
}
