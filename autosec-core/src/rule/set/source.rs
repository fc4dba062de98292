//! Texts that rules come from: their format, and their parts.

use std::cell::OnceCell;

use crate::rule::lang::diagnostic::{Diagnostic, Lines};
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;
use crate::rule::lang::tree::{Key, Node, Tree, toml, yaml};
use crate::rule::lang::yaml::{LIMIT, too_large};

/// The keys that a source which is no list may have.
const KEYS: [&str; 3] = ["rules", "exceptions", "lists"];

/// A text that rules came from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    places: OnceCell<Parts<'static>>,
    lines: Lines,
}

/// What a source holds: each part can be wrong without the others.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) rules: Vec<Node<'a>>,
    pub(super) exceptions: Vec<Node<'a>>,
    pub(super) lists: Vec<(Key<'a>, Node<'a>)>,
}

impl Source {
    pub(super) fn new(name: String, text: String) -> Self {
        Self { name, text, places: OnceCell::new(), lines: Lines::default() }
    }

    /// Takes the text apart; what cannot be is added to `diagnostics`.
    pub(super) fn parts(&self, diagnostics: &mut Vec<Diagnostic>) -> Parts<'_> {
        if let Some(diagnostic) = too_large(&self.name, &self.text) {
            diagnostics.push(diagnostic);
            return Parts::default();
        }
        let (parts, issues) = take_apart(&self.name, &self.text);
        diagnostics.extend(issues.into_iter().map(|issue| self.diagnostic(issue)));
        parts
    }

    /// A diagnostic whose labels point into the text.
    pub(super) fn diagnostic(&self, issue: Issue) -> Diagnostic {
        Diagnostic::placed_by(issue, &self.name, &self.text, &self.lines)
    }

    /// The parts again, to find places in. Keeping them from the first time would make every good source dear for the
    /// sake of the bad ones.
    pub(super) fn places(&self) -> &Parts<'static> {
        self.places.get_or_init(|| take_apart(&self.name, &self.text).0.into_owned())
    }
}

impl Parts<'_> {
    fn into_owned(self) -> Parts<'static> {
        let own = |nodes: Vec<Node<'_>>| nodes.into_iter().map(Node::into_owned).collect();
        // Lists are read only once, so nobody asks for their places.
        Parts { rules: own(self.rules), exceptions: own(self.exceptions), lists: Vec::new() }
    }
}

fn take_apart<'s>(name: &str, text: &'s str) -> (Parts<'s>, Vec<Issue>) {
    let is_toml =
        name.len() > 5 && name.get(name.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case(".toml"));
    let (documents, mut issues) = if is_toml {
        toml::document(text)
            .map_or_else(|issue| (Vec::new(), vec![issue]), |document| (vec![document], Vec::new()))
    } else {
        yaml::documents(text, LIMIT)
    };
    let mut parts = Parts::default();
    for document in documents {
        parts.add(document, &mut issues);
    }
    (parts, issues)
}

impl<'a> Parts<'a> {
    fn add(&mut self, document: Node<'a>, issues: &mut Vec<Issue>) {
        let is_rule = document.at("id").is_some() || document.at("when").is_some();
        match document.tree {
            Tree::List(rules) => self.rules.extend(rules),
            Tree::Map(entries) if !is_rule => {
                for (key, node) in entries {
                    self.add_key(key, node, issues);
                }
            }
            _ => {
                let issue =
                    Issue::new(Code::WrongType, "expected a list", document.span, "this has another type");
                let help = "a rule file is a list of rules, each with a `-` before it, or has the keys rules, exceptions \
                            and lists";
                issues.push(issue.help(help));
            }
        }
    }

    fn add_key(&mut self, key: Key<'a>, node: Node<'a>, issues: &mut Vec<Issue>) {
        // TOML writes an array of tables by its singular.
        let into = match &*key.name {
            "rules" | "rule" => &mut self.rules,
            "exceptions" | "exception" => &mut self.exceptions,
            "lists" => match node.tree {
                Tree::Map(lists) => return self.lists.extend(lists),
                _ => {
                    let title = format!("expected lists by their names, found {}", node.what());
                    let issue = Issue::new(Code::WrongType, title, node.span, "this has another type");
                    return issues.push(issue.help("write `lists: { office: [192.0.2.0/24] }`"));
                }
            },
            other => {
                let title = format!("unknown key {}", quoted(other));
                let help = did_you_mean(other, KEYS.into_iter());
                let issue = Issue::new(Code::UnknownKey, title, key.span, "there is no such key here");
                return issues.push(issue.help(format!("the keys are {}", KEYS.join(", "))).help_if(help));
            }
        };
        match node.tree {
            Tree::List(nodes) => into.extend(nodes),
            _ => {
                let issue =
                    Issue::new(Code::WrongType, "expected a list", node.span, "this has another type");
                issues.push(issue.help("put a `-` before each item"));
            }
        }
    }
}
