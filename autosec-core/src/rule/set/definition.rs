use super::rules::RuleSet;
use crate::rule::image::kept::Kept;
use crate::rule::model::Rule;
use crate::rule::run::compiled::Compiled;
use crate::rule::sigma::SigmaRule;

/// All that a set knows about one rule.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct Definition<'r> {
    pub(in crate::rule) said: Said<'r>,
    pub(in crate::rule) kept: &'r Kept,
    /// None of a rule that is off.
    pub(in crate::rule) compiled: Option<&'r Compiled>,
}

/// A rule as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::rule) enum Said<'r> {
    Native(&'r Rule),
    Sigma(&'r SigmaRule),
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
    /// Every rule, those that are off among them, in order.
    pub(in crate::rule) fn definitions(&self) -> impl Iterator<Item = Definition<'_>> {
        let written = self.written.rules.iter().map(Said::Native);
        let written = written.chain(self.written.sigma.iter().map(Said::Sigma));
        // Compiled rules stand in the same order, with those that are off left out.
        let mut running = self.compiled.iter().peekable();
        written.zip(&self.written.conditions).map(move |(said, kept)| {
            let mut definition = Definition { said, kept, compiled: None };
            definition.compiled = running.next_if(|rule| rule.id() == definition.id());
            definition
        })
    }
}
