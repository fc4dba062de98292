//! The plain part of YAML that nearly all rules are written in, read without a parser's tokens and events: maps and lists in
//! block style, and scalars on one line or in blocks of lines.
//!
//! What it reads, it reads as `yaml` does, places included; whatever else there is to YAML, and every mistake, is left to
//! `yaml` by giving nothing. That holds by a test over the Sigma corpus and over mutations of it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2, memchr2_iter};

use super::{Key, Node, Scalar, Tree};

/// The most levels read here.
const DEPTH: usize = 16;
/// The most keys of a map, which are compared with each other.
const KEYS: usize = 64;
/// The longest key, in bytes: the parser takes none beyond 1,024 characters.
const KEY_LENGTH: usize = 256;

/// The document that a source is, if it is plain and holds at most so many nodes.
pub(super) fn document(text: &str, nodes: usize) -> Option<Node<'_>> {
    if !text.ends_with('\n') || !is_plain(text) {
        return None;
    }
    let mut block = Block { text, line: 0, at: 0, next: 0, nodes };
    block.advance()?;
    let node = block.node(0)?;
    (block.at == text.len() && matches!(node.tree, Tree::Map(_))).then_some(node)
}

/// Whether there is no character that YAML gives a meaning of its own or forbids.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'\n' | b' '..=b'~');
    let odd = |c: char| {
        matches!(c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    // Without an early end within a chunk, so that it becomes vector instructions.
    let all = |chunk: &[u8]| chunk.iter().fold(true, |all, byte| all & (*byte >= 0x80 || plain(*byte)));
    text.as_bytes().chunks(128).all(all) && (text.is_ascii() || !text.contains(odd))
}

struct Block<'a> {
    text: &'a str,
    /// Where the line begins.
    line: usize,
    /// Where reading is; behind the last line at the end of the text.
    at: usize,
    /// Where the next line begins.
    next: usize,
    /// How many nodes there may be more.
    nodes: usize,
}

/// A scalar on one line, or a key.
struct Word<'a> {
    text: Cow<'a, str>,
    plain: bool,
    span: Range<usize>,
    /// Whether a colon follows.
    is_key: bool,
}

impl<'a> Block<'a> {
    /// The value that begins here, which is no scalar.
    fn node(&mut self, depth: usize) -> Option<Node<'a>> {
        if self.is_item() {
            return self.list(depth);
        }
        let place = (self.at, self.column());
        let first = self.word()?;
        self.map(first, place, depth)
    }

    fn map(&mut self, first: Word<'a>, (begin, column): (usize, usize), depth: usize) -> Option<Node<'a>> {
        self.count(depth)?;
        let mut entries: Vec<(Key<'a>, Node<'a>)> = Vec::with_capacity(4);
        let mut word = first;
        loop {
            self.count(depth)?;
            let Word { text: name, span, is_key: true, .. } = word else { return None };
            let taken = name == "<<" || entries.iter().any(|(key, _)| key.name == name);
            if taken || entries.len() == KEYS {
                return None;
            }
            let value = self.value(column, depth + 1)?;
            entries.push((Key { name, span }, value));
            if self.ended() || self.column() < column {
                return Some(Node { span: begin..begin, tree: Tree::Map(entries) });
            }
            if self.column() > column {
                return None;
            }
            word = self.word()?;
        }
    }

    fn list(&mut self, depth: usize) -> Option<Node<'a>> {
        self.count(depth)?;
        let (begin, column) = (self.at, self.column());
        let mut nodes = Vec::with_capacity(4);
        loop {
            self.at += 1;
            self.skip_spaces();
            nodes.push(self.item(column, depth + 1)?);
            if self.ended() || self.column() < column || self.column() == column && !self.is_item() {
                return Some(Node { span: begin..begin, tree: Tree::List(nodes) });
            }
            if self.column() > column {
                return None;
            }
        }
    }

    fn item(&mut self, column: usize, depth: usize) -> Option<Node<'a>> {
        match self.byte()? {
            b'|' | b'>' => return self.lines(column, depth),
            _ if self.is_item() => return self.list(depth),
            _ => {}
        }
        let place = (self.at, self.column());
        let word = self.word()?;
        if word.is_key { self.map(word, place, depth) } else { self.scalar(word, depth) }
    }

    /// The value of a key, behind whose colon it stands or on the next lines.
    fn value(&mut self, column: usize, depth: usize) -> Option<Node<'a>> {
        let colon = self.at;
        self.at += 1;
        self.skip_spaces();
        match self.byte()? {
            b'\n' | b'#' => self.advance()?,
            b'|' | b'>' => return self.lines(column, depth),
            _ => {
                let word = self.word().filter(|word| !word.is_key)?;
                return self.scalar(word, depth);
            }
        }
        if !self.ended() && self.column() > column {
            return self.node(depth);
        }
        if self.column() == column && self.is_item() {
            let list = self.list(depth)?;
            // The parser says of a list no deeper than its key that it begins with the value of its first item.
            let begin = list.span.start + 2;
            let begin = begin + self.text.get(begin..)?.find(|c| c != ' ')?;
            return Some(Node { span: begin..begin, tree: list.tree });
        }
        self.count(depth)?;
        let scalar = Scalar { text: Cow::Borrowed("~"), plain: true };
        Some(Node { span: colon..colon, tree: Tree::Scalar(scalar) })
    }

    /// The scalar that a word is, with nothing but a comment behind it.
    fn scalar(&mut self, word: Word<'a>, depth: usize) -> Option<Node<'a>> {
        self.count(depth)?;
        self.skip_spaces();
        let comment = self.byte()? == b'#' && self.at > word.span.end;
        if self.byte()? != b'\n' && !comment {
            return None;
        }
        self.advance()?;
        Some(Node { span: word.span, tree: Tree::Scalar(Scalar { text: word.text, plain: word.plain }) })
    }

    /// A scalar or a key on one line; reading goes on behind it.
    fn word(&mut self) -> Option<Word<'a>> {
        let begin = self.at;
        let rest = self.text.get(begin..self.next.saturating_sub(1))?;
        let (text, length) = match rest.as_bytes() {
            [b'\'', ..] => single_quoted(rest)?,
            [b'"', ..] => double_quoted(rest)?,
            _ => unquoted(rest).map(|text| (Cow::Borrowed(text), text.len()))?,
        };
        let plain = !rest.starts_with(['\'', '"']);
        self.at += length;
        let behind = rest.as_bytes().get(length..)?;
        let is_key = matches!(behind, [b':'] | [b':', b' ', ..]);
        if is_key && length > KEY_LENGTH {
            return None;
        }
        Some(Word { text, plain, span: begin..self.at, is_key })
    }

    /// A block of lines that stands deeper than `column`: all of them as they are behind `|`, joined behind `>`.
    fn lines(&mut self, column: usize, depth: usize) -> Option<Node<'a>> {
        self.count(depth)?;
        let (folded, clipped) = match self.text.get(self.at..self.next)?.trim_end() {
            "|" => (false, true),
            "|-" => (false, false),
            ">" => (true, true),
            ">-" => (true, false),
            _ => return None,
        };
        let first = self.text.get(self.next..)?;
        let indent = first.len() - first.trim_start_matches(' ').len();
        let begin = self.next + indent;
        let end = begin + memchr(b'\n', self.text.as_bytes().get(begin..)?)?;
        if indent <= column || begin == end {
            return None;
        }
        let mut whole = String::new();
        let mut blank = 0;
        while let Some(rest) = self.text.get(self.next..).filter(|rest| !rest.is_empty()) {
            let line = rest.get(..memchr(b'\n', rest.as_bytes())?)?;
            let content = line.trim_start_matches(' ');
            if content.is_empty() && line.len() > indent {
                return None;
            }
            if !content.is_empty() {
                if line.len() - content.len() < indent {
                    break;
                }
                let content = line.get(indent..)?;
                if folded && (content.starts_with(' ') || content.ends_with(' ')) {
                    return None;
                }
                join(&mut whole, blank, folded);
                whole.push_str(content);
                blank = 0;
            } else {
                blank += 1;
            }
            self.next += line.len() + 1;
        }
        if clipped {
            whole.push('\n');
        }
        self.advance()?;
        Some(Node { span: begin..end, tree: Tree::Scalar(Scalar { text: Cow::Owned(whole), plain: false }) })
    }

    /// Goes on to the next line that says something.
    fn advance(&mut self) -> Option<()> {
        loop {
            let rest = self.text.as_bytes().get(self.next..)?;
            self.line = self.next;
            self.at = self.next;
            let Some(length) = memchr(b'\n', rest) else { return Some(()) };
            self.next += length + 1;
            self.skip_spaces();
            match self.byte()? {
                b'\n' | b'#' => {}
                _ if rest.starts_with(b"---") || rest.starts_with(b"...") => return None,
                _ => return Some(()),
            }
        }
    }

    fn skip_spaces(&mut self) {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether an item of a list begins here, on the same line.
    fn is_item(&self) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(b"- "))
    }

    fn column(&self) -> usize {
        self.at - self.line
    }

    fn ended(&self) -> bool {
        self.at == self.text.len()
    }

    fn count(&mut self, depth: usize) -> Option<()> {
        self.nodes = self.nodes.checked_sub(1)?;
        (depth < DEPTH).then_some(())
    }
}

/// What stands between two lines of a block, with so many blank ones between them.
fn join(whole: &mut String, blank: usize, folded: bool) {
    if whole.is_empty() {
        return;
    }
    if folded && blank == 0 {
        whole.push(' ');
    }
    let breaks = if folded { blank } else { blank + 1 };
    whole.extend(std::iter::repeat_n('\n', breaks));
}

/// The scalar without quotes that a line begins with: up to a colon or a comment, if there is one.
fn unquoted(rest: &str) -> Option<&str> {
    let bytes = rest.as_bytes();
    match bytes {
        [] | [b'-'] | [b'-', b' ', ..] => return None,
        [first, ..] if b"?:,[]{}#&*!|>'\"%@`".contains(first) => return None,
        _ => {}
    }
    let ends = |at: &usize| match bytes.get(*at) {
        Some(b':') => matches!(bytes.get(at + 1), None | Some(b' ')),
        _ => bytes.get(at.wrapping_sub(1)) == Some(&b' '),
    };
    let end = memchr2_iter(b':', b'#', bytes).find(ends);
    let text = rest.get(..end.unwrap_or(rest.len()))?;
    let trimmed = text.trim_end_matches(' ');
    // A key with spaces before its colon.
    let strange = trimmed.len() < text.len() && end.is_some_and(|end| bytes.get(end) == Some(&b':'));
    (!strange).then_some(trimmed)
}

/// The text in the quotes that a line begins with, and how long it is with them.
fn single_quoted(rest: &str) -> Option<(Cow<'_, str>, usize)> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        at += memchr(b'\'', bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&b'\'') {
            break;
        }
        at += 2;
    }
    let inner = rest.get(1..at)?;
    let text = if memchr(b'\'', inner.as_bytes()).is_some() {
        Cow::Owned(inner.replace("''", "'"))
    } else {
        Cow::Borrowed(inner)
    };
    Some((text, at + 1))
}

/// The same with double quotes, in which backslashes and quotes may be escaped and nothing else.
fn double_quoted(rest: &str) -> Option<(Cow<'_, str>, usize)> {
    let bytes = rest.as_bytes();
    let mut text = Cow::Borrowed("");
    let mut from = 1;
    loop {
        let at = from + memchr2(b'"', b'\\', bytes.get(from..)?)?;
        let piece = rest.get(from..at)?;
        if text.is_empty() {
            text = Cow::Borrowed(piece);
        } else {
            text.to_mut().push_str(piece);
        }
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'"', _) => return Some((text, at + 1)),
            (_, Some(escaped @ (b'"' | b'\\'))) => text.to_mut().push(char::from(*escaped)),
            _ => return None,
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::super::yaml::{Limit, parsed};
    use super::*;
    use crate::rule::lang::issue::Code;

    const NODES: usize = 100_000;

    /// Whether the text is read here; if so, the parser must read the same.
    fn is_read(text: &str) -> bool {
        let Some(node) = document(text, NODES) else { return false };
        let (documents, issues) = parsed(text, Limit { nodes: NODES, code: Code::LargeSigma });
        assert!(issues.is_empty(), "{text}\n{issues:?}");
        assert_eq!(format!("{documents:?}"), format!("[{node:?}]"), "{text}");
        true
    }

    /// Texts that change what a document is wherever they stand.
    const PIECES: [&str; 40] = [
        " ", "  ", "    ", "\n", "\n\n", ":", ": ", " :", "#", " #", "- ", "-", "'", "''", "\"", "\\",
        "\\\\", "|", "|-", "|\n", ">", "> ", "[", "{}", "&a ", "*a", "!", "%", "@", ",", "? ", "~", "\u{e9}",
        "---\n", "...", "\n  ", "  \n", "<<: ", "\t", "\u{feff}",
    ];

    const LINES: [&str; 48] = [
        "a: b",
        "b:",
        "- x",
        "- a: 1",
        "- - y",
        "c: |",
        "c: >-",
        "d: >",
        "e: |-",
        "text",
        "'q': 1",
        "- 'it''s'",
        "k: \"a\\\\b\"",
        "- |",
        "-",
        "- # c",
        "# c",
        "f: g # c",
        "'x",
        "y' ",
        "",
        "  ",
        "- k:",
        "h: -1",
        "i: - 1",
        "j: 'a' # c",
        "l: 'a'#c",
        "m:n",
        "o: p: q",
        "r : s",
        "- > ",
        "- >-",
        "t: [1]",
        "u: 'a' b",
        "\u{e9}: \u{fc}",
        "v: ~",
        "'w': |",
        "- 'z':",
        "- -",
        "a b: c",
        "a#b: c # d",
        "x: a\\b",
        "- \"a",
        "---",
        "? a",
        ": b",
        "end: '",
        "<<: a",
    ];

    fn change(text: &mut String, at: Index, kind: u8, piece: &str) {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let many = lines.len().max(1);
        let line = at.index(many);
        match (kind, lines.get_mut(line)) {
            (0, Some(line)) => line.insert_str(0, "  "),
            (1, Some(line)) => *line = line.strip_prefix("  ").unwrap_or(line).to_owned(),
            (2, Some(_)) => drop(lines.remove(line)),
            (3, Some(_)) => lines.swap(line, many / 2),
            _ => {
                let place = text.floor_char_boundary(at.index(text.len() + 1));
                let end =
                    text.floor_char_boundary((place + usize::from(kind) - 4).min(text.len())).max(place);
                text.replace_range(place..end, piece);
                return;
            }
        }
        *text = lines.concat();
    }

    fn rules(folder: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if entry.is_dir() {
                rules(&entry, into);
            } else if entry.extension().is_some_and(|extension| extension == "yml") {
                into.extend(fs::read_to_string(entry));
            }
        }
    }

    fn corpus() -> Vec<String> {
        let mut texts = Vec::new();
        rules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/sigma/rules"), &mut texts);
        texts.sort();
        if texts.is_empty() {
            eprintln!("SKIPPED: the corpus of Sigma rules is absent, so plain YAML is not read from it");
        }
        texts
    }

    #[test]
    fn reads_nearly_all_of_the_corpus_as_the_parser_does() {
        let texts = corpus();
        let read = texts.iter().filter(|text| is_read(text)).count();
        assert!(read * 100 >= texts.len() * 99, "{read} of {}", texts.len());
    }

    #[test]
    fn reads_changed_rules_as_the_parser_does() {
        let mut texts = corpus();
        texts.push("a: b\nc:\n  - d: 'e'\n    f: |\n      g\n\n      h\n  - i\n".to_owned());
        let strategy =
            (any::<Index>(), prop::collection::vec((any::<Index>(), 0_u8..9, select(&PIECES[..])), 1..4));
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) };
        proptest!(config, |((text, changes) in strategy)| {
            let mut text = text.get(&texts).clone();
            for (at, kind, piece) in changes {
                change(&mut text, at, kind, piece);
            }
            is_read(&text);
        });
    }

    #[test]
    fn reads_lines_in_any_order_as_the_parser_does() {
        let line = (0_usize..8, select(&LINES[..]), prop::bool::weighted(0.1));
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) };
        proptest!(config, |(lines in prop::collection::vec(line, 1..9))| {
            let line = |(indent, line, space)| format!("{}{line}{}\n", " ".repeat(indent), if space { " " } else { "" });
            is_read(&lines.into_iter().map(line).collect::<String>());
        });
    }

    #[test]
    fn leaves_what_is_not_plain() {
        assert!(is_read("a: 'b'  # c\nd:\n- e: |-\n    f\n  g: \"\\\\\"\n- h\n"));
        for left in [
            "",
            "a: b",
            "a\n",
            "- a\n",
            "a: [b]\n",
            "a: b\n c\n",
            "a: &b c\n",
            "a: b\n---\nc: d\n",
            "a: 1\na: 2\n",
        ] {
            assert!(document(left, NODES).is_none(), "{left}");
        }
        assert!(document("a: b\n", 2).is_none() && document("a: b\n", 3).is_some());
    }
}
