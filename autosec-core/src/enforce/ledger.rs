use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::net::canonical_network;
use crate::store::{Store, StoreError};
use crate::time::{Timestamp, human};

const JOURNAL: &str = "ledger";
/// Records that say nothing any more are tolerated up to this many beyond the number of live ones.
const SLACK: usize = 10_000;

/// What is to be in force: written to the store before any firewall is called, so that a crash at any point loses no
/// block and leaves none for ever.
///
/// Every entry has an end, so even a store that is lost leaves nothing for ever on a firewall with native expiry.
///
/// It is a journal of changes, read back by playing them in order. When most of its records say nothing any more, it is
/// rewritten with what is in force, so it stays within about twice that and 10,000 records.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use autosec_core::enforce::{Entry, Ledger};
/// use autosec_core::store::MemoryStore;
/// use autosec_core::time::Timestamp;
///
/// let (store, now) = (Arc::new(MemoryStore::new()), Timestamp::from_secs(1_700_000_000));
/// let ledger = Ledger::open(store.clone(), 1_000, now)?;
/// let target = "203.0.113.7/32".parse().unwrap();
/// let (duration, reason) = (Duration::from_secs(3600), "rule=scan".to_owned());
/// let until = now + duration;
/// ledger.block(Entry { target, until, duration, decision: "d1".into(), reason }, now)?;
/// drop(ledger);
///
/// let after_a_crash = Ledger::open(store, 1_000, now + Duration::from_secs(60))?;
/// assert_eq!(after_a_crash.in_force(now)[0].until, until);
/// assert_eq!(after_a_crash.expire(until), [target]);
/// assert!(after_a_crash.entry(&target, now).is_none());
/// # Ok::<(), autosec_core::enforce::LedgerError>(())
/// ```
#[derive(Debug)]
pub struct Ledger {
    store: Arc<dyn Store>,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<IpNet, Entry>,
    /// Targets that have ended and that nobody was told of yet.
    ended: Vec<IpNet>,
    /// Records in the journal, dead ones included.
    records: usize,
}

/// One block that is to be in force.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The address or prefix.
    pub target: IpNet,
    /// The end, by the host's clock.
    pub until: Timestamp,
    /// How long it was meant to last: no firewall is asked to hold it for longer, whatever a clock that was set back
    /// makes of `until`.
    #[serde(with = "human")]
    pub duration: Duration,
    /// The decision that caused it.
    pub decision: Arc<str>,
    /// Why, for whoever reads a firewall's listing.
    pub reason: String,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
enum Record {
    Block(Entry),
    Unblock { target: IpNet },
}

impl Entry {
    /// How much longer it is to last at `now`.
    pub fn left(&self, now: Timestamp) -> Duration {
        self.until.since(now).min(self.duration)
    }

    fn is_in_force(&self, now: Timestamp) -> bool {
        self.until > now
    }
}

/// A ledger that could not do its work. Nothing was changed, on no firewall.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// As many blocks are in force as the ledger holds.
    #[error("the ledger is full: {capacity} blocks are in force (see `enforcement.capacity`)")]
    Full {
        /// The most blocks it holds.
        capacity: usize,
    },
    /// A record of the store is not one of the ledger's.
    #[error("ledger record {record} cannot be understood: {reason}")]
    Foreign {
        /// Its number, from 1.
        record: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The store failed.
    #[error("the ledger could not be kept")]
    Store(#[from] StoreError),
    /// An entry cannot be put into words.
    #[error("an entry of the ledger cannot be written")]
    Unwritable(#[source] serde_json::Error),
}

impl Ledger {
    /// Reads the ledger back from the store; `now` drops what has ended meanwhile.
    ///
    /// # Errors
    /// The store cannot be read, or holds something else.
    pub fn open(store: Arc<dyn Store>, capacity: usize, now: Timestamp) -> Result<Self, LedgerError> {
        let records = store.read(JOURNAL)?;
        let mut state = State { records: records.len(), ..State::default() };
        for (index, text) in records.iter().enumerate() {
            let foreign = |error: serde_json::Error| LedgerError::Foreign {
                record: index + 1,
                reason: error.to_string(),
            };
            state.apply(serde_json::from_str(text).map_err(foreign)?);
        }
        state.expire(now);
        // Whoever reconciles finds what a firewall still holds of these.
        state.ended.clear();
        Ok(Self { store, capacity, state: Mutex::new(state) })
    }

    /// Makes `entry` in force from `now`, durably; where its target already is, the later end counts.
    ///
    /// Gives the entry as it now is in force.
    ///
    /// # Errors
    /// The ledger is full, or the store failed; nothing has changed then.
    pub fn block(&self, mut entry: Entry, now: Timestamp) -> Result<Entry, LedgerError> {
        entry.target = canonical_network(entry.target);
        let mut state = self.state();
        match state.entries.get(&entry.target).filter(|held| held.is_in_force(now)) {
            // The same decision enforced twice must not last longer than once.
            Some(held) if held.until >= entry.until || held.decision == entry.decision => {
                return Ok(held.clone());
            }
            Some(_) => {}
            None => self.make_room(&mut state, now)?,
        }
        self.write(&mut state, vec![Record::Block(entry.clone())])?;
        Ok(entry)
    }

    /// Takes every entry that `chosen` picks out of force, durably; gives their targets.
    ///
    /// # Errors
    /// The store failed; nothing has changed then.
    pub fn unblock(&self, chosen: impl Fn(&IpNet) -> bool) -> Result<Vec<IpNet>, LedgerError> {
        let mut state = self.state();
        let targets: Vec<IpNet> = state.entries.keys().copied().filter(|target| chosen(target)).collect();
        self.write(&mut state, targets.iter().map(|target| Record::Unblock { target: *target }).collect())?;
        Ok(targets)
    }

    /// The entry of `target`, if it is in force at `now`.
    pub fn entry(&self, target: &IpNet, now: Timestamp) -> Option<Entry> {
        self.state().entries.get(&canonical_network(*target)).filter(|entry| entry.is_in_force(now)).cloned()
    }

    /// Everything that is to be in force at `now`.
    pub fn in_force(&self, now: Timestamp) -> Vec<Entry> {
        self.state().entries.values().filter(|entry| entry.is_in_force(now)).cloned().collect()
    }

    /// The targets in force that `chosen` picks.
    pub fn targets(&self, chosen: impl Fn(&IpNet) -> bool) -> Vec<IpNet> {
        self.state().entries.keys().copied().filter(|target| chosen(target)).collect()
    }

    /// Whether nothing was ever written to its journal.
    pub fn is_new(&self) -> bool {
        self.state().records == 0
    }

    /// Drops what has ended by `now`; gives the targets. Needs no write: the end is in the record.
    ///
    /// Where the clock was set back, ends are brought forward to what the blocks were meant to last.
    pub fn expire(&self, now: Timestamp) -> Vec<IpNet> {
        let mut state = self.state();
        state.expire(now);
        std::mem::take(&mut state.ended)
    }

    /// Makes sure that one more entry fits.
    fn make_room(&self, state: &mut State, now: Timestamp) -> Result<(), LedgerError> {
        if state.entries.len() >= self.capacity {
            state.expire(now);
        }
        if state.entries.len() >= self.capacity {
            return Err(LedgerError::Full { capacity: self.capacity });
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes first, then changes what is in memory; rewrites the journal when most of it is dead.
    fn write(&self, state: &mut State, records: Vec<Record>) -> Result<(), LedgerError> {
        if records.is_empty() {
            return Ok(());
        }
        let texts = records.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        self.store.append(JOURNAL, &texts)?;
        state.records += texts.len();
        for record in records {
            state.apply(record);
        }
        if state.records > 2 * state.entries.len() + SLACK {
            let live = state.entries.values().map(|entry| encode(&Record::Block(entry.clone())));
            let live = live.collect::<Result<Vec<_>, _>>()?;
            // The change itself is already durable; a rewrite that fails is tried again at the next change.
            if self.store.replace(JOURNAL, &live).is_ok() {
                state.records = live.len();
            }
        }
        Ok(())
    }
}

impl State {
    fn expire(&mut self, now: Timestamp) {
        let ended = &mut self.ended;
        self.entries.retain(|target, entry| {
            let keeps = entry.is_in_force(now);
            if keeps {
                entry.until = now + entry.left(now);
            } else {
                ended.push(*target);
            }
            keeps
        });
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Block(entry) => self.entries.insert(entry.target, entry),
            Record::Unblock { target } => self.entries.remove(&target),
        };
    }
}

fn encode(record: &Record) -> Result<String, LedgerError> {
    serde_json::to_string(record).map_err(LedgerError::Unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    fn entry(target: &str, until: i64, decision: &str) -> Entry {
        let target = target.parse().unwrap();
        let (until, duration) = (Timestamp::from_secs(until), Duration::from_secs(1_000_000));
        Entry { target, until, duration, decision: decision.into(), reason: "why".into() }
    }

    fn open(store: &Arc<MemoryStore>, now: i64) -> Ledger {
        Ledger::open(Arc::clone(store) as Arc<dyn Store>, 100, Timestamp::from_secs(now)).unwrap()
    }

    #[test]
    fn survives_a_restart_and_forgets_what_ended() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 0);
        ledger.block(entry("192.0.2.1/32", 100, "a"), Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.2/32", 200, "b"), Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.3/32", 300, "c"), Timestamp::EPOCH).unwrap();
        ledger.unblock(|target| target.to_string() == "192.0.2.3/32").unwrap();
        let again = open(&store, 150);
        assert_eq!(again.in_force(Timestamp::from_secs(150)), [entry("192.0.2.2/32", 200, "b")]);
        assert_eq!(again.expire(Timestamp::from_secs(200)).len(), 1);
    }

    #[test]
    fn keeps_the_later_end_and_the_same_decision_once() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 0);
        ledger.block(entry("192.0.2.1/32", 100, "a"), Timestamp::EPOCH).unwrap();
        assert_eq!(
            ledger.block(entry("192.0.2.1/32", 50, "b"), Timestamp::EPOCH).unwrap().until,
            Timestamp::from_secs(100)
        );
        assert_eq!(
            ledger.block(entry("192.0.2.1/32", 150, "a"), Timestamp::EPOCH).unwrap().until,
            Timestamp::from_secs(100)
        );
        assert_eq!(
            ledger.block(entry("192.0.2.1/32", 150, "b"), Timestamp::EPOCH).unwrap().until,
            Timestamp::from_secs(150)
        );
    }

    #[test]
    fn what_has_ended_is_not_held() {
        let store = Arc::new(MemoryStore::new());
        let ledger = Ledger::open(store, 1, Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.1/32", 100, "a"), Timestamp::EPOCH).unwrap();
        let later = Timestamp::from_secs(200);
        let again = ledger.block(entry("192.0.2.1/32", 260, "a"), later).unwrap();
        assert_eq!(again.until, Timestamp::from_secs(260), "an ended block is blocked anew");
        let later = Timestamp::from_secs(300);
        ledger.block(entry("192.0.2.2/32", 400, "b"), later).unwrap();
        assert_eq!(ledger.in_force(later).len(), 1, "what has ended makes room");
    }

    #[test]
    fn host_bits_make_no_other_target() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 0);
        ledger.block(entry("192.0.2.0/24", 100, "a"), Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.7/24", 10, "b"), Timestamp::EPOCH).unwrap();
        let held = ledger.entry(&"192.0.2.9/24".parse().unwrap(), Timestamp::EPOCH).unwrap();
        assert_eq!(held.until, Timestamp::from_secs(100));
    }

    #[test]
    fn a_clock_set_back_makes_no_block_longer() {
        let store = Arc::new(MemoryStore::new());
        let now = Timestamp::from_secs(1_700_000_000);
        let ledger = Ledger::open(store, 10, now).unwrap();
        let minute = Duration::from_secs(60);
        let held = Entry { duration: minute, until: now + minute, ..entry("192.0.2.1/32", 0, "a") };
        ledger.block(held, now).unwrap();
        assert_eq!(ledger.in_force(Timestamp::EPOCH)[0].left(Timestamp::EPOCH), minute);
        ledger.expire(Timestamp::EPOCH);
        assert!(ledger.in_force(Timestamp::EPOCH + minute).is_empty());
    }

    #[test]
    fn is_bounded() {
        let store = Arc::new(MemoryStore::new());
        let ledger = Ledger::open(store, 2, Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.1/32", 100, "a"), Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.2/32", 100, "b"), Timestamp::EPOCH).unwrap();
        let third = ledger.block(entry("192.0.2.3/32", 100, "c"), Timestamp::EPOCH);
        assert!(matches!(third, Err(LedgerError::Full { capacity: 2 })));
    }

    #[test]
    fn rewrites_a_journal_that_is_mostly_dead() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 0);
        for round in 0..SLACK as i64 + 10 {
            ledger.block(entry("192.0.2.1/32", 100 + round, &round.to_string()), Timestamp::EPOCH).unwrap();
        }
        assert!(store.read(JOURNAL).unwrap().len() < SLACK);
        assert_eq!(open(&store, 0).in_force(Timestamp::EPOCH).len(), 1);
    }
}
