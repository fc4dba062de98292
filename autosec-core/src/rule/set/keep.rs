use super::rules::RuleSet;
use crate::rule::run::compiled::{Compiled, Remembering};
use crate::rule::state::codec::Reader;
use crate::rule::state::snapshot::{self, Snapshot, SnapshotError};

/// What became of a snapshot's rules.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Restored {
    /// How many rules took up what they remembered.
    pub rules: usize,
    /// The ids of rules that did not: they are gone, remember something else now, or their part makes no sense.
    pub dropped: Vec<String>,
}

/// What a rule set remembers can be written down, and taken up by another.
///
/// ```
/// use std::net::IpAddr;
///
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::finding::{Detector, Findings};
/// use autosec_core::rule::RuleSet;
/// use autosec_core::time::Timestamp;
///
/// let schema = Schema::ecs();
/// let shard = || RuleSet::builder(&schema).seed(7).source("flood.yaml", "
/// - id: flood
///   name: Flood
///   severity: low
///   when: exists(source.ip)
///   count: { by: [source.ip], within: 1m, at_least: 5 }
/// ").build();
/// let (left, right) = (shard()?, shard()?);
///
/// let mut findings = Findings::default();
/// let mut send = |to: &RuleSet| {
///     let event = Event::new(Timestamp::from_secs(960)).with(field::SOURCE_IP, "192.0.2.7".parse::<IpAddr>().unwrap());
///     to.detect(&event, &mut findings);
///     findings.found().len()
/// };
/// assert_eq!((send(&left), send(&left), send(&right), send(&right)), (0, 0, 0, 0));
/// left.merge(&right.snapshot())?;
/// assert_eq!(send(&left), 1, "it is the fifth that both together saw");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl RuleSet {
    /// Writes down what all rules remember: for a restart, for another machine, or to [merge](RuleSet::merge) shards.
    ///
    /// It holds hashes of what rules count by, not the values themselves, except for the subjects of sequences in
    /// which something must not happen; and the seed of the hashes: keep it as secret as a log. Rules
    /// go on while it is written, table by table, so it is of no single moment unless nothing happens meanwhile.
    pub fn snapshot(&self) -> Vec<u8> {
        let remembering: Vec<_> = self.remembering().collect();
        let rules = remembering.into_iter();
        snapshot::write(
            self.hasher.seed(),
            self.hasher.ipv6_prefix(),
            rules.map(|(rule, it)| (&*rule.analytic.id, it.digest, |to: &mut _| it.memory.write(to))),
        )
    }

    /// Replaces what rules remember by what they did when the snapshot was taken. Rules that are not in it, or that
    /// remembered something else then, are left as they are.
    ///
    /// # Errors
    /// The bytes are no snapshot, damaged, of a version that is not known, or of another seed; then nothing has
    /// changed. See [`RuleSetBuilder::resume`](super::RuleSetBuilder::resume) for sets without a fixed seed.
    pub fn restore(&self, snapshot: &[u8]) -> Result<Restored, SnapshotError> {
        Ok(self.take(&self.readable(snapshot)?, true))
    }

    /// Adds what the rules of another set remembered when the snapshot was taken, as if this one had seen its events too.
    ///
    /// Exact as long as neither gave up a key or a value. What only both together have reached is found with the next
    /// event of the key.
    ///
    /// # Errors
    /// As [`RuleSet::restore`].
    pub fn merge(&self, snapshot: &[u8]) -> Result<Restored, SnapshotError> {
        Ok(self.take(&self.readable(snapshot)?, false))
    }

    /// From now on remembers, together with `old`, what that remembers, as far as rules are unchanged: the same id, the
    /// same expression, the same operator. Gives how many are. Takes over the seed of keys, so it must not have seen an
    /// event yet.
    ///
    /// This is how rules are changed without forgetting: build the new set, let it take the state of the old, and
    /// put it in the old one's place. While both are at work, an event that both see is counted twice.
    pub fn take_state_from(&mut self, old: &RuleSet) -> usize {
        if self.hasher.ipv6_prefix() != old.hasher.ipv6_prefix() {
            return 0;
        }
        self.hasher = old.hasher.clone();
        let held: std::collections::HashMap<_, _> =
            old.remembering().map(|(rule, it)| (&*rule.analytic.id, it)).collect();
        let mut kept = 0;
        for rule in &mut self.compiled {
            let Some(new) = &mut rule.remembers else { continue };
            let Some(old) = held.get(&*rule.analytic.id) else { continue };
            if new.digest == old.digest && new.memory.is_like(&old.memory) {
                new.memory.share(&old.memory);
                kept += 1;
            }
        }
        kept
    }

    /// Takes up each part whose rule is unchanged, instead of what the rule remembers or besides.
    pub(super) fn take(&self, snapshot: &Snapshot<'_>, instead: bool) -> Restored {
        let known: std::collections::HashMap<_, _> =
            self.remembering().map(|(rule, it)| (&*rule.analytic.id, it)).collect();
        let readable = snapshot.ipv6_prefix() == u64::from(self.hasher.ipv6_prefix());
        let mut restored = Restored::default();
        for part in snapshot.rules() {
            let same = known.get(part.id).filter(|it| readable && it.digest == part.digest);
            if same.is_some_and(|it| take_part(it, part.state.0, instead)) {
                restored.rules += 1;
            } else {
                restored.dropped.push(part.id.to_owned());
            }
        }
        restored
    }

    fn readable<'b>(&self, snapshot: &'b [u8]) -> Result<Snapshot<'b>, SnapshotError> {
        let snapshot = Snapshot::read(snapshot)?;
        if snapshot.seed() == self.hasher.seed() { Ok(snapshot) } else { Err(SnapshotError::Seed) }
    }

    fn remembering(&self) -> impl Iterator<Item = (&Compiled, &Remembering)> {
        self.compiled.iter().filter_map(|rule| Some((rule, rule.remembers.as_ref()?)))
    }
}

/// Whether the part made sense; of one that does not, nothing is kept if it was to stand instead of what was there.
fn take_part(it: &Remembering, state: &[u8], instead: bool) -> bool {
    if instead {
        it.memory.clear();
    }
    let mut from = Reader(state);
    let taken = it.memory.merge(&mut from).is_some() && from.0.is_empty();
    if !taken && instead {
        it.memory.clear();
    }
    taken
}
