use super::item::together;
use super::modifier::Asked;
use super::node::{DEPTH_LIMIT, Node, Tree};
use super::translate::Translation;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::issue::{Code, Issue};

/// A search identifier and what it stands for.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) name: String,
    pub(super) condition: Condition,
    /// About how many bytes it takes to repeat it.
    pub(super) weight: usize,
}

impl Translation<'_> {
    /// Every search identifier of a detection, but for some keys; what is wrong is added to `issues`.
    pub(super) fn selections(
        &mut self,
        detection: &Node<'_>,
        keys: &[&str],
        issues: &mut Vec<Issue>,
    ) -> Vec<Selection> {
        let mut selections = Vec::new();
        for (key, node) in detection.map().unwrap_or_default() {
            if keys.contains(&&*key.name) {
                continue;
            }
            match self.selection(node, 0) {
                Ok(condition) => {
                    let (name, weight) = (key.name.to_string(), weight(node));
                    selections.push(Selection { name, condition, weight });
                }
                Err(issue) => issues.push(issue),
            }
        }
        selections
    }

    /// A map is all of its items; a list of values is keywords; any other list is any of its parts.
    fn selection(&mut self, node: &Node<'_>, depth: usize) -> Result<Condition, Issue> {
        if depth > DEPTH_LIMIT {
            let title = "the search identifier is nested too deeply";
            return Err(Issue::new(Code::LargeSigma, title, node.span.clone(), "up to here"));
        }
        match &node.tree {
            Tree::Scalar(scalar) if scalar.is_null() => Err(empty(node)),
            Tree::Scalar(_) => self.item(&Asked::keywords(), node),
            Tree::List(parts) if parts.is_empty() => Err(empty(node)),
            Tree::List(parts) if parts.iter().all(|part| part.scalar().is_some()) => {
                self.item(&Asked::keywords(), node)
            }
            Tree::List(parts) => {
                let parts = parts.iter().map(|part| self.selection(part, depth + 1));
                Ok(together(parts.collect::<Result<_, _>>()?, Condition::Any))
            }
            Tree::Map(entries) if entries.is_empty() => Err(empty(node)),
            Tree::Map(entries) => {
                let items = entries.iter().map(|(key, values)| self.item(&Asked::read(key)?, values));
                Ok(together(items.collect::<Result<_, _>>()?, Condition::All))
            }
        }
    }
}

fn weight(node: &Node<'_>) -> usize {
    64 + match &node.tree {
        Tree::Scalar(scalar) => scalar.text.len(),
        Tree::List(nodes) => nodes.iter().map(weight).sum(),
        Tree::Map(entries) => entries.iter().map(|(_, node)| weight(node)).sum(),
    }
}

fn empty(node: &Node<'_>) -> Issue {
    Issue::new(Code::EmptySelection, "a search identifier that holds nothing", node.span.clone(), "empty")
        .help("write `field: value`, or a list of keywords")
}
