use std::collections::{HashMap, HashSet};

use super::build::Assembled;
use super::rules::RuleSet;
use crate::rule::image::kept::Kept;
use crate::rule::lang::condition::Condition;
use crate::rule::model::Rule;
use crate::rule::run::compiled::Compiled;
use crate::rule::sigma::SigmaRule;

/// From so many ways to rules on, two ways to one rule that differ only by the exceptions on them are told as one: each
/// level of correlations that share what is below them may double their number.
const WAYS: usize = 4_096;

/// What a rule was assembled from, for whoever asks later.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::rule) struct Blueprint {
    /// One for each input, exceptions among them.
    pub(super) conditions: Box<[Kept]>,
    pub(super) veto: Option<Kept>,
    pub(super) fed_by: Box<[u32]>,
    pub(super) priority: i32,
}

/// All that a set knows about one rule.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct Definition<'r> {
    pub(in crate::rule) said: Said<'r>,
    pub(in crate::rule) blueprint: Option<&'r Blueprint>,
    /// None of a rule that is off.
    pub(in crate::rule) compiled: Option<&'r Compiled>,
}

/// A rule as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::rule) enum Said<'r> {
    Native(&'r Rule),
    Sigma(&'r SigmaRule),
}

impl Blueprint {
    pub(super) fn new(assembled: &Assembled) -> Self {
        Self {
            conditions: assembled.conditions.iter().map(Kept::new).collect(),
            veto: assembled.veto.as_ref().map(Kept::new),
            fed_by: assembled.fed_by.as_slice().into(),
            priority: assembled.priority,
        }
    }
}

impl<'r> Definition<'r> {
    pub(in crate::rule) fn id(&self) -> &'r str {
        match self.said {
            Said::Native(rule) => &rule.id,
            Said::Sigma(rule) => &rule.id,
        }
    }

    pub(in crate::rule) fn name(&self) -> &'r str {
        match self.said {
            Said::Native(rule) => &rule.name,
            Said::Sigma(rule) => &rule.title,
        }
    }
}

impl RuleSet {
    /// Every rule, those that are off among them, in the order in which they were written.
    pub(in crate::rule) fn definitions(&self) -> impl Iterator<Item = Definition<'_>> {
        let running: HashMap<&str, (&Compiled, &Blueprint)> = self
            .compiled
            .iter()
            .zip(&*self.blueprints)
            .map(|(rule, blueprint)| (rule.id(), (rule, blueprint)))
            .collect();
        let written = self.written.rules.iter().map(Said::Native);
        written.chain(self.written.sigma.iter().map(Said::Sigma)).map(move |said| {
            let mut definition = Definition { said, blueprint: None, compiled: None };
            match running.get(definition.id()) {
                Some((rule, blueprint)) => {
                    (definition.compiled, definition.blueprint) = (Some(*rule), Some(*blueprint));
                }
                None => definition.blueprint = self.written.idle.get(definition.id()),
            }
            definition
        })
    }

    /// What an event must satisfy to set a rule off, directly or through the rules that feed it.
    pub(in crate::rule) fn whole_condition(&self, blueprint: &Blueprint) -> Option<Condition> {
        self.ways(blueprint, &[], &mut HashSet::new())
    }

    /// The same behind `vetoes`, but for the ways that are in `seen` already: correlations that share the rules below them
    /// would otherwise give each of those as often as there are ways to it, which doubles with each level.
    fn ways<'r>(
        &'r self,
        blueprint: &'r Blueprint,
        vetoes: &[&'r Kept],
        seen: &mut HashSet<(u32, Vec<&'r [u8]>)>,
    ) -> Option<Condition> {
        let condition = |kept: &Kept| kept.condition(&self.schema, &self.written.lists);
        let mut inputs = blueprint.conditions.iter().map(condition).collect::<Option<Vec<_>>>()?;
        let mut vetoes = vetoes.to_vec();
        if let Some(veto) = blueprint.veto.as_ref().filter(|veto| !vetoes.contains(veto)) {
            vetoes.push(veto);
        }
        vetoes.sort_unstable_by_key(|veto| veto.bytes());
        for from in &blueprint.fed_by {
            let apart = if seen.len() < WAYS { vetoes.as_slice() } else { &[] };
            if seen.insert((*from, apart.iter().map(|veto| veto.bytes()).collect())) {
                let way = self.ways(self.blueprints.get(*from as usize)?, &vetoes, seen)?;
                inputs.extend((!is_nothing(&way)).then_some(way));
            }
        }
        let inputs = match inputs.len() {
            1 => inputs.pop()?,
            _ => Condition::Any(inputs),
        };
        match &blueprint.veto {
            _ if is_nothing(&inputs) => Some(inputs),
            None => Some(inputs),
            Some(veto) => Some(Condition::All(vec![Condition::Not(Box::new(condition(veto)?)), inputs])),
        }
    }
}

/// Whether no event can satisfy it, because every way to it was told of already.
fn is_nothing(condition: &Condition) -> bool {
    matches!(condition, Condition::Any(parts) if parts.is_empty())
}
