use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use super::item::together;
use super::node::{DEPTH_LIMIT, Node};
use super::selection::Selection;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;

/// The most bytes that search identifiers may come to, counted each time the condition names them.
const WEIGHT_LIMIT: usize = 16 << 20;

/// The condition that a scalar of the key `condition` writes: search identifiers joined by `and`, `or`, `not`,
/// parentheses, `1 of …`, `any of …` and `all of …`.
pub(super) fn read(node: &Node<'_>, source: &str, selections: &[Selection]) -> Result<Condition, Issue> {
    let Some(scalar) = node.scalar().filter(|scalar| !scalar.is_null()) else {
        let title = format!("a condition is text, not {}", node.what());
        return Err(Issue::new(Code::SigmaShape, title, node.span.clone(), "this has another type"));
    };
    let place = Place { text: &scalar.text, node, source };
    let words = words(&scalar.text);
    if let Some(pipe) = words.iter().find(|word| word.text == "|") {
        let issue = place.issue(Code::SigmaPipe, "a condition with an aggregation", pipe, "from here on");
        return Err(issue.help("write a rule of this library with `count` instead"));
    }
    let mut parser = Parser { words: words.into_iter().peekable(), place, selections, depth: 0, weight: 0 };
    let condition = parser.any()?;
    match parser.words.next() {
        None => Ok(condition),
        Some(word) => Err(parser.unexpected(&word, "`and` or `or`, or the end")),
    }
}

/// A word of the condition and where it stands there.
#[derive(Clone, Debug)]
struct Word<'t> {
    text: &'t str,
    at: usize,
}

impl Word<'_> {
    fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let single = |c: char| matches!(c, '(' | ')' | '|');
        let length = match rest.chars().next() {
            Some(c) if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            Some(c) if single(c) => 1,
            _ => rest.find(|c: char| c.is_whitespace() || single(c)).unwrap_or(rest.len()),
        };
        words.push(Word { text: rest.get(..length).unwrap_or_default(), at });
        at += length;
    }
    words
}

struct Parser<'t, 'n, 'a> {
    words: Peekable<IntoIter<Word<'t>>>,
    place: Place<'t, 'n, 'a>,
    selections: &'n [Selection],
    depth: usize,
    /// Of all search identifiers named so far.
    weight: usize,
}

impl<'t> Parser<'t, '_, '_> {
    fn any(&mut self) -> Result<Condition, Issue> {
        let mut parts = vec![self.all()?];
        while self.words.next_if(|word| word.is("or")).is_some() {
            parts.push(self.all()?);
        }
        Ok(together(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Issue> {
        let mut parts = vec![self.one()?];
        while self.words.next_if(|word| word.is("and")).is_some() {
            parts.push(self.one()?);
        }
        Ok(together(parts, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, Issue> {
        let Some(word) = self.words.next() else { return Err(self.ended()) };
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            let title = "the condition is nested deeper than 64 levels";
            return Err(self.place.issue(Code::LargeSigma, title, &word, "up to here"));
        }
        let condition = match word.text {
            "(" => {
                let inner = self.any()?;
                match self.words.next() {
                    Some(close) if close.text == ")" => inner,
                    Some(other) => return Err(self.unexpected(&other, "`)`")),
                    None => return Err(self.ended()),
                }
            }
            ")" => return Err(self.unexpected(&word, "a search identifier")),
            _ if word.is("not") => Condition::Not(Box::new(self.one()?)),
            _ if self.words.peek().is_some_and(|next| next.is("of")) => self.several(&word)?,
            _ if word.is("and") || word.is("or") || word.is("of") => {
                return Err(self.unexpected(&word, "a search identifier"));
            }
            _ => self.named(&word)?,
        };
        self.depth -= 1;
        Ok(condition)
    }

    /// `1 of pattern`, with the quantifier already read.
    fn several(&mut self, quantifier: &Word<'t>) -> Result<Condition, Issue> {
        let link = match quantifier.text {
            "1" => Condition::Any,
            _ if quantifier.is("any") => Condition::Any,
            _ if quantifier.is("all") => Condition::All,
            _ => return Err(self.unexpected(quantifier, "`1`, `any` or `all` before `of`")),
        };
        self.words.next();
        let Some(pattern) = self.words.next() else { return Err(self.ended()) };
        let is_meant = |selection: &&Selection| {
            if pattern.is("them") {
                !selection.name.starts_with('_')
            } else {
                wildcard(pattern.text.as_bytes(), selection.name.as_bytes())
            }
        };
        let meant: Vec<_> = self.selections.iter().filter(is_meant).collect();
        if meant.is_empty() {
            let title = format!("no search identifier is like {}", quoted(pattern.text));
            let issue = self.place.issue(Code::NoSelection, title, &pattern, "nothing is meant by this");
            return Err(issue.help(self.known()));
        }
        let copies = meant.into_iter().map(|selection| self.copy(selection, &pattern));
        Ok(together(copies.collect::<Result<_, _>>()?, link))
    }

    /// A copy of what a search identifier stands for, unless there are too many already.
    fn copy(&mut self, selection: &Selection, word: &Word<'t>) -> Result<Condition, Issue> {
        self.weight += selection.weight;
        if self.weight > WEIGHT_LIMIT {
            let title = "the condition repeats its search identifiers too often";
            return Err(self.place.issue(Code::LargeSigma, title, word, "up to here"));
        }
        Ok(selection.condition.clone())
    }

    fn named(&mut self, word: &Word<'t>) -> Result<Condition, Issue> {
        if let Some(found) = self.selections.iter().find(|selection| selection.name == word.text) {
            return self.copy(found, word);
        }
        let title = format!("unknown search identifier {}", quoted(word.text));
        let names = self.selections.iter().map(|selection| selection.name.as_str());
        let label = "the detection has none of this name";
        let issue = self.place.issue(Code::UnknownSelection, title, word, label);
        Err(issue.help(self.known()).help_if(did_you_mean(word.text, names)))
    }

    fn known(&self) -> String {
        let names = self.selections.iter().take(8).map(|selection| quoted(&selection.name));
        format!("the search identifiers are {}", names.collect::<Vec<_>>().join(", "))
    }

    fn unexpected(&self, word: &Word<'t>, wanted: &str) -> Issue {
        let title = format!("unexpected {} in the condition", quoted(word.text));
        self.place.issue(Code::SigmaCondition, title, word, format!("expected {wanted}"))
    }

    fn ended(&self) -> Issue {
        let end = Word { text: "", at: self.place.text.len() };
        let title = "the condition ends too early";
        self.place.issue(Code::SigmaCondition, title, &end, "expected a search identifier or `)`")
    }
}

/// Where the words of a condition stand in the source.
struct Place<'t, 'n, 'a> {
    text: &'t str,
    node: &'n Node<'a>,
    source: &'n str,
}

impl Place<'_, '_, '_> {
    fn issue(
        &self,
        code: Code,
        title: impl Into<String>,
        word: &Word<'_>,
        label: impl Into<String>,
    ) -> Issue {
        Issue::new(code, title, self.span(word), label)
    }

    /// The word's bytes if the text stands in the source as it is, else the whole scalar.
    fn span(&self, word: &Word<'_>) -> Range<usize> {
        let whole = self.node.span.clone();
        let quote =
            usize::from(self.source.get(whole.clone()).is_some_and(|text| text.starts_with(['"', '\''])));
        let start = whole.start + quote + word.at;
        let end = start + word.text.len();
        if self.source.get(start..end) == Some(word.text) { start..end } else { whole }
    }
}

/// Whether a name is of a pattern in which `*` stands for any characters; only the last `*` is ever
/// tried again.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut retry) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, n));
            }
            Some(byte) if name.get(n) == Some(byte) => (p, n) = (p + 1, n + 1),
            _ => {
                let Some((after, from)) = retry else { return false };
                (p, n) = (after, from + 1);
                retry = Some((after, from + 1));
            }
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        let cases = [
            ("sel*", "selection", true),
            ("sel*", "sel", true),
            ("*_x", "a_x_x", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("sel", "selection", false),
            ("*", "", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(wildcard(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn cuts_words() {
        let texts: Vec<_> = words("not (1 of sel*)or\u{a0}b").into_iter().map(|word| word.text).collect();
        assert_eq!(texts, ["not", "(", "1", "of", "sel*", ")", "or", "b"]);
    }
}
