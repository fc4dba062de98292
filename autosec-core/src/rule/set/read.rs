//! From sources to rules, exceptions and lists as they are written. Each that cannot be read is reported, and leaves
//! its neighbours alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ipnet::IpNet;
use serde::de::DeserializeOwned;

use super::place;
use super::source::Source;
use super::verify::Key as Part;
use super::watch::Watch;
use crate::net;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::tree::{Key, Node, Tree, read};
use crate::rule::list::List;
use crate::rule::model::{Exception, Rule};

/// Something written, and where it came from if not from the host itself: the source, and the position in it.
#[derive(Debug)]
pub(super) struct Origin<'s, T = Rule> {
    pub(super) written: T,
    pub(super) source: Option<(&'s Source, usize)>,
}

/// All that was written.
#[derive(Debug, Default)]
pub(super) struct Pack<'s> {
    pub(super) rules: Vec<Origin<'s>>,
    pub(super) exceptions: Vec<Origin<'s, Exception>>,
    pub(super) lists: HashMap<String, List>,
    /// Ids of rules that could not be read.
    pub(super) unreadable: Vec<String>,
    /// Whether there are more rules than there may be.
    pub(super) is_full: bool,
}

impl<'s, T> Origin<'s, T> {
    pub(super) fn name(&self) -> &'s str {
        self.source.map_or("rules given in code", |(source, _)| &source.name)
    }
}

impl<'s> Pack<'s> {
    /// Reads every source, up to a number of rules; what is wrong is added to `diagnostics`.
    pub(super) fn read(
        sources: &'s [Source],
        limit: usize,
        watch: &Watch<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut pack = Self::default();
        for source in sources.iter().take_while(|_| !watch.is_over()) {
            pack.source(source, diagnostics);
            if pack.is_over(limit, diagnostics) {
                break;
            }
        }
        pack
    }

    /// Adds rules of the host's own.
    pub(super) fn add(&mut self, rules: Vec<Rule>, limit: usize, diagnostics: &mut Vec<Diagnostic>) {
        self.rules.extend(rules.into_iter().map(|written| Origin { written, source: None }));
        if !self.is_full {
            self.is_over(limit, diagnostics);
        }
    }

    fn is_over(&mut self, limit: usize, diagnostics: &mut Vec<Diagnostic>) -> bool {
        self.is_full = self.rules.len() > limit;
        if self.is_full {
            let title = format!("there are more rules than {limit}, which is the limit");
            let last = self.rules.last().map_or("", |origin| origin.name());
            diagnostics.push(
                Diagnostic::new(Code::ManyRules, title, last)
                    .help("raise it with `RuleSetBuilder::rule_limit`, or make several rule sets"),
            );
            self.rules.truncate(limit);
        }
        self.is_full
    }

    fn source(&mut self, source: &'s Source, diagnostics: &mut Vec<Diagnostic>) {
        let parts = source.parts(diagnostics);
        for (at, node) in parts.rules.iter().enumerate() {
            match rule(node) {
                Ok(written) => self.rules.push(Origin { written, source: Some((source, at)) }),
                Err(issue) => {
                    let id = node.at("id").and_then(Node::scalar).map(|id| id.text.to_string());
                    let diagnostic = source.diagnostic(issue);
                    diagnostics.push(match &id {
                        Some(id) => diagnostic.about(id),
                        None => diagnostic,
                    });
                    self.unreadable.extend(id);
                }
            }
        }
        for (at, node) in parts.exceptions.iter().enumerate() {
            match part(node, "an exception", |_| "an exception has the keys rule and when") {
                Ok(written) => self.exceptions.push(Origin { written, source: Some((source, at)) }),
                Err(issue) => diagnostics.push(source.diagnostic(issue)),
            }
        }
        for (key, node) in &parts.lists {
            if let Err(issue) = self.list(key, node) {
                diagnostics.push(source.diagnostic(issue));
            }
        }
    }

    fn list(&mut self, key: &Key<'_>, node: &Node<'_>) -> Result<(), Issue> {
        let bad = |title: String, label: &str| Issue::new(Code::BadList, title, key.span.clone(), label);
        if key.name.is_empty()
            || !key.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        {
            let help = "a name is made of letters, digits, `_`, `-` and `.`";
            return Err(bad(format!("{} cannot be the name of a list", quoted(&key.name)), "").help(help));
        }
        let list = list(node)?;
        match self.lists.entry(key.name.to_string()) {
            Entry::Vacant(free) => {
                free.insert(list);
                Ok(())
            }
            Entry::Occupied(_) => {
                Err(bad(format!("the list `{}` is given twice", key.name), "the second is here"))
            }
        }
    }
}

fn rule(node: &Node<'_>) -> Result<Rule, Issue> {
    let rule: Rule = part(node, "a rule", missing)?;
    // Both may be left out, but not all of what an event has to satisfy.
    let says_when = ["when", "type", "value", "sequence"].into_iter().any(|key| node.at(key).is_some());
    if !says_when {
        let span = node.map().and_then(|entries| entries.first()).map_or(&node.span, |(key, _)| &key.span);
        let issue = Issue::new(Code::MissingKey, "missing key `when`", span.clone(), "it belongs here");
        return Err(issue.help(missing("when")));
    }
    Ok(rule)
}

fn part<T: DeserializeOwned>(
    node: &Node<'_>,
    what: &str,
    hint: fn(&str) -> &'static str,
) -> Result<T, Issue> {
    if node.map().is_none() {
        let title = format!("{what} is keys and values, not {}", node.what());
        return Err(Issue::new(Code::WrongType, title, node.span.clone(), "this has another type"));
    }
    read::value(node, hint)
}

/// What to do about a key that is missing.
fn missing(key: &str) -> &'static str {
    match key {
        "q" => "write `quantile: { of: url.path, q: 0.95, by: [source.ip], within: 10m, at_least: 500 }`",
        "steps" => "write `steps: [{ when: … }, { when: … }]`",
        "by" | "within" | "at_least" | "of" => {
            "write `count: { by: [source.ip], within: 10m, at_least: 5 }`, or `distinct` with `of` besides"
        }
        "events" | "expect" => "write `tests: [{ name: one, events: [{ user.name: root }], expect: match }]`",
        "action" => "write `response: { action: block, for: 1h }`",
        _ => "every rule has the keys id, name, severity and when",
    }
}

/// The members that are written are of one kind.
fn list(node: &Node<'_>) -> Result<List, Issue> {
    let Tree::List(nodes) = &node.tree else {
        let title = format!("expected a list of values, found {}", node.what());
        return Err(Issue::new(Code::WrongType, title, node.span.clone(), "this has another type"));
    };
    let members =
        nodes.iter().map(|node| Ok((node, Member::read(node)?))).collect::<Result<Vec<_>, Issue>>()?;
    let Some((_, first)) = members.first() else {
        let issue =
            Issue::new(Code::EmptySet, "a list of no values", node.span.clone(), "of what kind is it?");
        return Err(
            issue.help("a list that is empty at first is given by the host, with `RuleSetBuilder::list`")
        );
    };
    let kind = std::mem::discriminant(first);
    if let Some((odd, _)) = members.iter().find(|(_, member)| std::mem::discriminant(member) != kind) {
        let label = format!("the first value is {}", first.what());
        return Err(Issue::new(Code::BadList, "a list holds values of one kind", odd.span.clone(), label));
    }
    let (mut networks, mut ranges, mut texts) = (Vec::new(), Vec::new(), Vec::<String>::new());
    for (_, member) in members {
        match member {
            Member::Address(network) => networks.push(network),
            Member::Range(first, last) => ranges.push(first..=last),
            Member::Text(text) => texts.push(text),
        }
    }
    Ok(match (networks.is_empty(), ranges.is_empty()) {
        (false, _) => List::addresses(networks),
        (_, false) => List::ranges(ranges),
        _ => List::texts(texts),
    })
}

enum Member {
    Address(IpNet),
    Range(i64, i64),
    Text(String),
}

impl Member {
    fn read(node: &Node<'_>) -> Result<Self, Issue> {
        let scalar = node.scalar().ok_or_else(|| {
            let title = format!("a list holds values, not {}", node.what());
            Issue::new(Code::WrongType, title, node.span.clone(), "this has another type")
        })?;
        let text = &*scalar.text;
        if let Some(number) = scalar.number().and_then(|number| number.parse().ok()) {
            return Ok(Self::Range(number, number));
        }
        let ends = text.split_once("..").and_then(|(first, last)| first.parse().ok().zip(last.parse().ok()));
        if let Some((first, last)) = ends {
            return Ok(Self::Range(first, last));
        }
        Ok(net::network(text).map_or_else(|_| Self::Text(text.to_owned()), Self::Address))
    }

    fn what(&self) -> &'static str {
        match self {
            Member::Address(_) => "an address",
            Member::Range(..) => "an integer",
            Member::Text(_) => "text",
        }
    }
}

impl Origin<'_> {
    /// Puts an issue about one key of the rule where the key stands in the source.
    pub(super) fn place(&self, key: Part, issue: Issue) -> Diagnostic {
        let expression = self.expression(key);
        let diagnostic = match self.source {
            None => {
                let text = expression.unwrap_or(&self.written.when);
                place::without_source(issue, self.name(), text, expression.is_some())
            }
            Some((source, at)) => {
                let node = source.places().rules.get(at);
                let span = node.and_then(|rule| place::of_key(rule, key, &source.text)).unwrap_or_default();
                place::within(source, span, expression, issue)
            }
        };
        diagnostic.about(&self.written.id)
    }

    /// The expression that a key holds, if it holds one.
    fn expression(&self, key: Part) -> Option<&str> {
        match key {
            Part::When => Some(&self.written.when),
            Part::Step(at) => Some(&self.written.sequence.as_ref()?.steps.get(at)?.when),
            _ => None,
        }
    }
}

impl Origin<'_, Exception> {
    /// Puts an issue about the rule or the expression of the exception where it stands in the source.
    pub(super) fn place(&self, key: &str, issue: Issue) -> Diagnostic {
        let expression = (key == "when").then_some(&*self.written.when);
        match self.source {
            None => place::without_source(issue, self.name(), &self.written.when, expression.is_some()),
            Some((source, at)) => {
                let node = source.places().exceptions.get(at);
                let span = node.and_then(|node| place::of_value(node.at(key).unwrap_or(node), &source.text));
                place::within(source, span.unwrap_or_default(), expression, issue)
            }
        }
    }
}
