//! How something wrong is shown: the code and the title, the lines of the source with the place marked, the rule, a help line.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::issue::{Code, Issue};

/// Something wrong with a rule or a configuration: a stable code, a place and what would be right.
///
/// Displayed, it shows the line it is about with the place marked; the parts are there for editors and tests.
/// The excerpt is cut to the lines that matter, so a diagnostic stays small whatever the number of lines. When the excerpts of
/// one source come to 16 MiB, further diagnostics of it go without excerpt and position.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    code: &'static str,
    title: String,
    source: String,
    rule: Option<String>,
    excerpt: Option<Box<Excerpt>>,
    help: Option<String>,
}

/// The lines of the source that the labels point into.
#[derive(Clone, Debug, PartialEq)]
struct Excerpt {
    text: String,
    first_line: usize,
    labels: Vec<(Range<usize>, String)>,
}

/// The lines of a text that many diagnostics may be about: each by itself would count them from the beginning.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Where each but the first begins, once somebody asks.
    starts: OnceCell<Box<[usize]>>,
    /// The bytes of the excerpts so far.
    spent: Cell<usize>,
}

/// When the excerpts of a text come to so many bytes, further diagnostics go without: a text of one line would be copied
/// as often as something is wrong in it.
const EXCERPTS_LIMIT: usize = 16 << 20;

impl Lines {
    /// The number of the line, from 1, that the byte at `at` of the text stands in.
    fn number(&self, text: &str, at: usize) -> usize {
        let starts =
            self.starts.get_or_init(|| text.match_indices('\n').map(|(newline, _)| newline + 1).collect());
        starts.partition_point(|start| *start <= at) + 1
    }
}

impl Diagnostic {
    /// A diagnostic of a text that another crate reads, with a code of that crate's own.
    ///
    /// `source` is the name of the text, `at` the bytes of it that the diagnostic is about: what lies outside is cut off.
    pub fn of_text(
        code: &'static str,
        title: impl Into<String>,
        source: &str,
        text: &str,
        at: Range<usize>,
    ) -> Self {
        let excerpt = Some(Box::new(Excerpt::new(text, vec![(at, String::new())], &Lines::default())));
        let (title, source) = (title.into(), source.to_owned());
        Self { code, title, source, rule: None, excerpt, help: None }
    }

    /// A diagnostic without a place.
    pub(crate) fn new(code: Code, title: impl Into<String>, source: &str) -> Self {
        let (title, source) = (title.into(), source.to_owned());
        Self { code: code.text(), title, source, rule: None, excerpt: None, help: None }
    }

    /// A diagnostic whose labels point into `text`, which is the source or a text by itself.
    pub(crate) fn placed(issue: Issue, source: &str, text: &str) -> Self {
        Self::placed_by(issue, source, text, &Lines::default())
    }

    /// The same for one of many about the same text.
    pub(crate) fn placed_by(issue: Issue, source: &str, text: &str, lines: &Lines) -> Self {
        let excerpt = (!issue.labels.is_empty() && lines.spent.get() < EXCERPTS_LIMIT)
            .then(|| Box::new(Excerpt::new(text, issue.labels, lines)));
        Self { excerpt, help: issue.help, ..Self::new(issue.code, issue.title, source) }
    }

    /// With the id of the rule it is about.
    pub(crate) fn about(mut self, rule: &str) -> Self {
        self.rule = Some(rule.chars().take(64).collect());
        self
    }

    /// With a help line.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The stable code, such as `E002`; [`CODES`](crate::rule::CODES) says what each means.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The name of the source the rule came from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The id of the rule, if it is known.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// What would be right, if that can be said.
    pub fn help_line(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The line and the column (in characters) of the first label, both from 1, if the place is known.
    pub fn position(&self) -> Option<(usize, usize)> {
        let excerpt = self.excerpt.as_ref()?;
        let (span, _) = excerpt.labels.first()?;
        let before = excerpt.text.get(..span.start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..)?.chars().count() + 1;
        Some((excerpt.first_line + before.matches('\n').count(), column))
    }
}

impl Excerpt {
    /// Keeps only the lines that labels touch, so that rendering costs the same in a large source.
    fn new(text: &str, labels: Vec<(Range<usize>, String)>, lines: &Lines) -> Self {
        let clamp = |at: usize| text.floor_char_boundary(at.min(text.len()));
        let labels: Vec<_> = labels
            .into_iter()
            .map(|(span, label)| (clamp(span.start)..clamp(span.end.max(span.start)), label))
            .collect();
        let from = labels.iter().map(|(span, _)| span.start).min().unwrap_or(0);
        let to = labels.iter().map(|(span, _)| span.end).max().unwrap_or(0);
        let head = text.get(..from).unwrap_or_default();
        let start = head.rfind('\n').map_or(0, |newline| newline + 1);
        let end = text.get(to..).and_then(|tail| tail.find('\n')).map_or(text.len(), |newline| to + newline);
        lines.spent.set(lines.spent.get().saturating_add(end - start));
        Self {
            text: text.get(start..end).unwrap_or_default().to_owned(),
            first_line: lines.number(text, from),
            labels: labels
                .into_iter()
                .map(|(span, label)| (span.start - start..span.end - start, label))
                .collect(),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// The diagnostic as people read it, over several lines, without colours.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut group = Level::ERROR.primary_title(self.title.as_str()).id(self.code).elements(
            self.excerpt.iter().map(|excerpt| {
                let kinds = std::iter::once(AnnotationKind::Primary)
                    .chain(std::iter::repeat(AnnotationKind::Context));
                let labels = excerpt.labels.iter().zip(kinds).map(|((span, label), kind)| {
                    kind.span(span.clone()).label((!label.is_empty()).then_some(label.as_str()))
                });
                Snippet::source(excerpt.text.as_str())
                    .line_start(excerpt.first_line)
                    .path(self.source.as_str())
                    .annotations(labels)
            }),
        );
        if self.excerpt.is_none() {
            group = group.element(Level::NOTE.message(format!("in {}", self.source)));
        }
        if let Some(rule) = &self.rule {
            group = group.element(Level::NOTE.message(format!("in rule `{rule}`")));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        f.write_str(&Renderer::plain().render(&[group]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where() {
        let issue = Issue::new(Code::UnknownField, "unknown field `b`", 5..6, "here");
        let diagnostic = Diagnostic::placed(issue, "x.yaml", "a\nä\nb c\nd");
        assert_eq!(diagnostic.position(), Some((3, 1)));
        assert!(diagnostic.to_string().contains("x.yaml:3:1"), "{diagnostic}");
    }

    #[test]
    fn many_of_one_text_stay_small_and_tell_their_lines() {
        let text = format!("a\nb\n{}", "c".repeat(1 << 20));
        let lines = Lines::default();
        let placed = |at: usize| {
            let issue = Issue::new(Code::Syntax, "wrong", at..at + 1, "here");
            Diagnostic::placed_by(issue, "x.yaml", &text, &lines).position()
        };
        assert_eq!([0, 2, 4].map(placed), [Some((1, 1)), Some((2, 1)), Some((3, 1))]);
        let with_place = (0..100).filter(|at| placed(4 + at).is_some()).count();
        assert_eq!(with_place, 15, "each repeats a line of 1 MiB");
    }

    #[test]
    fn survives_any_span() {
        for (start, end) in [(0, 0), (7, 3), (90, 99), (1, 2), (3, 3)] {
            let issue = Issue::new(Code::Syntax, "wrong", start..end, "here");
            let diagnostic = Diagnostic::placed(issue, "x.yaml", "ää\n");
            assert!(diagnostic.to_string().contains("E001") && diagnostic.position().is_some());
        }
    }
}
