use std::collections::HashMap;
use std::ops::Range;

use super::condition;
use super::item::together;
use super::node::{self, Node};
use super::rule::{self, SigmaRule};
use super::selection::Selection;
use crate::event::{FieldId, Schema, SchemaError};
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::yaml::SOURCE_LIMIT;

/// What names in Sigma rules mean.
#[derive(Debug)]
pub(crate) struct Translation<'s> {
    /// Grows by a text field for each name it lacks.
    pub(crate) schema: &'s mut Schema,
    pub(crate) placeholders: &'s HashMap<String, Vec<String>>,
    /// A placeholder without values matches nothing, rather than being an error.
    pub(crate) allow_unknown_placeholders: bool,
    /// Regular expressions of the rule so far.
    pub(crate) regexes: usize,
}

/// A rule, and the condition an event must satisfy.
#[derive(Debug)]
pub(crate) struct Translated {
    pub(crate) rule: SigmaRule,
    pub(crate) condition: Condition,
    /// Where the rule's id, or else the rule, stands in its source.
    pub(crate) place: Range<usize>,
}

impl Translation<'_> {
    /// Reads the rules of a source; what is wrong is added to `diagnostics`.
    pub(crate) fn read(
        &mut self,
        name: &str,
        text: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Translated> {
        if text.len() > SOURCE_LIMIT {
            let title = format!("the source is {} bytes long, and the limit is {SOURCE_LIMIT}", text.len());
            let diagnostic = Diagnostic::new(Code::LargeSource, title, name);
            diagnostics.push(diagnostic.help("split it into several sources"));
            return Vec::new();
        }
        let (documents, broken) = node::documents(text);
        let mut translated = Vec::new();
        for document in documents {
            let mut issues = Vec::new();
            translated.extend(self.document(&document, text, &mut issues));
            let about = document.at("id").or(document.at("title")).and_then(Node::scalar);
            diagnostics.extend(issues.into_iter().map(|issue| {
                let diagnostic = Diagnostic::placed(issue, name, text);
                about.map_or(diagnostic.clone(), |about| diagnostic.about(&about.text))
            }));
        }
        diagnostics.extend(broken.map(|issue| Diagnostic::placed(issue, name, text)));
        translated
    }

    /// The field of a name; one that the schema lacks is added.
    pub(super) fn field(&mut self, name: &str, node: &Node<'_>) -> Result<FieldId, Issue> {
        let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
        self.schema.add_foreign(&name).map_err(|error| {
            let title = match error {
                SchemaError::Full { .. } => error.to_string(),
                _ => format!("{} cannot be the name of a field", quoted(&name)),
            };
            Issue::new(Code::SigmaField, title, node.span.clone(), "of this field")
                .help("a name has 1 to 128 bytes, spaces not counted")
        })
    }

    /// The values of a placeholder.
    pub(super) fn placeholder(&self, name: &str, node: &Node<'_>) -> Result<&[String], Issue> {
        match self.placeholders.get(name) {
            Some(values) => Ok(values),
            None if self.allow_unknown_placeholders => Ok(&[]),
            None => {
                let title = format!("the placeholder {} has no values", quoted(&format!("%{name}%")));
                Err(Issue::new(Code::Placeholder, title, node.span.clone(), "it stands here")
                    .help(format!("give it values with `RuleSetBuilder::placeholder({name:?}, …)`")))
            }
        }
    }

    fn document(&mut self, document: &Node<'_>, text: &str, issues: &mut Vec<Issue>) -> Option<Translated> {
        if document.map().is_none() {
            let title = format!("a Sigma rule is keys and values, not {}", document.what());
            issues.push(Issue::new(Code::SigmaShape, title, document.span.clone(), "no rule"));
            return None;
        }
        if let Some((key, other)) =
            ["correlation", "filter", "action"].iter().find_map(|key| Some((key, document.at(key)?)))
        {
            let title = format!("a document with `{key}` is not a detection rule");
            let issue = Issue::new(Code::NotDetection, title, other.span.clone(), "it is about other rules");
            issues.push(issue.help("only detection rules are read"));
            return None;
        }
        self.regexes = 0;
        let rule = rule::read(document, issues);
        let condition = self.detection(document, text, issues);
        let place = document.at("id").unwrap_or(document).span.clone();
        rule.zip(condition).map(|(rule, condition)| Translated { rule, condition, place })
    }

    fn detection(&mut self, document: &Node<'_>, text: &str, issues: &mut Vec<Issue>) -> Option<Condition> {
        let mut lacks = |node: &Node<'_>, key: &str, help: &str| {
            let title = format!("missing key `{key}`");
            let issue = Issue::new(Code::MissingKey, title, node.span.clone(), "it belongs here");
            issues.push(issue.help(help));
        };
        let Some(detection) = document.at("detection") else {
            lacks(document, "detection", "a Sigma rule has the keys title, logsource and detection");
            return None;
        };
        if detection.map().is_none() {
            let title =
                format!("a detection is search identifiers and a condition, not {}", detection.what());
            issues.push(Issue::new(Code::SigmaShape, title, detection.span.clone(), ""));
            return None;
        }
        let Some(written) = detection.at("condition") else {
            lacks(detection, "condition", "write `condition: selection`");
            return None;
        };
        let before = issues.len();
        let selections = self.selections(detection, issues);
        if issues.len() > before {
            return None;
        }
        conditions(written, text, &selections).map_err(|issue| issues.push(issue)).ok()
    }
}

/// Of several conditions any will do.
fn conditions(written: &Node<'_>, text: &str, selections: &[Selection]) -> Result<Condition, Issue> {
    if written.each().is_empty() {
        return Err(Issue::new(
            Code::EmptySelection,
            "a list of no conditions",
            written.span.clone(),
            "empty",
        ));
    }
    let read = written.each().iter().map(|node| condition::read(node, text, selections));
    Ok(together(read.collect::<Result<_, _>>()?, Condition::Any))
}
