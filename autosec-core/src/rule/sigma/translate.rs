use std::collections::HashMap;
use std::ops::Range;

use super::condition;
use super::correlation::{self, Correlation};
use super::filter::{self, Filter};
use super::item::together;
use super::modifier::Asked;
use super::node::{self, Node};
use super::pipeline::{About, Added, Pipelines, View};
use super::rename::without_spaces;
use super::route::LogSourceRouting;
use super::rule::{self, SigmaKind, SigmaRule};
use super::selection::Selection;
use crate::event::{FieldId, Schema, SchemaError};
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::{Diagnostic, Lines};
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
    pub(crate) pipelines: &'s Pipelines<'s>,
    pub(crate) routing: Option<&'s LogSourceRouting>,
    /// What pipelines make of the names in the rule.
    pub(crate) view: View,
    /// Regular expressions of the rule so far.
    pub(crate) regexes: usize,
}

/// A document of a source, and where its id, or else it, stands there.
#[derive(Debug)]
pub(crate) struct Translated<'a> {
    pub(crate) what: What<'a>,
    pub(crate) place: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum What<'a> {
    Detection(Box<Detection>),
    Correlation(Box<Correlation>),
    Filter(Box<Filter<'a>>),
}

/// A rule, and the condition an event must satisfy.
#[derive(Debug)]
pub(crate) struct Detection {
    pub(crate) rule: SigmaRule,
    pub(crate) condition: Condition,
    pub(crate) view: View,
}

impl<'s> Translation<'s> {
    /// Reads the documents of a source; what is wrong is added to `diagnostics`.
    pub(crate) fn read<'a>(
        &mut self,
        name: &str,
        text: &'a str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Translated<'a>> {
        if text.len() > SOURCE_LIMIT {
            let title = format!("the source is {} bytes long, and the limit is {SOURCE_LIMIT}", text.len());
            let diagnostic = Diagnostic::new(Code::LargeSource, title, name);
            diagnostics.push(diagnostic.help("split it into several sources"));
            return Vec::new();
        }
        let (documents, broken) = node::documents(text);
        let lines = Lines::default();
        let mut translated = Vec::new();
        for document in documents {
            let mut issues = Vec::new();
            let place = document.at("id").unwrap_or(&document).span.clone();
            let what = self.document(&document, text, &mut issues);
            translated.extend(what.map(|what| Translated { what, place }));
            let about = document.at("id").or(document.at("title")).and_then(Node::scalar);
            diagnostics.extend(issues.into_iter().map(|issue| {
                let diagnostic = Diagnostic::placed_by(issue, name, text, &lines);
                about.map_or(diagnostic.clone(), |about| diagnostic.about(&about.text))
            }));
        }
        diagnostics.extend(broken.map(|issue| Diagnostic::placed_by(issue, name, text, &lines)));
        translated
    }

    /// The condition of a filter for a rule, whose names it uses.
    pub(crate) fn filter(
        &mut self,
        filter: &Filter<'_>,
        text: &str,
        view: &View,
    ) -> Result<Condition, Vec<Issue>> {
        self.regexes = 0;
        self.view = view.clone();
        let mut issues = Vec::new();
        let condition = self.searched(&filter.node, &filter::KEYS, text, &mut issues);
        condition.ok_or(issues)
    }

    /// Whether the conditions that pipelines add can be read, by themselves; with the number of the pipeline's source.
    pub(crate) fn check_pipelines(&mut self) -> Vec<(usize, Issue)> {
        let added: Vec<_> = self.pipelines.all_added().collect();
        let checked = added.into_iter().map(|added| (added.source, self.added(&added)));
        checked.filter_map(|(source, checked)| Some((source, checked.err()?))).collect()
    }

    /// The name of a field in the events of a rule.
    pub(crate) fn one_field(
        &mut self,
        view: &View,
        name: &str,
        span: &Range<usize>,
    ) -> Result<FieldId, Issue> {
        self.view = view.clone();
        match self.fields(name, span)?.as_slice() {
            [only] => Ok(*only),
            names => {
                let names = names.iter().map(|field| quoted(self.schema.name(*field))).collect::<Vec<_>>();
                let title = format!("pipelines give the field {} several names", quoted(name));
                let label = format!("it is {}", names.join(", "));
                Err(Issue::new(Code::SeveralNames, title, span.clone(), label)
                    .help("let the pipeline give it one name for the rules that are correlated"))
            }
        }
    }

    /// The fields that a name stands for, at least one; those that the schema lacks are added.
    pub(super) fn fields(&mut self, name: &str, span: &Range<usize>) -> Result<Vec<FieldId>, Issue> {
        let name = without_spaces(name);
        if self.view.is_empty() {
            return Ok(vec![self.field(&name, span)?]);
        }
        let names = self.pipelines.names(&self.view, &name);
        names.iter().map(|name| self.field(name, span)).collect()
    }

    fn field(&mut self, name: &str, span: &Range<usize>) -> Result<FieldId, Issue> {
        self.schema.add_foreign(name).map_err(|error| {
            let title = match error {
                SchemaError::Full { .. } => error.to_string(),
                _ => format!("{} cannot be the name of a field", quoted(name)),
            };
            Issue::new(Code::SigmaField, title, span.clone(), "of this field")
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

    fn document<'a>(&mut self, document: &Node<'a>, text: &str, issues: &mut Vec<Issue>) -> Option<What<'a>> {
        if document.map().is_none() {
            let title = format!("a Sigma rule is keys and values, not {}", document.what());
            issues.push(Issue::new(Code::SigmaShape, title, document.span.clone(), "no rule"));
            return None;
        }
        if let Some(node) = document.at("correlation") {
            let rule = rule::read(document, SigmaKind::Correlation, issues);
            let correlation = correlation::read(rule, document, node, issues)?;
            return Some(What::Correlation(Box::new(correlation)));
        }
        if let Some(node) = document.at("filter") {
            let filter = filter::read(document, node, issues)?;
            // Read by itself once, so that what is wrong with it is said once and in its own source.
            let checked = self.filter(&filter, text, &View::default());
            let sound = checked.map_err(|found| issues.extend(found)).is_ok();
            return sound.then(|| What::Filter(Box::new(filter)));
        }
        if let Some(action) = document.at("action") {
            let title = "a document with `action` is not a detection rule";
            let issue = Issue::new(Code::NotDetection, title, action.span.clone(), "it is about other rules");
            issues.push(issue.help("write what the rules have in common in each of them"));
            return None;
        }
        self.rule(document, text, issues).map(|detection| What::Detection(Box::new(detection)))
    }

    fn rule(&mut self, document: &Node<'_>, text: &str, issues: &mut Vec<Issue>) -> Option<Detection> {
        self.regexes = 0;
        let rule = rule::read(document, SigmaKind::Detection, issues);
        self.view = rule.as_ref().map(|rule| self.view_of(rule)).unwrap_or_default();
        let view = self.view.clone();
        let condition = self.detection(document, text, issues);
        let (rule, condition) = rule.zip(condition)?;
        let condition = self.with_added(&rule, condition, &view, issues);
        Some(Detection { rule, condition, view })
    }

    /// What pipelines do to a rule.
    fn view_of(&self, rule: &SigmaRule) -> View {
        let is_correlation = rule.kind == SigmaKind::Correlation;
        self.pipelines.view(&About { logsource: &rule.logsource, tags: &rule.tags, is_correlation })
    }

    /// The condition with those that pipelines and the routing of logs add to it.
    fn with_added(
        &mut self,
        rule: &SigmaRule,
        condition: Condition,
        view: &View,
        issues: &mut Vec<Issue>,
    ) -> Condition {
        let pipelines = self.pipelines;
        let logsource = pipelines.logsource(view, &rule.logsource);
        let mut added: Vec<_> = pipelines.added(view).map(|added| self.added(&added)).collect();
        self.view = view.clone();
        if self.routing.is_some() {
            added.push(self.route(logsource));
        }
        let mut parts = Vec::new();
        for part in added {
            match part {
                Ok(Condition::All(nothing)) if nothing.is_empty() => {}
                Ok(part) => parts.push(part),
                // It stands in another source than the rule, if in any.
                Err(mut issue) => {
                    issue.labels.clear();
                    issues.push(issue);
                }
            }
        }
        parts.push(condition);
        together(parts, Condition::All)
    }

    fn added(&mut self, added: &Added<'_, '_>) -> Result<Condition, Issue> {
        self.view = added.view.clone();
        let entries = added.conditions.map().unwrap_or_default().iter();
        let items = entries.map(|(key, values)| self.item(&Asked::read(key)?, values));
        let condition = together(items.collect::<Result<_, _>>()?, Condition::All);
        Ok(if added.negated { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn detection(&mut self, document: &Node<'_>, text: &str, issues: &mut Vec<Issue>) -> Option<Condition> {
        let Some(detection) = document.at("detection") else {
            let help = "a Sigma rule has the keys title, logsource and detection";
            issues.push(lacks(document, "detection", help));
            return None;
        };
        if detection.map().is_none() {
            let title =
                format!("a detection is search identifiers and a condition, not {}", detection.what());
            issues.push(Issue::new(Code::SigmaShape, title, detection.span.clone(), ""));
            return None;
        }
        self.searched(detection, &["condition", "timeframe"], text, issues)
    }

    /// The condition over the search identifiers beside it; `keys` are none of them.
    fn searched(
        &mut self,
        node: &Node<'_>,
        keys: &[&str],
        text: &str,
        issues: &mut Vec<Issue>,
    ) -> Option<Condition> {
        let Some(written) = node.at("condition") else {
            issues.push(lacks(node, "condition", "write `condition: selection`"));
            return None;
        };
        let before = issues.len();
        let selections = self.selections(node, keys, issues);
        if issues.len() > before {
            return None;
        }
        conditions(written, text, &selections).map_err(|issue| issues.push(issue)).ok()
    }
}

fn lacks(node: &Node<'_>, key: &str, help: &str) -> Issue {
    let title = format!("missing key `{key}`");
    Issue::new(Code::MissingKey, title, node.span.clone(), "it belongs here").help(help)
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
