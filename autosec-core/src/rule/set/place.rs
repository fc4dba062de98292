//! From an issue to the place in the file that a person sees.
//!
//! A rule is read into plain values first, because keeping a place for each would slow every good file down for the sake
//! of the bad ones. Only when something is wrong is the source read a second time, for places alone. An issue inside `when`
//! is given in bytes of the *expression*; [`align`] maps them to bytes of the *file*, across quotes, escapes and folded
//! lines.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::{Location, Spanned};

use super::verify::Key;
use crate::rule::lang::yaml;

/// Where the parts of a source's rules stand. Read only once something is wrong with one of them.
#[derive(Debug)]
pub(super) struct Places {
    rules: Vec<Spanned<PlacedRule>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlacedRule {
    id: Place,
    when: Place,
    subject: Place,
    response: Place,
    count: PlacedState,
    distinct: PlacedState,
    rate: PlacedState,
    sum: PlacedState,
    avg: PlacedState,
    quantile: PlacedState,
    sequence: PlacedState,
    new_value: PlacedState,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlacedState {
    of: Place,
    by: Place,
    within: Place,
    at_least: Place,
    below: Place,
    q: Place,
    learn: Place,
    forget: Place,
    steps: Option<Spanned<Vec<PlacedStep>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlacedStep {
    when: Place,
}

type Place = Option<Spanned<IgnoredAny>>;

impl Places {
    /// Finds the places in a source that was read before.
    pub(super) fn read(text: &str) -> Self {
        let options = serde_saphyr::options! { with_snippet: false };
        Self { rules: serde_saphyr::from_str_with_options(text, options).unwrap_or_default() }
    }

    /// The bytes of `text` where the key of a rule has its value, or else where the rule begins.
    pub(super) fn span(&self, rule: usize, key: Key, text: &str) -> Option<Range<usize>> {
        let rule = self.rules.get(rule)?;
        let parts = &rule.value;
        let state = |pick: fn(&PlacedState) -> &Place| {
            parts.states().into_iter().find_map(|state| place(pick(state)))
        };
        let found = match key {
            Key::Rule => None,
            Key::Id => place(&parts.id),
            Key::When => place(&parts.when),
            Key::Subject => place(&parts.subject),
            Key::Response => place(&parts.response),
            Key::Of => state(|state| &state.of),
            Key::By => state(|state| &state.by),
            Key::Within => state(|state| &state.within),
            Key::AtLeast => state(|state| &state.at_least).or_else(|| state(|state| &state.below)),
            Key::Quantile => state(|state| &state.q),
            Key::Learn => state(|state| &state.learn),
            Key::Forget => state(|state| &state.forget),
            Key::Steps => parts.sequence.steps.as_ref().map(|steps| steps.referenced),
            Key::Step(at) => {
                let steps = parts.sequence.steps.as_ref();
                steps.and_then(|steps| place(&steps.value.get(at)?.when))
            }
        };
        let span = yaml::span(&found.unwrap_or(rule.referenced), text)?;
        // A list is marked up to its bracket, if that stands on the same line.
        let line = text.get(span.start..)?.lines().next()?;
        let bracket = line.starts_with('[').then(|| line.find(']')).flatten();
        Some(span.start..bracket.map_or(span.end, |end| span.start + end + 1))
    }
}

impl PlacedRule {
    fn states(&self) -> [&PlacedState; 8] {
        [
            &self.count,
            &self.distinct,
            &self.rate,
            &self.sum,
            &self.avg,
            &self.quantile,
            &self.sequence,
            &self.new_value,
        ]
    }
}

fn place(place: &Place) -> Option<Location> {
    place.as_ref().map(|spanned| spanned.referenced)
}

/// Where each byte of `value`, read from YAML that begins at `start`, stands in `source`; one entry more than bytes.
///
/// Follows plain, quoted, literal and folded scalars: white space matches white space of any length, and a backslash in
/// the source may stand before a character. `None` where the two cannot be brought together.
pub(super) fn align(source: &str, start: usize, value: &str) -> Option<Vec<usize>> {
    let tail = source.get(start..)?;
    let after_quote = start + usize::from(tail.starts_with(['"', '\'']));
    let after_line = tail.find('\n').map(|newline| start + newline + 1);
    [Some(after_quote), after_line].into_iter().flatten().find_map(|from| follow(source, from, value))
}

fn follow(source: &str, from: usize, value: &str) -> Option<Vec<usize>> {
    let mut places = Vec::with_capacity(value.len() + 1);
    let mut at = from;
    let mut in_space = false;
    for c in value.chars() {
        let rest = source.get(at..)?;
        if c.is_whitespace() {
            let space = rest.len() - rest.trim_start().len();
            if space == 0 && !in_space && !rest.is_empty() {
                return None;
            }
            in_space = true;
            places.extend(std::iter::repeat_n(at, c.len_utf8()));
            at += space;
            continue;
        }
        if in_space || at == from {
            at += rest.len() - rest.trim_start().len();
        }
        in_space = false;
        let rest = source.get(at..)?;
        at += usize::from(!rest.starts_with(c) && rest.starts_with('\\'));
        if !source.get(at..)?.starts_with(c) {
            return None;
        }
        places.extend(std::iter::repeat_n(at, c.len_utf8()));
        at += c.len_utf8();
    }
    places.push(at);
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source from where the last word of the value is said to stand.
    fn last_word<'s>(source: &'s str, value: &str) -> Option<&'s str> {
        let places = align(source, source.find(':')? + 2, value)?;
        source.get(*places.get(value.rfind(' ')? + 1)?..)
    }

    #[test]
    fn follows_every_kind_of_scalar() {
        assert_eq!(last_word("when: a or b\n", "a or b"), Some("b\n"));
        assert_eq!(last_word("when: \"a == \\\"x\\\" or b\"", "a == \"x\" or b"), Some("b\""));
        assert_eq!(last_word("when: 'a or b'", "a or b"), Some("b'"));
        assert_eq!(last_word("when: >-\n    a\n    or b\n", "a or b"), Some("b\n"));
        assert_eq!(last_word("when: |\n    a  or\n      b\n", "a  or\n  b\n"), Some("b\n"));
        assert_eq!(last_word("when: \"a \\x41\"", "a A"), None);
    }
}
