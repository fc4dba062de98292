use super::build::Assembled;
use super::builder::RuleSetBuilder;
use super::chain::{Chain, Fed, Pending};
use crate::event::{Event, FieldMask, Schema};
use crate::finding::{Detector, Findings};
use crate::rule::model::Rule;
use crate::rule::plan::program::{Program, Scratch};
use crate::rule::run::compiled::Compiled;
use crate::rule::run::tally::RuleStats;
use crate::rule::sigma::SigmaRule;
use crate::rule::state::key::{KeyHasher, Keys};
use crate::rule::state::operator::Inputs;

/// Rules that are ready to look at events.
///
/// `detect` never fails and, while nothing is found and no key is new, allocates nothing. Findings come in the order of
/// the rules. Before them come those of sequences in which something has now not happened. State is bounded: see
/// [`RuleSetBuilder::keys_per_rule`].
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
    schema: Schema,
    written: Written,
    pub(super) compiled: Vec<Compiled>,
    program: Program,
    /// For each condition of the program the rule that it sets off.
    triggers: Vec<Trigger>,
    pub(super) hasher: KeyHasher,
    fields: FieldMask,
    /// The rules that find something when something does not happen.
    waiting: Vec<u32>,
    chain: Chain,
}

/// A condition holds: so much for whom.
#[derive(Clone, Copy, Debug)]
struct Trigger {
    rule: u32,
    /// Which of the rule's inputs it is.
    input: u8,
}

/// The rules as they were written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) rules: Vec<Rule>,
    pub(super) sigma: Vec<SigmaRule>,
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
        let chain = Chain::new(assembled.iter().map(|assembled| assembled.fed_by.as_slice()));
        let mut fields = FieldMask::default();
        let (mut compiled, mut triggers, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        for (at, Assembled { conditions: inputs, rule, .. }) in (0u32..).zip(assembled) {
            triggers.extend((0u8..).zip(&inputs).map(|(input, _)| Trigger { rule: at, input }));
            conditions.extend(inputs);
            fields.union(&rule.fields());
            compiled.push(rule);
        }
        let program = Program::new(conditions);
        let waits = |rule: &Compiled| rule.remembers.as_ref().is_some_and(|it| it.memory.waits());
        let waiting = (0u32..).zip(&compiled).filter(|(_, rule)| waits(rule)).map(|(at, _)| at).collect();
        Self { schema, written, compiled, program, triggers, hasher, fields, waiting, chain }
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

    /// What happened to each rule that is not off, in order, correlations of Sigma last.
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
        for rule in self.waiting.iter().filter_map(|at| self.compiled.get(*at as usize)) {
            rule.advance(event.time(), findings);
        }
        let mut keys = Keys::new(&self.hasher);
        let mut scratch = Scratch::default();
        let mut pending = Pending::default();
        let triggered = self.program.matching(event, &mut scratch);
        let mut triggers = triggered.iter().filter_map(|at| self.triggers.get(*at as usize)).peekable();
        // The conditions of a rule stand next to each other, so those that hold come together.
        while let Some(first) = triggers.next() {
            let mut inputs = Inputs::one(usize::from(first.input));
            while let Some(next) = triggers.next_if(|next| next.rule == first.rule) {
                inputs.0 |= Inputs::one(usize::from(next.input)).0;
            }
            if let Some(rule) = self.compiled.get(first.rule as usize) {
                let times = rule.detect(inputs, event.time(), event, &mut keys, findings);
                self.chain.feed(first.rule, &times, &mut pending);
            }
        }
        while let Some(Fed { rule: at, time, inputs }) = pending.next() {
            if let Some(rule) = self.compiled.get(at as usize) {
                let times = rule.detect(inputs, time, event, &mut keys, findings);
                self.chain.feed(at, &times, &mut pending);
            }
        }
    }
}
