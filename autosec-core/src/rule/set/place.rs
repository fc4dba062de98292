//! From an issue to the place in the file that a person sees.
//!
//! A rule is read into plain values first, because keeping a place for each would slow every good file down for the sake
//! of the bad ones. Only when something is wrong is the source read a second time, for places alone. An issue inside `when`
//! is given in bytes of the *expression*; [`align`] maps them to bytes of the *file*, across quotes, escapes and folded
//! lines.

use std::ops::Range;

use super::source::Source;
use super::verify::Key;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::Issue;
use crate::rule::lang::tree::Node;

/// The bytes of `text` where the key of a rule has its value, or else where the rule begins.
pub(super) fn of_key(rule: &Node<'_>, key: Key, text: &str) -> Option<Range<usize>> {
    let found = match key {
        Key::Rule => None,
        Key::Id => rule.at("id"),
        Key::When => rule.at("when"),
        Key::Subject => rule.at("subject"),
        Key::Response => rule.at("response"),
        Key::Of => below(rule, "of"),
        Key::By => below(rule, "by"),
        Key::Within => below(rule, "within"),
        Key::AtLeast => below(rule, "at_least").or_else(|| below(rule, "below")),
        Key::Quantile => below(rule, "q"),
        Key::Samples => below(rule, "samples"),
        Key::Learn => below(rule, "learn"),
        Key::Forget => below(rule, "forget"),
        Key::Steps => below(rule, "steps"),
        Key::Step(step) => item(below(rule, "steps"), step).and_then(|step| step.at("when")),
        Key::Value => rule.at("value").or(rule.at("type")),
        Key::Field => rule.at("field").or(rule.at("type")),
        Key::Test(test) => item(rule.at("tests"), test),
        Key::Event(test, event) => {
            item(item(rule.at("tests"), test).and_then(|test| test.at("events")), event)
        }
    };
    match found {
        Some(value) => of_value(value, text),
        None => rule.map()?.first().map(|(key, _)| key.span.clone()),
    }
}

/// The bytes of `text` where a value stands; of a list or a map up to its bracket, if that stands on the same line.
pub(super) fn of_value(node: &Node<'_>, text: &str) -> Option<Range<usize>> {
    let start = node.span.start;
    let line = text.get(start..)?.lines().next()?;
    let bracket = match line.as_bytes().first() {
        Some(b'[') => line.find(']'),
        Some(b'{') => line.find('}'),
        _ => None,
    };
    Some(start..bracket.map_or(node.span.end, |end| start + end + 1))
}

/// The value of a key that one of the rule's state operators has.
fn below<'n, 'a>(rule: &'n Node<'a>, key: &str) -> Option<&'n Node<'a>> {
    rule.map()?.iter().find_map(|(_, node)| node.at(key))
}

fn item<'n, 'a>(list: Option<&'n Node<'a>>, at: usize) -> Option<&'n Node<'a>> {
    list?.each().get(at)
}

/// A diagnostic about something that the host gave in code; of an expression, the place in the expression is shown.
pub(super) fn without_source(
    mut issue: Issue,
    name: &str,
    expression: &str,
    is_expression: bool,
) -> Diagnostic {
    if !is_expression {
        issue.labels.clear();
    }
    Diagnostic::placed(issue, name, expression)
}

/// A diagnostic about the value at `span`, which is an `expression` or an issue as a whole.
pub(super) fn within(
    source: &Source,
    span: Range<usize>,
    expression: Option<&str>,
    mut issue: Issue,
) -> Diagnostic {
    let Some(expression) = expression else {
        issue.labels.iter_mut().for_each(|label| label.0 = span.clone());
        return source.diagnostic(issue);
    };
    let Some(map) = align(&source.text, span.start, expression) else {
        return Diagnostic::placed(issue, &format!("{} (`when`)", source.name), expression);
    };
    let moved = |at: usize| map.get(at).or(map.last()).copied().unwrap_or(span.start);
    for (label, _) in &mut issue.labels {
        // The end of a label is the place behind its last byte, not the place of the byte behind it.
        let end = if label.end > label.start { moved(label.end - 1) + 1 } else { moved(label.end) };
        *label = moved(label.start)..source.text.ceil_char_boundary(end);
    }
    source.diagnostic(issue)
}

/// Where each byte of `value`, read from a scalar that begins at `start`, stands in `source`; one entry more than bytes.
///
/// Follows plain, quoted, literal and folded scalars of YAML, and the strings of TOML: white space matches white space of any length, and a backslash in
/// the source may stand before a character. `None` where the two cannot be brought together.
pub(super) fn align(source: &str, start: usize, value: &str) -> Option<Vec<usize>> {
    let tail = source.get(start..)?;
    let quotes = if tail.starts_with(r#"""""#) || tail.starts_with("'''") { 3 } else { 1 };
    let after_quote = start + if tail.starts_with(['"', '\'']) { quotes } else { 0 };
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
        assert_eq!(last_word("when: \"\"\"\na\nor b\"\"\"", "a\nor b"), Some("b\"\"\""));
        assert_eq!(last_word("when: '''a or b'''", "a or b"), Some("b'''"));
        assert_eq!(last_word("when: \"a \\x41\"", "a A"), None);
    }
}
