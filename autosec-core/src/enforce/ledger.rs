use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use super::draft::{Draft, State};
use super::entry::Record;
use super::{Entry, WhenFull};
use crate::net::canonical_network;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

const JOURNAL: &str = "ledger";
/// Records that say nothing any more are tolerated up to this many beyond the number of live ones.
const SLACK: usize = 10_000;
/// The most targets that are handed over after a restart as ended: fewer than a firewall's queue holds, which would be
/// replaced by a comparison that finds only what the firewall lists.
const HAND_OVER: usize = 90_000;
/// How many of them may have ended before the process did: a firewall that is typed to takes a second for twenty.
const EARLIER: usize = 1_000;

/// What is to be in force: written to the store before any firewall is called, so that a crash at any point loses no
/// block and leaves none for ever.
///
/// Every entry has an end, so even a store that is lost leaves nothing for ever on a firewall with native expiry.
///
/// It is a journal of changes, read back by playing them in order. When most of its records say nothing any more, it is
/// rewritten with what is in force and the names of at most 100,000 targets that lately were: whoever finds one of those
/// on a firewall after a crash knows why it has to go. So it stays within about twice that and 10,000 records.
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
/// ledger.block(Entry { target, until, duration, decision: "d1".into(), reason, priority: 80 }, now)?;
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
    when_full: WhenFull,
    state: Mutex<State>,
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

/// What became of entries that were to be in force.
#[derive(Debug)]
pub(super) struct Admission {
    /// Each entry as it now is in force, in the order given; or why it is not.
    pub(super) each: Vec<Result<Entry, LedgerError>>,
    /// What had to make room.
    pub(super) evicted: Vec<IpNet>,
}

impl Ledger {
    /// Reads the ledger back from the store; `now` drops what has ended meanwhile.
    ///
    /// The first [`expire`](Ledger::expire) then also gives what ended meanwhile, up to 90,000 targets, and 1,000 of those that
    /// had ended or were lifted before: nobody knows whether each firewall was told before the process ended, and not every
    /// one lists it. Letting go twice does no harm.
    ///
    /// # Errors
    /// The store cannot be read, or holds something else.
    pub fn open(store: Arc<dyn Store>, capacity: usize, now: Timestamp) -> Result<Self, LedgerError> {
        let records = store.read(JOURNAL)?;
        let mut state = State::new(records.len());
        for (index, text) in records.iter().enumerate() {
            let foreign = |error: serde_json::Error| LedgerError::Foreign {
                record: index + 1,
                reason: error.to_string(),
            };
            state.apply(serde_json::from_str(text).map_err(foreign)?);
        }
        state.expire(now);
        hand_over(&mut state);
        let ledger = Self { store, capacity, when_full: WhenFull::Refuse, state: Mutex::new(state) };
        ledger.keep_ends(&mut ledger.state());
        Ok(ledger)
    }

    /// The same, with another answer to what happens when it is full.
    #[must_use]
    pub fn when_full(self, when_full: WhenFull) -> Self {
        Self { when_full, ..self }
    }

    /// Makes `entry` in force from `now`, durably; where its target already is, the later end counts.
    ///
    /// Gives the entry as it now is in force.
    ///
    /// # Errors
    /// The ledger is full, or the store failed; nothing has changed then.
    pub fn block(&self, entry: Entry, now: Timestamp) -> Result<Entry, LedgerError> {
        let mut admission = self.block_all(vec![entry], now)?;
        admission.each.pop().unwrap_or(Err(LedgerError::Full { capacity: self.capacity }))
    }

    /// Makes many entries in force with one write.
    ///
    /// # Errors
    /// The store failed; nothing has changed then.
    pub(super) fn block_all(&self, entries: Vec<Entry>, now: Timestamp) -> Result<Admission, LedgerError> {
        let mut state = self.state();
        if state.entries.len() + entries.len() > self.capacity {
            state.expire(now);
        }
        let (each, records, gone) = {
            let mut draft = Draft::new(&state, self.capacity, self.when_full, now);
            let each = entries.into_iter().map(|entry| draft.admit(entry)).collect();
            (each, draft.records, draft.gone)
        };
        self.write(&mut state, records)?;
        Ok(Admission { each, evicted: gone.into_iter().collect() })
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

    /// Takes everything out of force, also where that cannot be written down; gives the targets.
    pub(super) fn abandon(&self) -> (Vec<IpNet>, Option<LedgerError>) {
        let unwritten = self.unblock(|_| true);
        let mut state = self.state();
        // From now on it is no new ledger: what the firewalls hold is not to be taken over.
        state.records = state.records.max(1);
        match unwritten {
            Ok(targets) => (targets, None),
            Err(error) => {
                let targets: Vec<IpNet> = state.entries.keys().copied().collect();
                targets.iter().for_each(|target| state.apply(Record::Unblock { target: *target }));
                (targets, Some(error))
            }
        }
    }

    /// The entry of `target`, if it is in force at `now`.
    pub fn entry(&self, target: &IpNet, now: Timestamp) -> Option<Entry> {
        self.state().entries.get(&canonical_network(*target)).filter(|entry| entry.is_in_force(now)).cloned()
    }

    /// Everything that is to be in force at `now`.
    pub fn in_force(&self, now: Timestamp) -> Vec<Entry> {
        self.state().entries.values().filter(|entry| entry.is_in_force(now)).cloned().collect()
    }

    /// The most important of what is to be in force at `now` and is `fit`, at most `room` entries.
    pub(super) fn foremost(&self, room: usize, now: Timestamp, fit: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let state = self.state();
        let ranked = state.ranks.ascending().rev().filter_map(|(_, _, target)| state.entries.get(&target));
        ranked.filter(|entry| entry.is_in_force(now) && fit(entry)).take(room).cloned().collect()
    }

    /// The targets in force that `chosen` picks.
    pub fn targets(&self, chosen: impl Fn(&IpNet) -> bool) -> Vec<IpNet> {
        self.state().entries.keys().copied().filter(|target| chosen(target)).collect()
    }

    /// Whether nothing was ever written to its journal.
    pub fn is_new(&self) -> bool {
        self.state().records == 0
    }

    /// How many entries it holds, ended ones that nobody dropped yet included.
    pub(super) fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// A number that is another after every change.
    pub(super) fn version(&self) -> u64 {
        self.state().version
    }

    /// Whether `target` once was in force and no longer is, as far as remembered.
    pub(super) fn was_in_force(&self, target: &IpNet) -> bool {
        self.state().former.get(target).is_some()
    }

    /// Drops what has ended by `now`; gives the targets. Needs no write: the end is in the record.
    ///
    /// Where the clock was set back, ends are brought forward to what the blocks were meant to last, and written down, so
    /// that a restart does not count anew; where they cannot be, that is tried again each time.
    pub fn expire(&self, now: Timestamp) -> Vec<IpNet> {
        let mut state = self.state();
        state.expire(now);
        self.keep_ends(&mut state);
        std::mem::take(&mut state.ended)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down which ends were brought forward, and what had ended.
    fn keep_ends(&self, state: &mut State) {
        let record = |target: &IpNet| match state.entries.get(target) {
            Some(entry) => Record::Block(entry.clone()),
            None => Record::Unblock { target: *target },
        };
        let records: Result<Vec<_>, _> = state.brought.iter().map(|target| record(target).encode()).collect();
        let Ok(records) = records else { return };
        if records.is_empty() || self.store.append(JOURNAL, &records).is_ok() {
            state.records += records.len();
            state.brought.clear();
        }
    }

    /// Writes first, then changes what is in memory; rewrites the journal when most of it is dead.
    fn write(&self, state: &mut State, records: Vec<Record>) -> Result<(), LedgerError> {
        if records.is_empty() {
            return Ok(());
        }
        let texts = records.iter().map(Record::encode).collect::<Result<Vec<_>, _>>()?;
        self.store.append(JOURNAL, &texts)?;
        state.records += texts.len();
        for record in records {
            state.apply(record);
        }
        if state.records > 2 * (state.entries.len() + state.former.len()) + SLACK {
            let live = state.condensed().map(|record| record.encode()).collect::<Result<Vec<_>, _>>()?;
            // The change itself is already durable; a rewrite that fails is tried again at the next change.
            if self.store.replace(JOURNAL, &live).is_ok() {
                state.records = live.len();
            }
        }
        Ok(())
    }
}

/// What ended while nobody was there comes first, then what may not have been let go of everywhere before.
fn hand_over(state: &mut State) {
    let fresh: HashSet<IpNet> = state.ended.iter().copied().collect();
    let is_over = |target: &&IpNet| !state.entries.contains_key(*target) && !fresh.contains(*target);
    let earlier: Vec<IpNet> = state.former.keys().filter(is_over).take(EARLIER).copied().collect();
    state.ended.extend(earlier);
    state.ended.truncate(HAND_OVER);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::MemoryStore;

    fn entry(target: &str, until: i64, decision: &str) -> Entry {
        let target = target.parse().unwrap();
        let (until, duration) = (Timestamp::from_secs(until), Duration::from_secs(1_000_000));
        Entry { target, until, duration, decision: decision.into(), reason: "why".into(), priority: 50 }
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
        again.expire(Timestamp::from_secs(150));
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
    fn what_ended_before_a_restart_is_handed_over_once() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 0);
        for (host, until) in [(1, 100), (2, 200), (3, 300), (4, 400), (5, 100)] {
            ledger.block(entry(&format!("192.0.2.{host}/32"), until, "a"), Timestamp::EPOCH).unwrap();
        }
        ledger.unblock(|target| target.to_string() == "192.0.2.3/32").unwrap();
        assert_eq!(ledger.expire(Timestamp::from_secs(100)).len(), 2);
        // Whether firewalls were told is not known: the process ended. One of them is in force again.
        ledger.block(entry("192.0.2.5/32", 500, "b"), Timestamp::from_secs(110)).unwrap();
        let again = open(&store, 250);
        let mut ended = again.expire(Timestamp::from_secs(250));
        ended.sort_unstable();
        let ended: Vec<String> = ended.iter().map(IpNet::to_string).collect();
        assert_eq!(ended, ["192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"]);
        assert!(again.expire(Timestamp::from_secs(260)).is_empty());
    }

    #[test]
    fn what_is_handed_over_fits_a_queue() {
        let mut state = State::new(0);
        let host = |number: u32| IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from(number)));
        (0..100_000).for_each(|number| state.apply(Record::Unblock { target: host(number) }));
        state.ended.push(host(200_000));
        hand_over(&mut state);
        assert_eq!((state.ended.len(), state.ended.first()), (1 + EARLIER, Some(&host(200_000))));
        state.ended = (0..100_000).map(host).collect();
        hand_over(&mut state);
        assert_eq!(state.ended.len(), HAND_OVER);
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
    fn a_restart_after_a_clock_set_back_does_not_count_anew() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 1_700_000_000);
        let minute = Duration::from_secs(60);
        let until = Timestamp::from_secs(1_700_000_060);
        let held = Entry { duration: minute, until, ..entry("192.0.2.1/32", 0, "a") };
        ledger.block(held, Timestamp::from_secs(1_700_000_000)).unwrap();
        // The first to notice that it was set back is a restart, the second is not.
        for ledger in [open(&store, 100), open(&store, 130)] {
            ledger.expire(Timestamp::from_secs(130));
            assert_eq!(ledger.in_force(Timestamp::EPOCH)[0].until, Timestamp::from_secs(160));
        }
        assert!(open(&store, 160).in_force(Timestamp::from_secs(160)).is_empty());
        assert_eq!(store.read(JOURNAL).unwrap().len(), 2, "written once");
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
    fn makes_room_for_what_is_more_important() {
        let store = Arc::new(MemoryStore::new());
        let open = || Ledger::open(Arc::clone(&store) as Arc<dyn Store>, 3, Timestamp::EPOCH);
        let ledger = open().unwrap().when_full(WhenFull::Evict);
        let at = |target: &str, until, priority| Entry { priority, ..entry(target, until, target) };
        let first = [("192.0.2.1/32", 300, 50), ("192.0.2.2/32", 100, 50), ("192.0.2.3/32", 200, 90)];
        for (target, until, priority) in first {
            ledger.block(at(target, until, priority), Timestamp::EPOCH).unwrap();
        }
        let refused = ledger.block(at("192.0.2.4/32", 900, 10), Timestamp::EPOCH);
        assert!(matches!(refused, Err(LedgerError::Full { capacity: 3 })), "all others are more important");
        let batch = vec![
            at("192.0.2.5/32", 200, 50),
            Entry { decision: "again".into(), ..at("192.0.2.1/32", 400, 50) },
            at("192.0.2.6/32", 100, 99),
            at("192.0.2.7/32", 100, 99),
        ];
        let admission = ledger.block_all(batch, Timestamp::EPOCH).unwrap();
        let admitted: Vec<bool> = admission.each.iter().map(Result::is_ok).collect();
        assert_eq!(admitted, [true, true, true, false], "what came with it is not expendable");
        assert_eq!(admission.evicted.len(), 2);
        let targets =
            |ledger: &Ledger| ledger.targets(|_| true).iter().map(IpNet::to_string).collect::<Vec<_>>();
        assert_eq!(targets(&ledger), ["192.0.2.1/32", "192.0.2.5/32", "192.0.2.6/32"]);
        assert_eq!(targets(&open().unwrap()), targets(&ledger), "the journal says the same");
        let foremost = ledger.foremost(2, Timestamp::EPOCH, |_| true);
        let foremost: Vec<String> = foremost.iter().map(|entry| entry.target.to_string()).collect();
        assert_eq!(foremost, ["192.0.2.6/32", "192.0.2.1/32"]);
    }

    #[test]
    fn remembers_what_once_was_in_force() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 0);
        for (target, until) in [("192.0.2.1/32", 100), ("192.0.2.2/32", 200), ("192.0.2.3/32", 300)] {
            ledger.block(entry(target, until, target), Timestamp::EPOCH).unwrap();
        }
        ledger.unblock(|target| target.to_string() == "192.0.2.2/32").unwrap();
        let again = open(&store, 150);
        let was = |host: u8| again.was_in_force(&IpNet::from(std::net::IpAddr::from([192, 0, 2, host])));
        assert_eq!([1, 2, 3, 4].map(was), [true, true, false, false]);
    }

    /// A store whose disk is full from the second write on.
    #[derive(Debug, Default)]
    struct Full(MemoryStore);

    impl Store for Full {
        fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
            if self.0.read(journal)?.is_empty() {
                return self.0.append(journal, records);
            }
            let source = std::io::ErrorKind::StorageFull.into();
            Err(StoreError::Io { journal: journal.to_owned(), verb: "written", source })
        }

        fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
            self.0.read(journal)
        }

        fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
            self.0.replace(journal, records)
        }
    }

    #[test]
    fn abandons_all_though_the_store_fails() {
        let ledger = Ledger::open(Arc::new(Full::default()), 10, Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.1/32", 100, "a"), Timestamp::EPOCH).unwrap();
        assert!(ledger.unblock(|_| true).is_err());
        assert_eq!(ledger.in_force(Timestamp::EPOCH).len(), 1, "nothing has changed then");
        let (targets, unwritten) = ledger.abandon();
        assert!(targets.len() == 1 && unwritten.is_some() && ledger.in_force(Timestamp::EPOCH).is_empty());
        let empty = open(&Arc::new(MemoryStore::new()), 0);
        assert!(empty.is_new() && empty.abandon().1.is_none() && !empty.is_new());
    }

    #[test]
    fn a_rewrite_forgets_nothing_that_was_lifted() {
        let store = Arc::new(MemoryStore::new());
        let ledger = open(&store, 0);
        ledger.block(entry("192.0.2.1/32", 100, "a"), Timestamp::EPOCH).unwrap();
        ledger.block(entry("192.0.2.2/32", 100, "a"), Timestamp::EPOCH).unwrap();
        ledger.unblock(|target| target.to_string() == "192.0.2.1/32").unwrap();
        for round in 0..2 * SLACK as i64 {
            ledger.block(entry("192.0.2.2/32", 100 + round, &round.to_string()), Timestamp::EPOCH).unwrap();
        }
        assert!(store.read(JOURNAL).unwrap().len() < 2 * SLACK, "it was rewritten");
        let again = open(&store, 0);
        assert!(again.was_in_force(&"192.0.2.1/32".parse().unwrap()), "and still explains what it lifted");
        assert_eq!(again.targets(|_| true).len(), 1);
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
