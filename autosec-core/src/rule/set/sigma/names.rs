use std::cell::Cell;
use std::collections::HashMap;

use super::read::Read;
use crate::rule::lang::ast::Spanned;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;

/// Which document an id or a name means.
#[derive(Debug)]
pub(super) struct Names {
    ids: HashMap<String, usize>,
    names: HashMap<String, Vec<usize>>,
    /// For how many unknown names another may still be suggested, which takes a look at all.
    suggestions: Cell<u32>,
}

impl Names {
    /// The names of all rules; filters have none.
    pub(super) fn new(documents: &[Read<'_>]) -> Self {
        let (mut ids, mut names) = (HashMap::new(), HashMap::<_, Vec<usize>>::new());
        for (at, rule) in
            documents.iter().enumerate().filter_map(|(at, document)| Some((at, document.rule()?)))
        {
            ids.entry(rule.id.clone()).or_insert(at);
            if let Some(name) = &rule.name {
                names.entry(name.clone()).or_default().push(at);
            }
        }
        Self { ids, names, suggestions: Cell::new(64) }
    }

    /// The document that is meant: the rule of this id, else the one of this name.
    pub(super) fn find(&self, reference: &Spanned<String>) -> Result<usize, Issue> {
        if let Some(at) = self.ids.get(&reference.node) {
            return Ok(*at);
        }
        match self.names.get(&reference.node).map(Vec::as_slice) {
            Some([only]) => Ok(*only),
            Some(_) => {
                let title = format!("several rules have the name {}", quoted(&reference.node));
                let label = "which of them is not clear";
                Err(Issue::new(Code::AmbiguousRule, title, reference.span.clone(), label)
                    .help("name the rule by its `id`"))
            }
            None => Err(self.unknown(reference)),
        }
    }

    fn unknown(&self, reference: &Spanned<String>) -> Issue {
        let title = format!("no Sigma rule is called {}", quoted(&reference.node));
        let left = self.suggestions.get();
        self.suggestions.set(left.saturating_sub(1));
        let known = self.names.keys().chain(self.ids.keys()).map(String::as_str).filter(|_| left > 0);
        Issue::new(Code::UnknownRule, title, reference.span.clone(), "no rule has this id or name")
            .help("a rule is named by its `id` or `name`, and belongs to the same rule set")
            .help_if(did_you_mean(&reference.node, known))
    }
}
