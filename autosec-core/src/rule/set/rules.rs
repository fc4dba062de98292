use std::sync::Arc;

use super::build::Assembled;
use super::builder::RuleSetBuilder;
use crate::event::{Event, FieldMask, Schema};
use crate::finding::{Detector, Findings};
use crate::rule::image::kept::Kept;
use crate::rule::image::{self, ImageError};
use crate::rule::model::Rule;
use crate::rule::plan::program::{Program, Scratch};
use crate::rule::run::compiled::Compiled;
use crate::rule::run::tally::RuleStats;
use crate::rule::sigma::SigmaRule;
use crate::rule::state::key::{KeyHasher, Keys};

/// Rules that are ready to look at events.
///
/// `detect` never fails and, while nothing is found and no key is new, allocates nothing. Findings come in the order of
/// the rules. State is bounded: see [`RuleSetBuilder::keys_per_rule`].
///
/// A counting rule cuts time into slots of a sixteenth of its window. It alarms when something is counted in a slot and
/// the sixteen slots up to it hold enough; once for each key and each sixteen slots, so that an attack that goes on gives
/// one finding a window. An event up to the [lateness](RuleSetBuilder::lateness) older than the newest of its key counts
/// as if it had come in time; an older one is not counted, which is a fault of the kind `Late`. How far time has come is
/// a matter of each key alone: an event with an absurd time makes no other key late. The finding's time is the
/// event's, or the start of the slot that a late event completed, if that is later.
///
/// A finding's subject is the same in whatever order events come if it is one of the fields a rule counts by; else it is
/// that of the event that completed the window.
///
/// ```
/// use std::net::IpAddr;
///
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::finding::{Detector, Findings};
/// use autosec_core::rule::RuleSet;
/// use autosec_core::time::Timestamp;
///
/// let rules = RuleSet::builder(&Schema::ecs()).source("login.yaml", r#"
/// - id: brute-force
///   name: Brute force
///   severity: high
///   when: event.action == "login" and event.outcome == "failure"
///   count: { by: [source.ip], within: 1m, at_least: 3 }
/// "#).build()?;
///
/// let mut findings = Findings::default();
/// for second in [960, 962, 964, 966] {
///     let failure = Event::new(Timestamp::from_secs(second))
///         .with(field::EVENT_ACTION, "login")
///         .with(field::EVENT_OUTCOME, "failure")
///         .with(field::SOURCE_IP, "203.0.113.7".parse::<IpAddr>().unwrap());
///     rules.detect(&failure, &mut findings);
/// }
/// let [finding] = findings.found() else { panic!("one a window") };
/// assert_eq!(finding.subject.to_string(), "203.0.113.7");
/// assert_eq!(finding.evidence.last().unwrap().to_string(), "3 events within 1m (it takes 3)");
/// assert_eq!(rules.stats().next().unwrap().matches, 4);
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
#[derive(Debug)]
pub struct RuleSet {
    pub(super) schema: Schema,
    pub(super) written: Arc<Written>,
    pub(super) compiled: Vec<Compiled>,
    program: Arc<Program>,
    /// For each condition of the program the rule that it sets off.
    triggers: Arc<[Trigger]>,
    pub(super) hasher: KeyHasher,
    fields: FieldMask,
}

/// A condition holds: so much for whom.
#[derive(Clone, Copy, Debug)]
struct Trigger {
    rule: u32,
}

/// The rules as they were written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) rules: Vec<Rule>,
    pub(super) sigma: Vec<SigmaRule>,
    /// What was made of them, in order.
    pub(super) conditions: Vec<Kept>,
}

impl RuleSet {
    /// Starts a rule set whose rules read the fields of `schema`.
    pub fn builder(schema: &Schema) -> RuleSetBuilder<'_> {
        RuleSetBuilder::new(schema)
    }

    pub(super) fn new(
        schema: Schema,
        written: Written,
        assembled: Vec<Assembled>,
        hasher: KeyHasher,
    ) -> Self {
        let mut fields = FieldMask::default();
        let (mut compiled, mut triggers, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        for (at, Assembled { conditions: inputs, rule }) in (0u32..).zip(assembled) {
            triggers.extend(inputs.iter().map(|_| Trigger { rule: at }));
            conditions.extend(inputs);
            fields.union(&rule.fields());
            compiled.push(rule);
        }
        let program = Arc::new(Program::new(conditions));
        Self {
            schema,
            written: Arc::new(written),
            compiled,
            program,
            triggers: triggers.into(),
            hasher,
            fields,
        }
    }

    /// The same rules, which have counted nothing yet. What is compiled is shared, so this costs little.
    ///
    /// Keys are hashed with a fixed seed, so that two such sets do the same with the same events, whatever the limits: for
    /// tests and replays, not for events of strangers.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let mut compiled = self.compiled.clone();
        compiled.iter_mut().for_each(Compiled::start_empty);
        Self {
            schema: self.schema.clone(),
            written: Arc::clone(&self.written),
            compiled,
            program: Arc::clone(&self.program),
            triggers: Arc::clone(&self.triggers),
            hasher: KeyHasher::new(Some(0), self.hasher.ipv6_prefix()),
            fields: self.fields.clone(),
        }
    }

    /// The fields that exist for these rules: those of the schema the set was built from, under the same ids, and those
    /// that Sigma rules name besides. What reads events for the rules is made from it.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The rules as they were written, those that are off among them, in order; without those of Sigma.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.written.rules.iter()
    }

    /// The Sigma rules, those that are off among them, in order. They come after all others.
    pub fn sigma_rules(&self) -> impl Iterator<Item = &SigmaRule> {
        self.written.sigma.iter()
    }

    /// The rules as they were written with what was made of them, as bytes that [`RuleSetBuilder::image`] reads: several
    /// times faster than from YAML. What was counted is not in it, nor are lists and limits, which the host gives again.
    ///
    /// # Errors
    /// The image would be larger than images may be.
    pub fn image(&self) -> Result<Vec<u8>, ImageError> {
        let Written { rules, sigma, conditions } = &*self.written;
        let (native, foreign) = conditions.split_at(rules.len().min(conditions.len()));
        image::write(&self.schema, rules.iter().zip(native), sigma.iter().zip(foreign))
    }

    /// What happened to each rule that is not off, in order.
    pub fn stats(&self) -> impl Iterator<Item = RuleStats> {
        self.compiled.iter().map(Compiled::stats)
    }
}

impl Detector for RuleSet {
    fn name(&self) -> &str {
        "rules"
    }

    fn fields(&self) -> FieldMask {
        self.fields.clone()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        let mut keys = Keys::new(&self.hasher);
        let mut scratch = Scratch::default();
        for at in self.program.matching(event, &mut scratch) {
            let trigger = self.triggers.get(*at as usize);
            if let Some(rule) = trigger.and_then(|trigger| self.compiled.get(trigger.rule as usize)) {
                rule.detect(event, &mut keys, findings);
            }
        }
    }
}
