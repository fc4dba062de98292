use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::build::{self, Assembled};
use super::builder::RuleSetBuilder;
use super::chain::{Chain, Fed, Pending};
use super::definition::Blueprint;
use super::image;
use super::watch::Watch;
use crate::event::{Event, FieldMask, Schema};
use crate::finding::{Detector, Findings};
use crate::rule::image::ImageError;
use crate::rule::lang::suggest::nearest;
use crate::rule::list::{List, ListError, NamedList};
use crate::rule::model::{Exception, Rule};
use crate::rule::plan::program::{Program, Scratch};
use crate::rule::run::compiled::Compiled;
use crate::rule::run::tally::RuleStats;
use crate::rule::sigma::SigmaRule;
use crate::rule::state::key::{KeyHasher, Keys};
use crate::rule::state::memory::Budget;
use crate::rule::state::operator::Inputs;

/// Rules that are ready to look at events.
///
/// `detect` never fails and, while nothing is found and no key is new, allocates nothing. Findings of one event come in
/// the order of their rules' [priority](Rule::priority), from the highest down, and else in the order of the sources;
/// before them those of sequences in which something has now not happened. State is bounded: see
/// [`RuleSetBuilder::keys_per_rule`].
///
/// A counting rule cuts time into slots of a sixteenth of its window. It alarms when something is counted in a slot and
/// the sixteen slots up to it hold enough; once for each key and each sixteen slots, so that an attack that goes on gives
/// one finding a window. An event up to the [lateness](RuleSetBuilder::lateness) older than the newest of its key counts
/// as if it had come in time; an older one is not counted, which is a fault of the kind `Late`. How far time has come is
/// a matter of each key alone: an event with an absurd time makes no other key late. (Only that something has *not* happened is concluded from the
/// newest event of all keys: there an event far ahead of the others concludes too early, which an engine bounds by how far
/// it lets events be ahead of its clock.) The finding's time is the
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
    /// What each of them was assembled from.
    pub(super) blueprints: Arc<[Blueprint]>,
    program: Arc<Program>,
    /// For each condition of the program the rule that it sets off.
    triggers: Arc<[Trigger]>,
    pub(super) hasher: KeyHasher,
    fields: FieldMask,
    /// The rules that find something when something does not happen.
    waiting: Arc<[u32]>,
    chain: Arc<Chain>,
}

/// The input of a trigger that keeps a rule from being fed.
const VETO: u8 = u8::MAX;

/// A condition holds: so much for whom.
#[derive(Clone, Copy, Debug)]
struct Trigger {
    rule: u32,
    /// Which of the rule's inputs it is.
    input: u8,
}

/// What was written, and by what limits it was read.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) rules: Vec<Rule>,
    pub(super) sigma: Vec<SigmaRule>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) lists: HashMap<String, Arc<NamedList>>,
    /// What rules that are off would be assembled from, by their ids.
    pub(super) idle: HashMap<String, Blueprint>,
    pub(super) budget: Budget,
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
        watch: &Watch<'_>,
    ) -> Self {
        let blueprints = assembled.iter().map(Blueprint::new).collect();
        let chain = Chain::new(assembled.iter().map(|assembled| assembled.fed_by.as_slice()));
        let mut fields = FieldMask::default();
        let (mut compiled, mut triggers, mut conditions) = (Vec::new(), Vec::new(), Vec::new());
        let mut reads = Vec::new();
        for (at, Assembled { conditions: inputs, rule, veto, .. }) in (0u32..).zip(assembled) {
            let before = conditions.len();
            triggers.extend((0u8..).zip(&inputs).map(|(input, _)| Trigger { rule: at, input }));
            conditions.extend(inputs);
            triggers.extend(veto.iter().map(|_| Trigger { rule: at, input: VETO }));
            conditions.extend(veto);
            // Exceptions read fields that no finding quotes.
            let asked = conditions.get(before..).unwrap_or_default();
            asked.iter().for_each(|condition| build::fields(condition, &mut reads));
            reads.drain(..).for_each(|field| fields.insert(field));
            fields.union(&rule.fields());
            compiled.push(rule);
        }
        let program = Arc::new(Program::watched(conditions, &|| watch.is_over()).unwrap_or_default());
        let waits = |rule: &Compiled| rule.remembers.as_ref().is_some_and(|it| it.memory.waits());
        let waiting = (0u32..).zip(&compiled).filter(|(_, rule)| waits(rule)).map(|(at, _)| at).collect();
        Self {
            schema,
            written: Arc::new(written),
            compiled,
            blueprints,
            program,
            triggers: triggers.into(),
            hasher,
            fields,
            waiting,
            chain: Arc::new(chain),
        }
    }

    /// The same rules, which have counted nothing yet. What is compiled is shared, lists among it, so this costs little.
    ///
    /// Keys are hashed with a fixed seed, so that two such sets do the same with the same events, whatever the limits: for
    /// tests and replays, not for events of strangers.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let budget = self.written.budget.emptied();
        Self {
            schema: self.schema.clone(),
            written: Arc::clone(&self.written),
            compiled: self.compiled.iter().map(|rule| rule.fresh(&budget)).collect(),
            blueprints: Arc::clone(&self.blueprints),
            program: Arc::clone(&self.program),
            triggers: Arc::clone(&self.triggers),
            hasher: KeyHasher::new(Some(0), self.hasher.ipv6_prefix()),
            fields: self.fields.clone(),
            waiting: Arc::clone(&self.waiting),
            chain: Arc::clone(&self.chain),
        }
    }

    /// The rules as bytes that [`RuleSetBuilder::image`] reads, which spares reading YAML, checking and binding. What was
    /// counted is not in it ([`RuleSet::snapshot`] is for that), nor are limits and the members of lists, which the host
    /// gives again, nor rules that are off, of which only the text is kept.
    ///
    /// # Errors
    /// The image would be larger than images may be.
    pub fn image(&self) -> Result<Vec<u8>, ImageError> {
        image::write(self)
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

    /// The Sigma rules, those that are off among them, in order. They come after all others of priority 0.
    pub fn sigma_rules(&self) -> impl Iterator<Item = &SigmaRule> {
        self.written.sigma.iter()
    }

    /// The exceptions, those of sources before those given in code.
    pub fn exceptions(&self) -> impl Iterator<Item = &Exception> {
        self.written.exceptions.iter()
    }

    /// The names of the lists, in no order.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.written.lists.keys().map(String::as_str)
    }

    /// Replaces the members of a list by others of the same kind, for all rules at once.
    ///
    /// Events that other threads are looking at see, test by test, either the old members or the new ones. No reader waits
    /// for a writer; what it costs is to prepare the new list.
    ///
    /// ```
    /// use std::net::IpAddr;
    ///
    /// use autosec_core::event::{Event, Schema, field};
    /// use autosec_core::finding::{Detector, Findings};
    /// use autosec_core::measure::Severity;
    /// use autosec_core::rule::{List, ListError, Rule, RuleSet};
    /// use autosec_core::time::Timestamp;
    ///
    /// let rules = RuleSet::builder(&Schema::ecs())
    ///     .list("tor_exits", List::addresses([]))
    ///     .rule(Rule::new("from-tor", Severity::Low, "source.ip in $tor_exits"))
    ///     .build()?;
    /// let event = Event::new(Timestamp::EPOCH).with(field::SOURCE_IP, "203.0.113.7".parse::<IpAddr>()?);
    /// let mut findings = Findings::default();
    /// rules.detect(&event, &mut findings);
    /// assert!(findings.found().is_empty());
    ///
    /// rules.replace_list("tor_exits", List::addresses(["203.0.113.7/32".parse()?]))?;
    /// rules.detect(&event, &mut findings);
    /// assert_eq!(findings.found().len(), 1);
    ///
    /// let refused = rules.replace_list("tor_exit", List::addresses([])).unwrap_err();
    /// assert_eq!(refused.to_string(), "the rule set has no list `tor_exit`: did you mean `tor_exits`?");
    /// assert!(matches!(rules.replace_list("tor_exits", List::texts(["x"])), Err(ListError::Kind { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The set has no list of this name, or one of another kind.
    pub fn replace_list(&self, name: &str, list: List) -> Result<(), ListError> {
        match self.written.lists.get(name) {
            Some(named) => named.replace(&list),
            None => Err(self.unknown_list(name)),
        }
    }

    fn unknown_list(&self, name: &str) -> ListError {
        let help = match nearest(name, self.lists()) {
            Some(close) => format!("did you mean `{close}`?"),
            None if self.written.lists.is_empty() => "it has none at all".to_owned(),
            None => "give it one with `RuleSetBuilder::list`, which may be empty".to_owned(),
        };
        ListError::Unknown { name: name.chars().take(64).collect(), help }
    }

    /// What happened to each rule that is not off, in the order in which they are evaluated.
    pub fn stats(&self) -> impl Iterator<Item = RuleStats> {
        self.compiled.iter().map(Compiled::stats)
    }
}

impl RuleSet {
    /// Tells rules that these conditions hold, and those rules that they feed.
    fn tell(&self, triggered: &[u32], event: &Event<'_>, findings: &mut Findings) {
        if triggered.is_empty() {
            return;
        }
        let mut keys = Keys::new(&self.hasher);
        let mut pending = Pending::default();
        let mut vetoed = SmallVec::<[u32; 8]>::new();
        let mut triggers = triggered.iter().filter_map(|at| self.triggers.get(*at as usize)).peekable();
        // The conditions of a rule stand next to each other, so those that hold come together.
        while let Some(first) = triggers.next() {
            if first.input == VETO {
                vetoed.push(first.rule);
                continue;
            }
            let mut inputs = Inputs::one(usize::from(first.input));
            while let Some(next) = triggers.next_if(|next| next.rule == first.rule && next.input != VETO) {
                inputs.0 |= Inputs::one(usize::from(next.input)).0;
            }
            if let Some(rule) = self.compiled.get(first.rule as usize) {
                let times = rule.detect(inputs, event.time(), event, &mut keys, findings);
                self.chain.feed(first.rule, &times, &mut pending);
            }
        }
        while let Some(Fed { rule: at, time, inputs }) = pending.next() {
            if vetoed.contains(&at) {
                continue;
            }
            if let Some(rule) = self.compiled.get(at as usize) {
                let times = rule.detect(inputs, time, event, &mut keys, findings);
                self.chain.feed(at, &times, &mut pending);
            }
        }
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
        Scratch::with(|scratch| self.tell(self.program.matching(event, scratch), event, findings));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::event::JsonReader;
    use crate::time::Timestamp;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    /// Every twentieth of the recorded events, with all Sigma rules: what the index says is what each condition says by
    /// itself.
    #[test]
    fn real_rules_hold_of_real_events_with_and_without_the_index() {
        let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
        if !corpora.is_dir() {
            eprintln!("SKIPPED: {} is absent, so the index is not tested with real rules", corpora.display());
            return;
        }
        let schema = Schema::ecs();
        let mut paths = files(&corpora.join("sigma/rules"));
        paths.retain(|path| path.extension().is_some_and(|held| held == "yml"));
        paths.sort();
        let builder = RuleSet::builder(&schema).allow_unknown_placeholders();
        let builder = paths.iter().fold(builder, |builder, path| {
            builder.sigma(path.display().to_string(), fs::read_to_string(path).unwrap())
        });
        let rules = builder.build().unwrap();
        let reader = JsonReader::new(rules.schema(), &rules.fields());
        let text = fs::read_to_string(corpora.join("events/windows-otrf-2000.jsonl")).unwrap();
        let (mut scratch, mut total) = (Scratch::default(), 0);
        for line in text.lines().step_by(20) {
            let event = reader.read_at(line.as_bytes(), Timestamp::EPOCH).unwrap();
            let numbers = 0..u32::try_from(rules.triggers.len()).unwrap();
            let alone: Vec<_> = numbers.filter(|number| rules.program.holds(*number, &event)).collect();
            assert_eq!(rules.program.matching(&event, &mut scratch), alone, "{line}");
            total += alone.len();
        }
        assert!(total > 100, "{total} matches are too few to say much");
    }
}
