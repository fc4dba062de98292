//! What the ledger holds in memory, and changes to it while they are gathered.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::iter::Peekable;

use ipnet::IpNet;

use super::entry::{Rank, Ranks, Record};
use super::{Entry, LedgerError, WhenFull};
use crate::net::canonical_network;
use crate::sketch::BoundedMap;
use crate::time::Timestamp;

/// How many targets are remembered that once were in force.
const FORMER: usize = 100_000;

/// The ledger's contents.
#[derive(Debug)]
pub(super) struct State {
    pub(super) entries: BTreeMap<IpNet, Entry>,
    pub(super) ranks: Ranks,
    /// Targets that have ended and that nobody was told of yet.
    pub(super) ended: Vec<IpNet>,
    /// Targets that once were in force and no longer are, as far as remembered: whoever finds one on a firewall knows why.
    /// With the end that a record in the journal may still name.
    pub(super) former: BoundedMap<IpNet, Timestamp>,
    /// Records in the journal, dead ones included.
    pub(super) records: usize,
    /// The latest time that was seen: an earlier one means that the clock was set back.
    pub(super) latest: Timestamp,
    /// Targets whose end was brought forward for that, or came before, and whose record in the journal says otherwise.
    pub(super) brought: HashSet<IpNet>,
    /// Counts changes.
    pub(super) version: u64,
}

impl State {
    pub(super) fn new(records: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            ranks: Ranks::default(),
            ended: Vec::new(),
            former: BoundedMap::new(FORMER),
            records,
            // So that the first look brings forward what a clock that was set back made too late.
            latest: Timestamp::MAX,
            brought: HashSet::new(),
            version: 0,
        }
    }

    pub(super) fn expire(&mut self, now: Timestamp) {
        if now < self.latest {
            self.bring_forward(now);
        }
        self.latest = now;
        for target in self.ranks.take_ended(now) {
            let until = self.entries.remove(&target).map_or(now, |entry| entry.until);
            self.remember(target, until);
            self.ended.push(target);
            self.version += 1;
        }
    }

    /// The fewest records that lead to the same: what lately was in force, then what is.
    pub(super) fn condensed(&self) -> impl Iterator<Item = Record> {
        let former = self.former.keys().filter(|target| !self.entries.contains_key(target));
        let lifted = former.map(|target| Record::Unblock { target: *target });
        lifted.chain(self.entries.values().cloned().map(Record::Block))
    }

    fn remember(&mut self, target: IpNet, until: Timestamp) {
        // In the order of changes, whatever the clock says.
        let order = Timestamp::from_micros(i64::try_from(self.version).unwrap_or(i64::MAX));
        *self.former.entry(target, order, || until) = until;
    }

    /// The clock was set back: no block lasts longer for that than it was meant to, and none that has ended is in force
    /// again after a restart.
    fn bring_forward(&mut self, now: Timestamp) {
        let is_ahead = |target: &&IpNet| self.former.get(target).is_some_and(|until| *until > now);
        let ended: Vec<IpNet> = self.former.keys().filter(is_ahead).copied().collect();
        self.brought.extend(&ended);
        ended.into_iter().for_each(|target| self.remember(target, Timestamp::EPOCH));
        self.ranks = Ranks::default();
        for entry in self.entries.values_mut() {
            if entry.until > now + entry.duration {
                entry.until = now + entry.duration;
                self.brought.insert(entry.target);
            }
            self.ranks.insert(entry.rank());
        }
        self.version += 1;
    }

    pub(super) fn apply(&mut self, record: Record) {
        self.version += 1;
        let before = match record {
            Record::Block(entry) => {
                self.ranks.insert(entry.rank());
                self.entries.insert(entry.target, entry)
            }
            Record::Unblock { target } => {
                self.remember(target, Timestamp::EPOCH);
                self.entries.remove(&target)
            }
        };
        if let Some(before) = before.map(|before| before.rank())
            && self.entries.get(&before.2).is_none_or(|entry| entry.rank() != before)
        {
            self.ranks.remove(before);
        }
    }
}

/// Changes that are being gathered into one write.
pub(super) struct Draft<'s> {
    state: &'s State,
    capacity: usize,
    now: Timestamp,
    pub(super) records: Vec<Record>,
    /// What was added or renewed so far.
    fresh: HashMap<IpNet, Entry>,
    /// How many of them are in the ledger for the first time.
    added: usize,
    /// What had to make room, and what may: the least important first.
    pub(super) gone: HashSet<IpNet>,
    expendable: Peekable<Box<dyn Iterator<Item = Rank> + 's>>,
}

impl<'s> Draft<'s> {
    pub(super) fn new(state: &'s State, capacity: usize, when_full: WhenFull, now: Timestamp) -> Self {
        let expendable: Box<dyn Iterator<Item = Rank>> = match when_full {
            WhenFull::Refuse => Box::new(std::iter::empty()),
            WhenFull::Evict => Box::new(state.ranks.ascending()),
        };
        let (records, fresh, gone) = (Vec::new(), HashMap::new(), HashSet::new());
        Self { state, capacity, now, records, fresh, added: 0, gone, expendable: expendable.peekable() }
    }

    pub(super) fn admit(&mut self, mut entry: Entry) -> Result<Entry, LedgerError> {
        entry.target = canonical_network(entry.target);
        let held = self.fresh.get(&entry.target).or_else(|| {
            let held = self.state.entries.get(&entry.target)?;
            (held.is_in_force(self.now) && !self.gone.contains(&held.target)).then_some(held)
        });
        match held {
            // The same decision enforced twice must not last longer than once.
            Some(held) if held.until >= entry.until || held.decision == entry.decision => {
                return Ok(held.clone());
            }
            Some(_) => {}
            None => self.make_room(&entry)?,
        }
        self.records.push(Record::Block(entry.clone()));
        self.fresh.insert(entry.target, entry.clone());
        Ok(entry)
    }

    /// Makes sure that one more entry fits.
    fn make_room(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        if self.state.entries.len() + self.added - self.gone.len() >= self.capacity {
            let renewed = |(_, _, target): &Rank| self.fresh.contains_key(target);
            while self.expendable.next_if(renewed).is_some() {}
            let Some((_, _, target)) = self.expendable.next_if(|least| *least < entry.rank()) else {
                return Err(LedgerError::Full { capacity: self.capacity });
            };
            self.records.push(Record::Unblock { target });
            self.gone.insert(target);
        }
        let is_back = self.gone.remove(&entry.target);
        self.added += usize::from(!is_back && !self.state.entries.contains_key(&entry.target));
        Ok(())
    }
}
