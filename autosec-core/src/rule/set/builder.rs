use std::collections::HashMap;
use std::time::Duration;

use super::build::{self, Source};
use super::errors::RuleErrors;
use super::rules::RuleSet;
use crate::event::Schema;
use crate::rule::lang::check::Scope;
use crate::rule::list::List;
use crate::rule::model::Rule;
use crate::rule::plan::gate::Gates;
use crate::rule::starter::STARTER;
use crate::rule::state::key::KeyHasher;
use crate::rule::state::window::Budget;

/// Gathers rules, lists and limits; made by [`RuleSet::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::event::Schema;
/// use autosec_core::measure::Severity;
/// use autosec_core::rule::{Rule, RuleSet};
///
/// let schema = Schema::ecs();
/// let rules = RuleSet::builder(&schema)
///     .starter()
///     .rule(Rule::new("own-rule", Severity::Low, "source.port < 1024"))
///     .lateness(Duration::from_secs(30))
///     .keys_per_rule(10_000)
///     .build()?;
/// assert!(rules.rules().any(|rule| rule.id == "ssh-brute-force"));
///
/// let twice = RuleSet::builder(&schema).starter().starter().build().unwrap_err();
/// assert!(twice.diagnostics().iter().all(|diagnostic| diagnostic.code() == "E202"));
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
#[derive(Debug)]
pub struct RuleSetBuilder<'s> {
    schema: &'s Schema,
    sources: Vec<Source>,
    rules: Vec<Rule>,
    lists: HashMap<String, List>,
    budget: Budget,
    ipv6_prefix: u8,
    seed: Option<u64>,
}

impl<'s> RuleSetBuilder<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            sources: Vec::new(),
            rules: Vec::new(),
            lists: HashMap::new(),
            budget: Budget { lateness: Duration::from_secs(10), keys: 100_000 },
            ipv6_prefix: 64,
            seed: None,
        }
    }

    /// Adds a list of rules in YAML or JSON, at most 1 MiB; `name` (a file's path, say) appears in diagnostics.
    #[must_use]
    pub fn source(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.sources.push(Source::new(name.into(), text.into()));
        self
    }

    /// Adds the starter pack: SSH, web and network rules that a host can switch on as they are.
    #[must_use]
    pub fn starter(self) -> Self {
        STARTER.iter().fold(self, |builder, (name, text)| builder.source(*name, *text))
    }

    /// Adds one rule. Rules added so come after those of sources.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Gives a list a name made of letters, digits, `_`, `-` or `.`, for `field in $name`; one of the same name is
    /// replaced.
    #[must_use]
    pub fn list(mut self, name: impl Into<String>, list: List) -> Self {
        self.lists.insert(name.into(), list);
        self
    }

    /// How much older than the newest event of its key an event may be and still be counted, 10 s by default.
    ///
    /// Rounded up to whole slots, a slot being a sixteenth of the rule's window. Events in any order whose displacement
    /// stays within it give the same findings as events in order.
    #[must_use]
    pub fn lateness(mut self, lateness: Duration) -> Self {
        self.budget.lateness = lateness;
        self
    }

    /// How many bits of an IPv6 address stand for one client, 64 by default, at most 128.
    #[must_use]
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits.min(128);
        self
    }

    /// How many keys each counting rule remembers, 100,000 by default; kept in sixteen shards of equal size, rounded down
    /// to a multiple of sixteen and at least sixteen.
    ///
    /// A counting rule takes about 160 bytes a key. A rule of distinct values takes about 90 bytes a key and 32 for each
    /// value it remembers, which are at most a quarter and eight more than it asks for.
    #[must_use]
    pub fn keys_per_rule(mut self, keys: usize) -> Self {
        self.budget.keys = keys;
        self
    }

    /// Fixes the seed of key hashes, which is drawn at random by default.
    ///
    /// Findings do not depend on it as long as no key is evicted. Whoever knows it can make keys collide.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Reads, checks and compiles all rules.
    ///
    /// # Errors
    /// Everything that is wrong with any of them; then no rule set exists.
    pub fn build(self) -> Result<RuleSet, RuleErrors> {
        let mut diagnostics = Vec::new();
        let origins = build::read(&self.sources, self.rules, &mut diagnostics);
        let scope = Scope { schema: self.schema, lists: &self.lists };
        let compiled = build::compile(&origins, &scope, self.budget, &mut diagnostics);
        if !diagnostics.is_empty() {
            return Err(RuleErrors::new(diagnostics));
        }
        let gates = Gates::new(compiled.iter().map(|(condition, _)| condition));
        let written = origins.into_iter().map(|origin| origin.rule).collect();
        let compiled = compiled.into_iter().map(|(_, rule)| rule).collect();
        Ok(RuleSet::new(written, compiled, gates, KeyHasher::new(self.seed, self.ipv6_prefix)))
    }
}
