//! What one firewall still owes: its queue, and what was put aside.

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;

use super::DeadLetter;
use super::config::Pace;
use super::patience::Jitter;
use crate::time::Timestamp;

/// Beyond so many items a firewall that is down for long owes a reconciliation instead, which finds them all.
const LIMIT: usize = 100_000;

/// Items that are not known to be as they should be, and when to look at them again; and whether all must be compared.
///
/// Every time an item is owed anew it gets a later *version*. Whoever looks at items notes the version first and reads the
/// ledger afterwards, and strikes off only debts that are not younger: a change that was asked for meanwhile stays owed.
#[derive(Debug, Default)]
pub(super) struct Debts {
    items: BTreeMap<IpNet, Due>,
    version: u64,
    reconcile: Option<Due>,
    /// How many of the items were put aside.
    dead: usize,
    /// When it was last looked at what is due: an earlier time means that the clock was set back.
    latest: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Due {
    at: Timestamp,
    /// How far away `at` was when it was set.
    pause: Duration,
    failures: u32,
    rejections: u32,
    version: u64,
    /// When it ends by itself, if it is a block.
    until: Option<Timestamp>,
    /// It is right for now, and owed only to be looked at again.
    reminder: bool,
    /// Why it was put aside, and when.
    dead: Option<(String, Timestamp)>,
}

impl Due {
    fn new(now: Timestamp, version: u64, until: Option<Timestamp>) -> Self {
        let (pause, reminder, dead) = (Duration::ZERO, false, None);
        Self { at: now, pause, failures: 0, rejections: 0, version, until, reminder, dead }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.dead.is_none() && self.at <= now
    }

    /// Where the clock was set back, the wait is counted from now on.
    fn follow(&mut self, now: Timestamp) {
        self.at = self.at.min(now + self.pause);
    }

    fn wait(&mut self, now: Timestamp, pause: Duration) {
        (self.at, self.pause, self.reminder) = (now + pause, pause, false);
    }

    fn postpone(&mut self, now: Timestamp, pace: &Pace, jitter: &Jitter) {
        self.failures = self.failures.saturating_add(1);
        self.wait(now, jitter.up_to(pace.pause(self.failures)));
    }
}

impl Debts {
    /// Owes an item from now on; `until` is the end of its block, if it is to be blocked. One that was put aside gets
    /// another chance.
    pub(super) fn owe(&mut self, item: IpNet, until: Option<Timestamp>, now: Timestamp) {
        self.version += 1;
        let version = self.version;
        let due = self.items.entry(item).or_insert(Due::new(now, version, until));
        (due.version, due.until, due.reminder) = (version, until, false);
        if due.dead.take().is_some() {
            (due.at, due.rejections) = (now, 0);
            self.dead -= 1;
        }
        if self.items.len() > LIMIT {
            self.items.clear();
            self.dead = 0;
            self.owe_reconciliation(now);
        }
    }

    /// Owes a comparison of everything.
    pub(super) fn owe_reconciliation(&mut self, now: Timestamp) {
        self.reconcile.get_or_insert(Due::new(now, 0, None));
    }

    /// What to give back to [`Debts::strike`] and the like for what is looked at from now on.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The item is as it should be.
    pub(super) fn strike(&mut self, item: &IpNet, version: u64) {
        if self.items.get(item).is_some_and(|due| due.version <= version) {
            let was_dead = self.items.remove(item).is_some_and(|due| due.dead.is_some());
            self.dead -= usize::from(was_dead);
        }
    }

    /// The item is right for now, and to be looked at again after `pause`.
    pub(super) fn remind(&mut self, item: IpNet, now: Timestamp, pause: Duration, version: u64) {
        self.version += 1;
        let fresh = self.version;
        let due = self.items.entry(item).or_insert(Due::new(now, version, None));
        if due.version <= version {
            due.wait(now, pause);
            (due.failures, due.rejections, due.reminder, due.version) = (0, 0, true, fresh);
        }
    }

    /// The item is right for now, and to be looked at again after `pause`, unless it is to be looked at anyway.
    pub(super) fn remind_unless_known(&mut self, item: IpNet, now: Timestamp, pause: Duration) {
        if !self.items.contains_key(&item) {
            self.remind(item, now, pause, self.version);
        }
    }

    /// The item could not be tried yet, through no fault of its own.
    pub(super) fn defer(&mut self, item: IpNet, now: Timestamp, pause: Duration) {
        let version = self.version;
        self.items.entry(item).or_insert(Due::new(now, version, None)).wait(now, pause);
    }

    /// The item could not be brought to where it should be.
    pub(super) fn postpone(&mut self, item: IpNet, now: Timestamp, pace: &Pace, jitter: &Jitter) {
        let version = self.version;
        self.items.entry(item).or_insert(Due::new(now, version, None)).postpone(now, pace, jitter);
    }

    /// The firewall rejected the item, a block that ends `until` then, with these words. Says whether it is put aside for
    /// that; what is to be let go never is.
    pub(super) fn reject(
        &mut self,
        item: IpNet,
        (until, reason): (Option<Timestamp>, &str),
        now: Timestamp,
        pace: &Pace,
        jitter: &Jitter,
    ) -> bool {
        let version = self.version;
        self.items.entry(item).or_insert(Due::new(now, version, until));
        self.postpone(item, now, pace, jitter);
        let Some(due) = self.items.get_mut(&item).filter(|due| due.until.is_some()) else { return false };
        due.rejections = due.rejections.saturating_add(1);
        let dies = due.rejections >= pace.rejections && due.dead.is_none();
        if dies {
            due.dead = Some((reason.to_owned(), now));
            self.dead += 1;
        }
        dies
    }

    /// The comparison of everything failed, or succeeded.
    pub(super) fn reconciled(&mut self, succeeded: bool, now: Timestamp, pace: &Pace, jitter: &Jitter) {
        if succeeded {
            self.reconcile = None;
        } else {
            self.owe_reconciliation(now);
            if let Some(due) = &mut self.reconcile {
                due.postpone(now, pace, jitter);
            }
        }
    }

    /// Whether the item is not known to be as it should be.
    pub(super) fn owes(&self, item: &IpNet) -> bool {
        self.reconcile.is_some() || self.items.contains_key(item)
    }

    /// Whether the item waits for another try.
    pub(super) fn is_pending(&self, item: &IpNet) -> bool {
        self.items.get(item).is_some_and(|due| !due.reminder && due.dead.is_none())
    }

    /// Whether the item was put aside.
    pub(super) fn is_dead(&self, item: &IpNet) -> bool {
        self.items.get(item).is_some_and(|due| due.dead.is_some())
    }

    /// Whether everything is to be compared now.
    pub(super) fn reconciliation_is_due(&mut self, now: Timestamp) -> bool {
        self.reconcile.as_mut().is_some_and(|due| {
            due.follow(now);
            due.is_due(now)
        })
    }

    /// Items whose time to be tried has come. Blocks that have ended are forgotten where `ends_by_itself`.
    pub(super) fn due(&mut self, now: Timestamp, ends_by_itself: bool) -> Vec<IpNet> {
        let is_set_back = self.latest.replace(now).is_some_and(|latest| now < latest);
        let dead = &mut self.dead;
        self.items.retain(|_, due| {
            let ended = ends_by_itself && due.until.is_some_and(|until| until <= now);
            *dead -= usize::from(ended && due.dead.is_some());
            if is_set_back && due.reminder {
                // The device counts on: how much of what it was given is left, the host's clock no longer tells.
                due.at = now;
            }
            due.follow(now);
            !ended
        });
        self.items.iter().filter(|(_, due)| due.is_due(now)).map(|(item, _)| *item).collect()
    }

    /// How many items wait for a try, and how many were put aside.
    pub(super) fn counts(&self) -> (usize, usize) {
        let reminders = self.items.values().filter(|due| due.reminder).count();
        (self.items.len() - self.dead - reminders, self.dead)
    }

    /// What was put aside.
    pub(super) fn dead<'d>(&'d self, firewall: &'d str) -> impl Iterator<Item = DeadLetter> + 'd {
        self.items.iter().filter_map(move |(target, due)| {
            let (reason, since) = due.dead.clone()?;
            Some(DeadLetter { firewall: firewall.to_owned(), target: *target, reason, since })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enforce::EnforceConfig;

    fn item(number: u32) -> IpNet {
        IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from(number)))
    }

    fn pace() -> Pace {
        EnforceConfig { rejections: 3, ..EnforceConfig::default() }.pace("edge")
    }

    #[test]
    fn what_was_asked_for_meanwhile_stays_owed() {
        let (mut debts, now) = (Debts::default(), Timestamp::EPOCH);
        debts.owe(item(1), None, now);
        let version = debts.version();
        debts.owe(item(1), None, now);
        debts.strike(&item(1), version);
        assert!(debts.owes(&item(1)));
        debts.remind(item(1), now, Duration::from_secs(60), version);
        assert!(debts.is_pending(&item(1)), "a reminder does not take its place either");
        debts.strike(&item(1), debts.version());
        assert!(!debts.owes(&item(1)));
    }

    #[test]
    fn blocks_that_have_ended_are_forgotten_where_they_end_by_themselves() {
        let now = Timestamp::from_secs(100);
        for (by_itself, left) in [(true, 1), (false, 2)] {
            let mut debts = Debts::default();
            debts.owe(item(1), Some(now), now);
            debts.owe(item(2), None, now);
            assert_eq!(debts.due(now, by_itself).len(), left);
        }
    }

    #[test]
    fn is_bounded() {
        let (mut debts, now) = (Debts::default(), Timestamp::EPOCH);
        let jitter = Jitter::new(Some(1));
        (0..=100_000).for_each(|number| debts.owe(item(number), None, now));
        assert!(debts.items.len() <= LIMIT && debts.reconciliation_is_due(now));
        debts.reconciled(false, now, &pace(), &jitter);
        assert!(
            !debts.reconciliation_is_due(now) && debts.reconciliation_is_due(now + Duration::from_secs(1))
        );
        debts.reconciled(true, now, &pace(), &jitter);
        assert!(!debts.owes(&item(1)));
    }

    #[test]
    fn what_is_rejected_again_and_again_is_put_aside_until_asked_for() {
        let (mut debts, now, jitter) = (Debts::default(), Timestamp::EPOCH, Jitter::new(Some(1)));
        let end = Timestamp::from_secs(3600);
        debts.owe(item(1), Some(end), now);
        debts.owe(item(2), None, now);
        let reject =
            |number, debts: &mut Debts| debts.reject(item(number), (None, "no"), now, &pace(), &jitter);
        assert_eq!([1, 1, 1, 1].map(|number| reject(number, &mut debts)), [false, false, true, false]);
        assert!(!(0..100).any(|_| reject(2, &mut debts)), "what is to be let go is tried for ever");
        assert_eq!((debts.counts(), debts.is_pending(&item(1))), ((1, 1), false));
        assert_eq!(debts.due(Timestamp::from_secs(600), true), [item(2)]);
        let letter = debts.dead("edge").next().unwrap();
        assert_eq!((letter.target, letter.reason.as_str(), letter.since), (item(1), "no", now));
        debts.owe(item(1), Some(end), now);
        assert_eq!((debts.counts(), debts.due(now, true)), ((2, 0), vec![item(1)]));
        (0..3).for_each(|_| assert!(reject(1, &mut debts) || debts.counts().1 == 0));
        assert_eq!(debts.counts().1, 1);
        debts.due(end, true);
        assert_eq!(debts.counts().1, 0, "a block that has ended is no letter any more");
    }

    #[test]
    fn a_clock_set_back_makes_a_reminder_due() {
        let (mut debts, minute) = (Debts::default(), Duration::from_secs(60));
        let at = |second: i64| Timestamp::from_secs(1_000_000 + second);
        debts.owe(item(1), None, at(0));
        debts.remind(item(1), at(0), minute, debts.version());
        assert_eq!(debts.due(at(50), true), []);
        // By less than has passed since, so that it does not show in how long the pause still is.
        assert_eq!(debts.due(at(20), true), [item(1)]);
    }

    #[test]
    fn a_clock_set_back_makes_no_pause_longer() {
        let mut debts = Debts::default();
        let (late, minute) = (Timestamp::from_secs(1_000_000), Duration::from_secs(60));
        debts.owe(item(1), None, late);
        debts.defer(item(1), late, minute);
        assert_eq!(debts.due(Timestamp::EPOCH, true), [], "not at once");
        assert_eq!(debts.due(Timestamp::EPOCH + minute, true), [item(1)]);
    }
}
