use super::node::Node;
use super::rule::{LogSource, Reading};
use crate::rule::lang::ast::Spanned;
use crate::rule::lang::issue::{Code, Issue};

/// A filter as it is written: a condition that other rules are given besides their own.
#[derive(Debug)]
pub(crate) struct Filter<'a> {
    pub(crate) logsource: LogSource,
    /// Ids or names; `None` for every rule of the logsource.
    pub(crate) rules: Option<Vec<Spanned<String>>>,
    /// Search identifiers and the condition.
    pub(super) node: Node<'a>,
}

/// What is no search identifier in a filter.
pub(super) const KEYS: [&str; 2] = ["condition", "rules"];

const HELP: &str =
    "a filter has the keys title, logsource and filter, and below it rules, selection and condition";

/// Reads a document with the key `filter`; what is wrong is added to `issues`.
pub(super) fn read<'a>(document: &Node<'a>, node: &Node<'a>, issues: &mut Vec<Issue>) -> Option<Filter<'a>> {
    let before = issues.len();
    let mut reading = Reading { document, issues };
    reading.required("title", HELP);
    let logsource = reading.required("logsource", HELP).map(|node| reading.logsource(node));
    if node.map().is_none() {
        let title = format!("a filter is rules, search identifiers and a condition, not {}", node.what());
        reading.issues.push(Issue::new(Code::SigmaShape, title, node.span.clone(), "").help(HELP));
        return None;
    }
    let mut reading = Reading { document: node, issues };
    let rules = reading.required("rules", HELP).map(|node| reading.rules(node)).unwrap_or_default();
    let every = |rule: &Spanned<String>| matches!(rule.node.to_ascii_lowercase().as_str(), "any" | "all");
    let rules = if matches!(rules.as_slice(), [only] if every(only)) { None } else { Some(rules) };
    (issues.len() == before).then_some(Filter { logsource: logsource?, rules, node: node.clone() })
}
