use super::definition::Said;
use super::rules::RuleSet;
use crate::event::Event;
use crate::rule::explain::{Asked, Explanation, Language};
use crate::rule::lang::condition::Condition;

impl RuleSet {
    /// Why the rule with this id finds something in the event, or why not, and what would have to change. `None` if there is
    /// no such rule.
    ///
    /// The event is not counted. If it was looked at before, a counting rule's window holds it, else it does not: the event
    /// that would complete a window is explained as one too few. A rule
    /// that is off is explained as far as its expression goes. Of correlations of correlations that share rules below them, at
    /// most 4,096 ways are told apart by the exceptions that stand on them.
    ///
    /// ```
    /// use autosec_core::event::{Event, Schema, field};
    /// use autosec_core::measure::Severity;
    /// use autosec_core::rule::{Rule, RuleSet};
    /// use autosec_core::time::Timestamp;
    ///
    /// let when = r#"url.path starts_with "/admin" and (source.port < 1024 or not exists(user.name))"#;
    /// let rules = RuleSet::builder(&Schema::ecs()).rule(Rule::new("admin", Severity::High, when)).build()?;
    /// let event = Event::new(Timestamp::from_secs(1_795_000_000))
    ///     .with(field::URL_PATH, "/admin/users")
    ///     .with(field::SOURCE_PORT, 4711_i64)
    ///     .with(field::USER_NAME, "ann");
    /// let explanation = rules.explain("admin", &event).unwrap();
    /// assert_eq!(explanation.to_string(), r#"
    /// admin: admin
    /// 2026-11-18T11:06:40Z: does not match
    ///   no   all of
    ///   yes    url.path starts_with "/admin"   (url.path is /admin/users)
    ///   no     any of
    ///   no       source.port < 1024   (source.port is 4711)
    ///   no       not
    ///   yes        exists(user.name)   (user.name is ann)
    ///   to match  `source.port < 1024` would have to hold
    ///   subject   none: the event lacks source.ip
    /// "#.trim());
    /// # Ok::<(), autosec_core::rule::RuleErrors>(())
    /// ```
    pub fn explain(&self, rule: &str, event: &Event<'_>) -> Option<Explanation> {
        let definition = self.definitions().find(|definition| definition.id() == rule)?;
        let asked = Asked {
            id: definition.id(),
            name: definition.name(),
            language: match definition.said {
                Said::Native(_) => Language::Native,
                Said::Sigma(_) => Language::Sigma,
            },
            condition: match definition.blueprint {
                Some(blueprint) => self.whole_condition(blueprint)?,
                None => Condition::All(Vec::new()),
            },
            compiled: definition.compiled,
            schema: &self.schema,
            hasher: &self.hasher,
        };
        Some(asked.explain(event))
    }
}
