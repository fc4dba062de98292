//! Exceptions: conditions that take events away from rules, whatever the rules make of events.

use std::collections::HashSet;

use super::build::Assembled;
use super::read::Origin;
use super::simple;
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;
use crate::rule::model::Exception;

/// Takes the events of each exception away from the rules it names; what is wrong is added to `diagnostics`. An exception
/// that is wrong is taken out of `exceptions`, and the rules that it names are taken out of `rules`: they would find what
/// they must not.
pub(super) fn apply(
    exceptions: &mut Vec<Origin<'_, Exception>>,
    known: &HashSet<String>,
    scope: &Scope<'_>,
    rules: &mut Vec<Assembled>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    exceptions.retain(|origin| {
        let before = diagnostics.len();
        diagnostics.extend(names(&origin.written, known).map(|issue| origin.place("rule", issue)));
        let condition = condition(&origin.written, scope).map_err(|issues| {
            diagnostics.extend(issues.into_iter().map(|issue| origin.place("when", issue)));
        });
        let named = |rule: &Assembled| is_named(&origin.written, &rule.rule.analytic.id);
        match condition {
            Ok(condition) => {
                let said = said(&origin.written);
                rules.iter_mut().filter(|rule| named(rule)).for_each(|rule| rule.narrow(&condition, &said));
            }
            Err(()) => rules.retain(|rule| !named(rule)),
        }
        diagnostics.len() == before
    });
}

/// The condition that an event must satisfy so that the exception does not take it away.
pub(super) fn condition(exception: &Exception, scope: &Scope<'_>) -> Result<Condition, Vec<Issue>> {
    let excepted = simple::expression(&exception.when, scope)?;
    let excepted = match exception.expires {
        Some(expires) => Condition::All(vec![Condition::Before(expires), excepted]),
        None => excepted,
    };
    Ok(Condition::Not(Box::new(excepted)))
}

/// What the exception says, but for its reason.
pub(super) fn said(exception: &Exception) -> String {
    format!("except {} {:?}", exception.when, exception.expires)
}

/// Whether the exception is about the rule of this id.
pub(super) fn is_named(exception: &Exception, id: &str) -> bool {
    exception.rule.iter().any(|pattern| matches(pattern, id))
}

/// What is wrong with the names of rules.
fn names(exception: &Exception, known: &HashSet<String>) -> impl Iterator<Item = Issue> {
    let empty = exception.rule.is_empty().then(|| {
        Issue::new(Code::BadException, "an exception names no rule", 0..0, "from which rule?")
            .help("name one, several, or `\"*\"` for every rule")
    });
    let is_unknown = |pattern: &&String| match pattern.contains('*') {
        true => known.iter().all(|id| !matches(pattern, id)),
        false => !known.contains(*pattern),
    };
    let unknown = exception.rule.iter().filter(is_unknown).map(|pattern| {
        let title = format!("no rule has the id {}", quoted(pattern));
        Issue::new(Code::UnknownException, title, 0..0, "the exception is from nothing")
            .help("exceptions are from rules of the same set, by their ids")
            .help_if(did_you_mean(pattern, known.iter().map(String::as_str)))
    });
    // Gathered, because what is known is borrowed no longer than the call.
    empty.into_iter().chain(unknown).collect::<Vec<_>>().into_iter()
}

/// Whether an id is of a pattern, in which `*` stands for anything.
fn matches(pattern: &str, id: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == id };
    let Some(mut tail) = id.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    // Each piece where it is found first leaves the most for those behind it.
    for piece in middle.split('*').filter(|piece| !piece.is_empty()) {
        match tail.split_once(piece) {
            Some((_, after)) => tail = after,
            None => return false,
        }
    }
    tail.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_patterns() {
        for pattern in ["*", "ssh-*", "*-spray", "ssh-user-spray", "s*user*y", "ssh*-*-*spray", "**"] {
            assert!(matches(pattern, "ssh-user-spray"), "{pattern}");
        }
        for pattern in
            ["", "ssh", "ssh-user", "spray", "web-*", "*-spra", "ssh-user-spray*y", "s*user*user*y"]
        {
            assert!(!matches(pattern, "ssh-user-spray"), "{pattern}");
        }
    }
}
