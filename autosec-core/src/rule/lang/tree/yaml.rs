use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{DEPTH_LIMIT, Key, Node, Scalar, Tree, block};
use crate::rule::lang::issue::{Code, Issue, quoted};

/// How often reading goes on behind what is not YAML: each time costs another look at the rest of the source.
const RECOVERIES: usize = 16;

/// How much a source may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// The most nodes, those that aliases repeat counted each time.
    pub(crate) nodes: usize,
    /// What to call a source with more.
    pub(crate) code: Code,
}

/// The documents of a source that hold something, and why others could not be read.
///
/// Behind what is not YAML, reading goes on at the next item of a document that is a list, or at the next `---`.
pub(crate) fn documents(text: &str, limit: Limit) -> (Vec<Node<'_>>, Vec<Issue>) {
    match block::document(text, limit.nodes) {
        Some(document) => (vec![document], Vec::new()),
        None => parsed(text, limit),
    }
}

/// The same by the parser alone.
pub(super) fn parsed(text: &str, limit: Limit) -> (Vec<Node<'_>>, Vec<Issue>) {
    let (mut documents, mut issues) = (Vec::new(), Vec::new());
    let mut base = 0;
    loop {
        let mut reading = Reading::new(text, base, limit);
        let Err(issue) = reading.documents(&mut documents) else { break };
        documents.extend(reading.rescued.take());
        let next = reading.resumption();
        if next.is_some() && issues.len() == RECOVERIES {
            issues.push(
                issue.help("nothing behind it was read: the source has too many mistakes of this kind"),
            );
            break;
        }
        issues.push(issue);
        match next {
            Some(next) => base = next,
            None => break,
        }
    }
    (documents, issues)
}

struct Reading<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    /// Where the part of `text` that is read begins.
    base: usize,
    limit: Limit,
    anchors: HashMap<usize, Node<'a>>,
    nodes: usize,
    /// Where the document, or its item that is being read, begins.
    part: usize,
    /// Whether the document is a list.
    in_list: bool,
    /// The items of a list that could not be read to its end.
    rescued: Option<Node<'a>>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str, base: usize, limit: Limit) -> Self {
        let parser = Parser::new_from_str(text.get(base..).unwrap_or_default());
        let (anchors, rescued) = (HashMap::new(), None);
        Self { parser, text, base, limit, anchors, nodes: 0, part: base, in_list: false, rescued }
    }

    fn documents(&mut self, into: &mut Vec<Node<'a>>) -> Result<(), Issue> {
        while let Some((event, span)) = self.next()? {
            if !matches!(event, Event::DocumentStart(..)) {
                continue;
            }
            (self.part, self.in_list) = (span.start, false);
            if let Some((first, span)) = self.next()? {
                let node = self.node(first, span, 0)?;
                if !node.scalar().is_some_and(Scalar::is_null) {
                    into.push(node);
                }
            }
        }
        Ok(())
    }

    /// Where something begins that has nothing to do with what could not be read.
    fn resumption(&self) -> Option<usize> {
        let tail = self.text.get(self.part..)?;
        let document = tail.find("\n---");
        let item = tail.find("\n- ").filter(|_| self.in_list);
        Some(self.part + document.into_iter().chain(item).min()? + 1)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Range<usize>)>, Issue> {
        loop {
            match self.parser.next_event() {
                None => return Ok(None),
                Some(Ok((event, span))) if says_something(&event) => {
                    return Ok(Some((event, range(&span, self.text, self.base))));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(not_yaml(&error, self.text, self.base)),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Node<'a>, Issue> {
        self.nodes += 1;
        if depth > DEPTH_LIMIT || self.nodes > self.limit.nodes {
            let title = "the source is nested too deeply or holds too much";
            return Err(Issue::new(self.limit.code, title, span, "up to here")
                .help(format!("the limits are 64 levels and {} values", grouped(self.limit.nodes))));
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
        if self.nodes > self.limit.nodes {
            let title = format!("aliases repeat more than {} values", grouped(self.limit.nodes));
            return Err(Issue::new(self.limit.code, title, span, "up to here"));
        }
        Ok(Node { span, ..node.clone() })
    }

    fn list(&mut self, depth: usize) -> Result<Tree<'a>, Issue> {
        self.in_list |= depth == 0;
        let mut nodes = Vec::new();
        let result = self.items(depth, &mut nodes);
        if result.is_err() && depth == 0 && !nodes.is_empty() {
            let tree = Tree::List(std::mem::take(&mut nodes));
            self.rescued = Some(Node { span: self.part..self.part, tree });
        }
        result.map(|()| Tree::List(nodes))
    }

    fn items(&mut self, depth: usize, nodes: &mut Vec<Node<'a>>) -> Result<(), Issue> {
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            if depth == 0 {
                self.part = span.start;
            }
            nodes.push(self.node(event, span, depth + 1)?);
        }
        Ok(())
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
fn range(span: &Span, text: &str, base: usize) -> Range<usize> {
    let at = |byte: Option<usize>| text.floor_char_boundary(base + byte.unwrap_or(0));
    let start = at(span.start.byte_offset());
    let end = at(span.end.byte_offset()).max(start);
    let first_line = text.get(start..end).and_then(|part| part.find('\n'));
    start..first_line.map_or(end, |newline| start + newline)
}

fn not_yaml(error: &ScanError, text: &str, base: usize) -> Issue {
    let at = text.floor_char_boundary(base + error.marker().byte_offset().unwrap_or(0));
    Issue::new(Code::NotYaml, error.info(), at..at, "")
}

/// A number in groups of three digits.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { nodes: 100_000, code: Code::LargeSigma };

    fn code(text: &str) -> Option<Code> {
        documents(text, LIMIT).1.first().map(|issue| issue.code)
    }

    #[test]
    fn goes_on_behind_what_is_broken() {
        let text = "- a: 1\n- b: [\n- c: 3\n- d: \"x\n- e: 5\n--- \n- f: {\n---\n- g: 7\n";
        let (documents, issues) = documents(text, LIMIT);
        let items = documents.iter().flat_map(Node::each).filter_map(Node::map).flatten();
        assert_eq!(items.map(|(key, _)| key.name.as_ref()).collect::<Vec<_>>(), ["a", "c", "e", "g"]);
        assert_eq!(issues.len(), 3, "{issues:?}");
    }

    #[test]
    fn gives_up_where_nothing_is_right() {
        let text = "- \"x\n".repeat(100_000);
        let issues = documents(&text, LIMIT).1;
        assert_eq!(issues.len(), RECOVERIES + 1);
        assert_eq!(issues.iter().filter(|issue| issue.help.is_some()).count(), 1, "the last says so");
    }

    #[test]
    fn groups_digits() {
        assert_eq!(
            [7, 100, 1_000, 100_000, 1_234_567].map(grouped),
            ["7", "100", "1,000", "100,000", "1,234,567"]
        );
    }

    #[test]
    fn reads_documents_with_places() {
        let text = "# Words.\na: 'x' # more\n---\n---\nb:\n  - 1\n  - \"1\"\n";
        let (documents, issues) = documents(text, LIMIT);
        let [first, second] = &documents[..] else { panic!("{documents:?}") };
        assert!(issues.is_empty());
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
        let (documents, _) = documents("a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }", LIMIT);
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
