use std::collections::HashMap;

use super::build::Assembled;
use super::rules::RuleSet;
use crate::rule::image::kept::Kept;
use crate::rule::lang::condition::Condition;
use crate::rule::model::Rule;
use crate::rule::run::compiled::Compiled;
use crate::rule::sigma::SigmaRule;

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
        let condition = |kept: &Kept| kept.condition(&self.schema, &self.written.lists);
        let mut inputs = blueprint.conditions.iter().map(condition).collect::<Option<Vec<_>>>()?;
        for from in &blueprint.fed_by {
            inputs.push(self.whole_condition(self.blueprints.get(*from as usize)?)?);
        }
        let inputs = match inputs.len() {
            1 => inputs.pop()?,
            _ => Condition::Any(inputs),
        };
        match &blueprint.veto {
            None => Some(inputs),
            Some(veto) => Some(Condition::All(vec![Condition::Not(Box::new(condition(veto)?)), inputs])),
        }
    }
}
