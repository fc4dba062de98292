use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::reload::{ReloadError, Reloaded};
use super::rules::RuleSet;
use crate::event::{Event, FieldMask};
use crate::finding::{Detector, Findings};

/// A rule set that can be replaced while events are looked at.
///
/// Give an engine an [`Arc`] of it and keep another: what is replaced there counts for the next event. An event is looked at
/// by one set from its beginning to its end, the old or the new one, and no event waits for a reload. Rules that count the
/// same in both go on with the same windows, so that an event counts exactly once whichever set saw it.
///
/// ```
/// use std::sync::Arc;
///
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::rule::{LiveRules, RuleSet};
/// use autosec_core::time::Timestamp;
///
/// let pack = |severity: &str| format!(r#"
/// - id: brute-force
///   name: Brute force
///   severity: {severity}
///   when: event.action == "login" and event.outcome == "failure"
///   count: {{ by: [source.ip], within: 1m, at_least: 3 }}
/// "#);
/// let build = |schema: &Schema, severity| RuleSet::builder(schema).source("login.yaml", pack(severity)).build();
/// let rules = Arc::new(LiveRules::new(build(&Schema::ecs(), "low")?));
/// let engine = Engine::builder().detector(Arc::clone(&rules)).build()?;
/// let failure = |second| {
///     Event::new(Timestamp::from_secs(second))
///         .with(field::EVENT_ACTION, "login")
///         .with(field::EVENT_OUTCOME, "failure")
///         .with(field::SOURCE_IP, "203.0.113.7".parse::<std::net::IpAddr>().unwrap())
/// };
/// assert!(engine.process(failure(960)).is_quiet() && engine.process(failure(961)).is_quiet());
///
/// let reloaded = rules.replace(build(rules.current().schema(), "high")?)?;
/// assert_eq!(reloaded.to_string(), "1 kept");
/// assert!(!engine.process(failure(962)).is_quiet(), "the two before are still counted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Fields
/// Readers fill what rules read, under the numbers of a schema. So the new set must be built from the
/// [schema](RuleSet::schema) of the old one, which it may extend; another is refused. Where the new rules read fields that
/// nobody read before ([`Reloaded::new_fields`]), make readers anew from the schema and the [fields](Detector::fields) of the new
/// set: before the replacement if no match is to be missed, since both are known once the set is built. Events of the
/// readers before stay good; they lack those fields.
///
/// # Memory
/// The old set is freed when the last event in it is done; both exist for that long. Its lists are freed with it.
#[derive(Debug)]
pub struct LiveRules {
    current: ArcSwap<RuleSet>,
    /// Held while one set takes over from another, so that two replacements do not take over from the same one.
    replacing: Mutex<()>,
}

impl LiveRules {
    /// These rules, until they are replaced.
    pub fn new(rules: RuleSet) -> Self {
        Self { current: ArcSwap::from_pointee(rules), replacing: Mutex::new(()) }
    }

    /// The rules as they are now. Whoever holds them keeps them alive, and sees no later replacement.
    pub fn current(&self) -> Arc<RuleSet> {
        self.current.load_full()
    }

    /// Puts `new` in place of the current rules, and says what became of each rule.
    ///
    /// The new set takes the seed of key hashes over. What it had counted by itself is dropped.
    ///
    /// # Errors
    /// The new set was not built from the schema of the current one; then nothing changes.
    pub fn replace(&self, mut new: RuleSet) -> Result<Reloaded, ReloadError> {
        let _replacing = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let reloaded = new.take_over(&self.current.load())?;
        self.current.store(Arc::new(new));
        Ok(reloaded)
    }
}

impl Detector for LiveRules {
    fn name(&self) -> &str {
        "rules"
    }

    /// What the current rules read.
    fn fields(&self) -> FieldMask {
        self.current.load().fields()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        self.current.load().detect(event, findings);
    }
}
