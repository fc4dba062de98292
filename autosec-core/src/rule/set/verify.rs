//! One rule by itself: is everything in it right? All that is wrong is gathered, so an author corrects a rule in one go.
//! What concerns several rules (ids that are taken, how many there are) is `build`'s. What comes out has nothing left
//! to refuse: fields are ids, the expression is checked, windows fit their limits.

use std::time::Duration;

use super::state::{State, by, operators, state};
use super::{simple, trial};
use crate::event::FieldId;
use crate::rule::lang::ast::Spanned;
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::model::Rule;
use crate::rule::run::subject::Subject;
use crate::time::human;

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
    Quantile,
    Samples,
    Learn,
    Forget,
    Steps,
    Step(usize),
    Response,
    Value,
    Field,
    /// An inline test, by its position.
    Test(usize),
    /// An event of an inline test, by their positions.
    Event(usize, usize),
}

/// A rule with everything resolved.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) condition: Condition,
    pub(super) subject: Subject,
    pub(super) state: Option<State>,
}

/// Checks one rule by itself, and says everything that is wrong with it.
pub(super) fn verify(
    rule: &Rule,
    scope: &Scope<'_>,
    lateness: Duration,
) -> Result<Verified, Vec<(Key, Issue)>> {
    let mut issues = Vec::new();
    if !is_id(&rule.id) {
        issues.push((Key::Id, bad_id(&rule.id)));
    }
    let condition = simple::condition(rule, scope).map_err(|found| issues.extend(found));
    if let [first, second, ..] = operators(rule).as_slice() {
        let title = format!("a rule has either `{first}` or `{second}`");
        issues.push((
            Key::Rule,
            whole(Code::TwoStates, title, "this rule has both").help("make two rules of it"),
        ));
    }
    issues.extend(response(rule).map(|issue| (Key::Response, issue)));
    issues.extend(trial::check(rule, scope));
    let state = state(rule, scope, lateness, &mut issues);
    let subject =
        subject(rule, by(rule).and_then(<[String]>::first), scope).map_err(|issue| issues.extend(issue));
    match (condition, subject, state) {
        (Ok(condition), Ok(subject), state) if issues.is_empty() => {
            Ok(Verified { condition, subject, state })
        }
        _ => Err(issues),
    }
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
    let subject = Subject::new(scope.schema, field).ok_or_else(|| {
        let title = format!("{} cannot name a subject", quoted(name));
        let label = format!("this field is {}", scope.schema.kind(field));
        let issue = whole(Code::BadSubject, title, label);
        Some((
            key,
            issue.help("a subject is an address, a text or an integer; name one with `subject: source.ip`"),
        ))
    })?;
    // Events of other steps may have it under other names.
    let steps = rule.sequence.iter().filter(|_| key == Key::By).flat_map(|it| &it.steps);
    let aliases = steps.filter_map(|step| scope.schema.field(step.by.as_ref()?.first()?));
    let aliases =
        aliases.filter(|alias| *alias != field).filter_map(|alias| Subject::new(scope.schema, alias));
    Ok(aliases.fold(subject, Subject::or))
}

pub(super) fn named(name: &str, scope: &Scope<'_>) -> Result<FieldId, Issue> {
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
pub(super) fn whole(code: Code, title: impl Into<String>, label: impl Into<String>) -> Issue {
    Issue::new(code, title, 0..0, label)
}
