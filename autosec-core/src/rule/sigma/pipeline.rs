use std::rc::Rc;

use super::node::{self, Node, Scalar, Tree};
use super::rename::Renaming;
use super::rule::LogSource;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;
use crate::rule::lang::yaml::SOURCE_LIMIT;

/// What pipelines do to rules, one item after the other.
#[derive(Debug, Default)]
pub(crate) struct Pipelines<'a> {
    items: Vec<Item<'a>>,
}

/// One transformation, and the rules it is for.
#[derive(Debug)]
struct Item<'a> {
    id: Option<String>,
    when: When,
    change: Change<'a>,
    source: usize,
}

#[derive(Debug)]
enum Change<'a> {
    Rename(Renaming),
    /// The node is keys with modifiers and their values.
    Add {
        conditions: Node<'a>,
        negated: bool,
    },
    LogSource(LogSource),
}

/// Which rules an item is for: all of the tests, or any.
#[derive(Debug, Default)]
struct When {
    tests: Vec<Test>,
    any: bool,
    negated: bool,
}

#[derive(Debug)]
enum Test {
    LogSource(LogSource),
    Tag(String),
    Correlation(bool),
    Applied(String),
}

/// The items that are for one rule, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct View {
    items: Rc<[usize]>,
}

/// A condition that a pipeline adds to rules, and the names that fields have from there on.
pub(super) struct Added<'p, 'a> {
    pub(super) conditions: &'p Node<'a>,
    pub(super) negated: bool,
    pub(super) view: View,
    /// The number of the source it stands in.
    pub(super) source: usize,
}

/// What items ask about a rule.
pub(super) struct About<'r> {
    pub(super) logsource: &'r LogSource,
    pub(super) tags: &'r [String],
    pub(super) is_correlation: bool,
}

impl<'a> Pipelines<'a> {
    /// Reads pipelines, each a name and a text; what is wrong is added to `diagnostics`.
    pub(crate) fn read(
        sources: impl Iterator<Item = (&'a str, &'a str)>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut read = Vec::new();
        for (at, (name, text)) in sources.enumerate() {
            let mut issues = Vec::new();
            if text.len() > SOURCE_LIMIT {
                let title = format!("the pipeline is larger than {SOURCE_LIMIT} bytes");
                issues.push(Issue::new(Code::LargeSource, title, 0..0, ""));
            } else {
                let (documents, broken) = node::documents(text);
                for document in documents {
                    read.push(Reading { source: at, issues: &mut issues }.pipeline(document));
                }
                issues.extend(broken);
            }
            diagnostics.extend(issues.into_iter().map(|issue| Diagnostic::placed(issue, name, text)));
        }
        read.sort_by_key(|(priority, _)| *priority);
        Self { items: read.into_iter().flat_map(|(_, items)| items).collect() }
    }

    /// The items that are for a rule.
    pub(super) fn view(&self, about: &About<'_>) -> View {
        let mut logsource = about.logsource.clone();
        let mut applied: Vec<&str> = Vec::new();
        let mut items = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            let holds = |test: &Test| match test {
                Test::LogSource(wanted) => wanted.contains(&logsource),
                Test::Tag(tag) => about.tags.iter().any(|held| held.eq_ignore_ascii_case(tag)),
                Test::Correlation(wanted) => about.is_correlation == *wanted,
                Test::Applied(id) => applied.contains(&id.as_str()),
            };
            if !item.when.holds(holds) {
                continue;
            }
            applied.extend(item.id.as_deref());
            items.push(at);
            if let Change::LogSource(changed) = &item.change {
                logsource = changed.clone();
            }
        }
        View { items: items.into() }
    }

    /// The names that events have for a field that a rule names, at least one.
    pub(super) fn names(&self, view: &View, name: &str) -> Vec<String> {
        let mut names = vec![name.to_owned()];
        for item in view.items.iter().filter_map(|at| self.items.get(*at)) {
            if let Change::Rename(renaming) = &item.change {
                names = names.iter().flat_map(|name| renaming.names(name)).collect();
            }
        }
        names.dedup();
        names
    }

    /// The logsource that a rule has in the end.
    pub(super) fn logsource<'r>(&'r self, view: &View, written: &'r LogSource) -> &'r LogSource {
        let changed = view.items.iter().rev().find_map(|at| match &self.items.get(*at)?.change {
            Change::LogSource(logsource) => Some(logsource),
            _ => None,
        });
        changed.unwrap_or(written)
    }

    /// The conditions that are added to a rule.
    pub(super) fn added<'p>(&'p self, view: &'p View) -> impl Iterator<Item = Added<'p, 'a>> {
        view.items.iter().enumerate().filter_map(|(place, at)| {
            let item = self.items.get(*at)?;
            let Change::Add { conditions, negated } = &item.change else { return None };
            let view = View { items: view.items.get(place..)?.into() };
            Some(Added { conditions, negated: *negated, view, source: item.source })
        })
    }

    /// Every condition that is added to any rule.
    pub(super) fn all_added(&self) -> impl Iterator<Item = Added<'_, 'a>> {
        self.items.iter().filter_map(|item| match &item.change {
            Change::Add { conditions, negated } => {
                Some(Added { conditions, negated: *negated, view: View::default(), source: item.source })
            }
            _ => None,
        })
    }
}

impl View {
    /// Whether pipelines do nothing to the rule.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl When {
    fn holds(&self, holds: impl FnMut(&Test) -> bool) -> bool {
        let mut tests = self.tests.iter();
        let held = if self.any { tests.any(holds) } else { tests.all(holds) };
        self.tests.is_empty() || held != self.negated
    }
}

/// Keys of a pipeline, and of an item, that say nothing about what is done.
const PIPELINE: [&str; 4] = ["name", "priority", "transformations", "allowed_backends"];
const ITEM: [&str; 8] = [
    "id",
    "type",
    "rule_conditions",
    "rule_cond_op",
    "rule_cond_not",
    "field_name_conditions",
    "field_name_cond_op",
    "field_name_cond_not",
];
const TYPES: [&str; 6] = [
    "add_condition",
    "change_logsource",
    "field_name_mapping",
    "field_name_prefix",
    "field_name_prefix_mapping",
    "field_name_suffix",
];
const TESTS: [&str; 5] =
    ["is_sigma_correlation_rule", "is_sigma_rule", "logsource", "processing_item_applied", "tag"];

pub(super) struct Reading<'i> {
    pub(super) source: usize,
    pub(super) issues: &'i mut Vec<Issue>,
}

impl Reading<'_> {
    fn pipeline<'a>(&mut self, document: Node<'a>) -> (i64, Vec<Item<'a>>) {
        if document.map().is_none() {
            let title = format!("a pipeline is keys and values, not {}", document.what());
            self.wrong(Code::SigmaShape, title, &document, "no pipeline");
        }
        self.known(&document, &PIPELINE, "a pipeline");
        let priority = document.at("priority").map_or(0, |node| self.integer(node));
        let items = document.at("transformations").map_or(&[][..], Node::each).to_vec();
        (priority, items.into_iter().filter_map(|item| self.item(item)).collect())
    }

    fn item<'a>(&mut self, node: Node<'a>) -> Option<Item<'a>> {
        let kind = self.word(&node, "type", &TYPES)?;
        let own: &[&str] = match kind {
            "add_condition" => &["conditions", "negated", "name"],
            "change_logsource" => &["category", "product", "service"],
            "field_name_prefix" => &["prefix"],
            "field_name_suffix" => &["suffix"],
            _ => &["mapping"],
        };
        let keys: Vec<&str> = ITEM.iter().chain(own).copied().collect();
        self.known(&node, &keys, &format!("a transformation of the type `{kind}`"));
        let change = match kind {
            "add_condition" => self.addition(&node)?,
            "change_logsource" => Change::LogSource(self.logsource(&node)),
            _ => Change::Rename(Renaming::read(kind, &node, self)?),
        };
        let id = node.at("id").and_then(Node::scalar).map(|id| id.text.to_string());
        Some(Item { id, when: self.when(&node), change, source: self.source })
    }

    fn addition<'a>(&mut self, node: &Node<'a>) -> Option<Change<'a>> {
        let negated = node.at("negated").is_some_and(|node| self.boolean(node));
        let conditions = node.at("conditions").filter(|node| node.map().is_some_and(|map| !map.is_empty()));
        if conditions.is_none() {
            self.wrong(Code::MissingKey, "missing key `conditions`".to_owned(), node, "fields and values");
        }
        Some(Change::Add { conditions: conditions?.clone(), negated })
    }

    fn logsource(&mut self, node: &Node<'_>) -> LogSource {
        let part = |key| node.at(key).and_then(Node::scalar).map(|text| text.text.to_string());
        LogSource { category: part("category"), product: part("product"), service: part("service") }
    }

    fn when(&mut self, node: &Node<'_>) -> When {
        let any = node.at("rule_cond_op").is_some_and(|node| self.either(node));
        let negated = node.at("rule_cond_not").is_some_and(|node| self.boolean(node));
        let tests = node.at("rule_conditions").map_or(&[][..], Node::each);
        When { tests: tests.iter().filter_map(|test| self.test(test)).collect(), any, negated }
    }

    fn test(&mut self, node: &Node<'_>) -> Option<Test> {
        let kind = self.word(node, "type", &TESTS)?;
        let (test, keys): (_, &[&str]) = match kind {
            "logsource" => (Test::LogSource(self.logsource(node)), &["category", "product", "service"]),
            "tag" => (Test::Tag(self.text(node, "tag")?), &["tag"]),
            "processing_item_applied" => {
                (Test::Applied(self.text(node, "processing_item_id")?), &["processing_item_id"])
            }
            kind => (Test::Correlation(kind == "is_sigma_correlation_rule"), &[]),
        };
        let keys: Vec<&str> = keys.iter().copied().chain(["type"]).collect();
        self.known(node, &keys, &format!("a condition of the type `{kind}`"));
        Some(test)
    }

    pub(super) fn text(&mut self, node: &Node<'_>, key: &str) -> Option<String> {
        let text = node.at(key).and_then(Node::scalar).map(|scalar| scalar.text.to_string());
        if text.is_none() {
            self.wrong(Code::MissingKey, format!("missing key `{key}`"), node, "it belongs here");
        }
        text
    }

    /// Which of several words a key says.
    pub(super) fn word<'w>(&mut self, node: &Node<'_>, key: &str, words: &[&'w str]) -> Option<&'w str> {
        let text = self.text(node, key)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let place = node.at(key).unwrap_or(node);
            let title = format!("a pipeline cannot have the {key} {}", quoted(&text));
            let issue = Issue::new(Code::PipelinePart, title, place.span.clone(), "not supported")
                .help(format!("supported are {}", words.join(", ")))
                .help_if(did_you_mean(&text, words.iter().copied()));
            self.issues.push(issue);
        }
        found
    }

    /// Whether `and` or `or` says that one is enough.
    pub(super) fn either(&mut self, node: &Node<'_>) -> bool {
        match node.scalar().map(|scalar| scalar.text.to_ascii_lowercase()).as_deref() {
            Some("or") => true,
            Some("and") => false,
            _ => {
                let title = "conditions are joined by `and` or `or`".to_owned();
                self.wrong(Code::PipelinePart, title, node, "neither");
                false
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node<'_>) -> bool {
        match node.scalar().map(|scalar| &*scalar.text) {
            Some("true" | "True") => true,
            Some("false" | "False") => false,
            _ => {
                self.wrong(Code::WrongType, "expected true or false".to_owned(), node, "neither");
                false
            }
        }
    }

    fn integer(&mut self, node: &Node<'_>) -> i64 {
        let number = node.scalar().and_then(Scalar::number).and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| {
            self.wrong(Code::WrongType, "expected a whole number".to_owned(), node, "this is none");
            0
        })
    }

    /// Reports keys that mean nothing here: what a pipeline asks for is never passed over.
    pub(super) fn known(&mut self, node: &Node<'_>, keys: &[&str], what: &str) {
        let Tree::Map(entries) = &node.tree else { return };
        for (key, _) in entries.iter().filter(|(key, _)| !keys.contains(&&*key.name)) {
            let title = format!("{what} with the key {} is not supported", quoted(&key.name));
            let issue = Issue::new(Code::PipelinePart, title, key.span.clone(), "it would change rules")
                .help(format!("the keys are {}", keys.join(", ")))
                .help_if(did_you_mean(&key.name, keys.iter().copied()));
            self.issues.push(issue);
        }
    }

    pub(super) fn wrong(&mut self, code: Code, title: String, node: &Node<'_>, label: &str) {
        self.issues.push(Issue::new(code, title, node.span.clone(), label));
    }
}
