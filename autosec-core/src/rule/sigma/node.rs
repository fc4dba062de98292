use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use crate::rule::lang::issue::{Code, Issue, quoted};

/// The most levels of nesting.
pub(super) const DEPTH_LIMIT: usize = 64;
/// The most nodes of a source, those that aliases repeat counted each time.
const NODE_LIMIT: usize = 100_000;

/// A part of a YAML document, and where it stands in the source.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) span: Range<usize>,
    pub(super) tree: Tree<'a>,
}

#[derive(Clone, Debug)]
pub(super) enum Tree<'a> {
    Scalar(Scalar<'a>),
    List(Vec<Node<'a>>),
    Map(Vec<(Key<'a>, Node<'a>)>),
}

/// A scalar as it is written: what it stands for is decided where it is used.
#[derive(Clone, Debug)]
pub(super) struct Scalar<'a> {
    pub(super) text: Cow<'a, str>,
    /// Without quotes, so that it may be a number, a boolean or null.
    plain: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Key<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) span: Range<usize>,
}

impl Scalar<'_> {
    pub(super) fn is_null(&self) -> bool {
        self.plain && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// The number that a scalar without quotes is.
    pub(super) fn number(&self) -> Option<Cow<'_, str>> {
        let text = &*self.text;
        if !self.plain || !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let radix = |prefix, radix| i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok();
        if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| text.parse().ok()) {
            return Some(number.to_string().into());
        }
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let number: f64 = if numeric { text.parse().ok()? } else { return None };
        Some(if number.is_finite() && number.abs() < 1e15 { number.to_string().into() } else { text.into() })
    }
}

impl<'a> Node<'a> {
    pub(super) fn scalar(&self) -> Option<&Scalar<'a>> {
        if let Tree::Scalar(scalar) = &self.tree { Some(scalar) } else { None }
    }

    pub(super) fn map(&self) -> Option<&[(Key<'a>, Node<'a>)]> {
        if let Tree::Map(entries) = &self.tree { Some(entries) } else { None }
    }

    /// The value of a key.
    pub(super) fn at(&self, key: &str) -> Option<&Node<'a>> {
        self.map()?.iter().find(|(held, _)| held.name == key).map(|(_, node)| node)
    }

    /// The node, or the nodes of a list.
    pub(super) fn each(&self) -> &[Node<'a>] {
        if let Tree::List(nodes) = &self.tree { nodes } else { std::slice::from_ref(self) }
    }

    /// What it is, in words.
    pub(super) fn what(&self) -> &'static str {
        match &self.tree {
            Tree::Scalar(scalar) if scalar.is_null() => "nothing",
            Tree::Scalar(_) => "a value",
            Tree::List(_) => "a list",
            Tree::Map(_) => "keys and values",
        }
    }

    fn size(&self) -> usize {
        match &self.tree {
            Tree::Scalar(_) => 1,
            Tree::List(nodes) => 1 + nodes.iter().map(Node::size).sum::<usize>(),
            Tree::Map(entries) => 1 + entries.iter().map(|(_, node)| node.size()).sum::<usize>(),
        }
    }
}

/// The documents of a source that hold something, and why the rest could not be read.
pub(super) fn documents(text: &str) -> (Vec<Node<'_>>, Option<Issue>) {
    let mut reading = Reading { parser: Parser::new_from_str(text), text, anchors: HashMap::new(), nodes: 0 };
    let mut documents = Vec::new();
    let result = reading.documents(&mut documents);
    (documents, result.err())
}

struct Reading<'a> {
    parser: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    text: &'a str,
    anchors: HashMap<usize, Node<'a>>,
    nodes: usize,
}

impl<'a> Reading<'a> {
    fn documents(&mut self, into: &mut Vec<Node<'a>>) -> Result<(), Issue> {
        while let Some((event, _)) = self.next()? {
            if matches!(event, Event::DocumentStart(..))
                && let Some((first, span)) = self.next()?
            {
                let node = self.node(first, span, 0)?;
                if !node.scalar().is_some_and(Scalar::is_null) {
                    into.push(node);
                }
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Range<usize>)>, Issue> {
        loop {
            match self.parser.next_event() {
                None => return Ok(None),
                Some(Ok((event, span))) if says_something(&event) => {
                    return Ok(Some((event, range(&span, self.text))));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(not_yaml(&error, self.text)),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Node<'a>, Issue> {
        self.nodes += 1;
        if depth > DEPTH_LIMIT || self.nodes > NODE_LIMIT {
            let title = "the source is nested too deeply or holds too much";
            return Err(Issue::new(Code::LargeSigma, title, span, "up to here")
                .help("the limits are 64 levels and 100,000 values"));
        }
        let (tree, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (Tree::Scalar(Scalar { text, plain }), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(anchor) => return self.alias(anchor, span),
            _ => return Err(Issue::new(Code::NotYaml, "the source ends within a value", span, "")),
        };
        let node = Node { span, tree };
        if anchor != 0 {
            self.nodes += node.size();
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<Node<'a>, Issue> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Issue::new(Code::NotYaml, "an alias of something that holds it", span, ""));
        };
        self.nodes += node.size();
        if self.nodes > NODE_LIMIT {
            let title = "aliases repeat more than 100,000 values";
            return Err(Issue::new(Code::LargeSigma, title, span, "up to here"));
        }
        Ok(Node { span, ..node.clone() })
    }

    fn list(&mut self, depth: usize) -> Result<Tree<'a>, Issue> {
        let mut nodes = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            nodes.push(self.node(event, span, depth + 1)?);
        }
        Ok(Tree::List(nodes))
    }

    fn map(&mut self, depth: usize) -> Result<Tree<'a>, Issue> {
        let mut entries: Vec<(Key<'a>, Node<'a>)> = Vec::new();
        let mut names = HashSet::new();
        let mut merged = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, span.clone(), depth + 1)?;
            let Tree::Scalar(Scalar { text: name, .. }) = key.tree else {
                return Err(Issue::new(Code::WrongType, "a key is text", span, "this has another type"));
            };
            if !names.insert(name.clone()) {
                let title = format!("the key {} is given twice", quoted(&name));
                return Err(Issue::new(Code::DuplicateKey, title, span, "the second is here"));
            }
            let Some((event, value_span)) = self.next()? else { break };
            let value = self.node(event, value_span, depth + 1)?;
            match value.tree {
                Tree::Map(more) if name == "<<" => merged.extend(more),
                _ => entries.push((Key { name, span }, value)),
            }
        }
        // The merge key of YAML 1.1, which Sigma's own tools read: what stands here itself goes first.
        entries.extend(merged.into_iter().filter(|(key, _)| names.insert(key.name.clone())));
        Ok(Tree::Map(entries))
    }
}

/// Whether it is no comment. Comments have an event only if some crate of the build asks the parser for them, so that
/// they cannot be named here.
fn says_something(event: &Event<'_>) -> bool {
    event.is_node()
        || matches!(
            event,
            Event::DocumentStart(..)
                | Event::DocumentEnd
                | Event::SequenceEnd
                | Event::MappingEnd
                | Event::StreamEnd
        )
}

/// The bytes of a span, of several lines the first.
fn range(span: &Span, text: &str) -> Range<usize> {
    let at = |byte: Option<usize>| text.floor_char_boundary(byte.unwrap_or(0));
    let start = at(span.start.byte_offset());
    let end = at(span.end.byte_offset()).max(start);
    let first_line = text.get(start..end).and_then(|part| part.find('\n'));
    start..first_line.map_or(end, |newline| start + newline)
}

fn not_yaml(error: &ScanError, text: &str) -> Issue {
    let at = text.floor_char_boundary(error.marker().byte_offset().unwrap_or(0));
    Issue::new(Code::NotYaml, error.info(), at..at, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<Code> {
        documents(text).1.map(|issue| issue.code)
    }

    #[test]
    fn reads_documents_with_places() {
        let text = "# Words.\na: 'x' # more\n---\n---\nb:\n  - 1\n  - \"1\"\n";
        let (documents, issue) = documents(text);
        let [first, second] = &documents[..] else { panic!("{documents:?}") };
        assert!(issue.is_none());
        assert_eq!(&text[first.at("a").unwrap().span.clone()], "'x'");
        let numbers: Vec<_> =
            second.at("b").unwrap().each().iter().map(|node| node.scalar().unwrap().number()).collect();
        assert_eq!(numbers, [Some("1".into()), None]);
    }

    #[test]
    fn knows_numbers_and_null() {
        let scalar = |text: &'static str| Scalar { text: text.into(), plain: true };
        for (text, number) in
            [("0x10", "16"), ("-7", "-7"), ("007", "7"), ("1.50", "1.5"), ("1e3", "1000"), ("0o17", "15")]
        {
            assert_eq!(scalar(text).number().as_deref(), Some(number), "{text}");
        }
        for text in ["", "a1", "1.2.3", "0xg", "-", "e", "1-2"] {
            assert_eq!(scalar(text).number(), None, "{text}");
        }
        assert!(scalar("~").is_null() && scalar("").is_null() && !scalar("0").is_null());
    }

    #[test]
    fn refuses_what_explodes() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
        }
        assert_eq!(code(&bomb), Some(Code::LargeSigma));
        assert_eq!(code(&format!("a: {}x{}", "[".repeat(100), "]".repeat(100))), Some(Code::LargeSigma));
        assert!(code(&"[".repeat(100_000)).is_some());
        assert_eq!(code("a: &a [*a]"), Some(Code::NotYaml));
    }

    #[test]
    fn merges_maps() {
        let (documents, _) = documents("a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }");
        let text = |key| documents[0].at("b")?.at(key)?.scalar().map(|scalar| scalar.text.clone());
        assert_eq!((text("x"), text("y")), (Some("1".into()), Some("3".into())));
    }

    #[test]
    fn refuses_odd_keys() {
        assert_eq!(code("a: 1\na: 2"), Some(Code::DuplicateKey));
        assert_eq!(code("? [a]\n: 1"), Some(Code::WrongType));
        assert_eq!(code("a: 'x"), Some(Code::NotYaml));
    }
}
