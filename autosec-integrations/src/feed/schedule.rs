//! When which feed is due, what to do when one fails, and which answer not to believe.
//!
//! The host drives it: asks what is [due](Schedule::due), fetches, and says what came of it. Nothing here waits, fetches
//! or looks at a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use autosec_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How one feed is treated.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FeedPlan {
    /// How long after a good answer it is due again; 1 hour unless set. Publishers refuse who asks too often.
    pub every: Duration,
    /// How long after the first failure it is tried again; 1 minute unless set. Each further failure doubles it, up to `every`
    /// or an hour, whichever is longer.
    pub retry: Duration,
    /// The largest share of its indicators that a feed may lose in one answer; 0.5 unless set.
    pub max_shrink: f64,
    /// A feed that had fewer may lose any number; 100 unless set.
    pub shrink_from: u64,
}

/// All feeds, and how they are.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::Timestamp;
/// use autosec_integrations::feed::schedule::{Believed, FeedPlan, Schedule};
///
/// let start = Timestamp::from_secs(1_700_000_000);
/// let mut schedule = Schedule::default();
/// schedule.add("drop", FeedPlan::default());
/// assert_eq!(schedule.due(start).collect::<Vec<_>>(), ["drop"]);
///
/// // It answered with 1,000 indicators: put them in force.
/// assert_eq!(schedule.answered("drop", start, 1_000), Believed::Yes);
/// assert_eq!(schedule.due(start).count(), 0);
///
/// // An hour later it has 3: keep what is in force.
/// let later = start + Duration::from_secs(3_600);
/// assert_eq!(schedule.answered("drop", later, 3), Believed::No { before: 1_000, now: 3 });
/// assert_eq!(schedule.status("drop").unwrap().held, Some(3));
///
/// // Somebody looked, and it is right.
/// schedule.accept("drop");
/// assert_eq!(schedule.answered("drop", later, 3), Believed::Yes);
/// ```
///
/// It can be written down and read back (`serde`), so that a restart fetches nothing anew; plans are given again.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Schedule {
    feeds: BTreeMap<String, FeedStatus>,
    #[serde(skip)]
    plans: BTreeMap<String, FeedPlan>,
}

/// How a feed is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FeedStatus {
    /// When it is due; at once if none.
    pub due: Option<Timestamp>,
    /// When its last good answer came.
    pub last_good: Option<Timestamp>,
    /// How many indicators that had.
    pub indicators: Option<u64>,
    /// How many times in a row it failed since.
    pub failures: u32,
    /// Why, the last time; at most 256 bytes.
    pub failure: Option<String>,
    /// How many indicators the answer had that was not believed.
    pub held: Option<u64>,
    /// Whether the next answer is believed whatever it is.
    accepted: bool,
}

/// Whether to put an answer in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Believed {
    /// Put it in force.
    Yes,
    /// Keep what is in force, and tell somebody: the feed suddenly lost most of what it had.
    No {
        /// How many indicators it had.
        before: u64,
        /// How many it has now.
        now: u64,
    },
}

const LONGEST_FAILURE: usize = 256;
/// The longest pause that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3_600);

impl Default for FeedPlan {
    fn default() -> Self {
        let (every, retry) = (Duration::from_secs(3_600), Duration::from_secs(60));
        Self { every, retry, max_shrink: 0.5, shrink_from: 100 }
    }
}

impl FeedPlan {
    /// The plan of a feed that is fetched so often.
    pub fn every(every: Duration) -> Self {
        Self { every, ..Self::default() }
    }

    /// How long to wait after so many failures in a row.
    fn pause(&self, failures: u32) -> Duration {
        let longest = self.every.max(Duration::from_secs(3_600));
        let doubled =
            self.retry.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(longest)
    }

    /// No feed waits longer, whatever happens: [`spread`] adds less than an eighth.
    fn longest_pause(&self) -> Duration {
        let longest = self.every.max(LONGEST_ASKED);
        longest.saturating_add(longest / 8)
    }

    fn believes(&self, before: u64, now: u64) -> bool {
        before < self.shrink_from || now as f64 >= before as f64 * (1.0 - self.max_shrink.clamp(0.0, 1.0))
    }
}

impl Schedule {
    /// Adds a feed, or gives one another plan; what is known of it stays. A new one is due at once.
    pub fn add(&mut self, name: impl Into<String>, plan: FeedPlan) {
        let name = name.into();
        self.feeds.entry(name.clone()).or_default();
        self.plans.insert(name, plan);
    }

    /// Takes a feed out; its indicators are the host's to remove.
    pub fn remove(&mut self, name: &str) {
        self.feeds.remove(name);
        self.plans.remove(name);
    }

    /// The feeds that are to be fetched now, those that waited longest first.
    ///
    /// One that seems to be due later than any pause could have put it is due: the clock was wrong when it was asked last.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let mut due: Vec<(Option<Timestamp>, &str)> = self
            .plans
            .iter()
            .map(|(name, plan)| (self.feeds.get(name).and_then(|feed| feed.due), name.as_str(), plan))
            .filter(|(due, _, plan)| due.is_none_or(|due| due <= now || due > now + plan.longest_pause()))
            .map(|(due, name, _)| (due, name))
            .collect();
        due.sort();
        due.into_iter().map(|(_, name)| name)
    }

    /// When the next feed is due; none if there is no feed, and in the past if one is due already. A host that sleeps until
    /// then wakes up now and then all the same: clocks are put right.
    pub fn next_due(&self) -> Option<Timestamp> {
        let known = self.plans.keys().filter_map(|name| self.feeds.get(name));
        known.map(|feed| feed.due.unwrap_or(Timestamp::EPOCH)).min()
    }

    /// A feed answered, with so many indicators: says whether to put them in force.
    ///
    /// An answer that is not believed counts as one that came: the feed is asked again when it is due, and is believed
    /// once it is itself again or somebody [accepts](Self::accept) it.
    pub fn answered(&mut self, name: &str, now: Timestamp, indicators: u64) -> Believed {
        let Some((plan, feed)) = self.known(name) else { return Believed::Yes };
        feed.due = Some(now + plan.every);
        feed.failures = 0;
        feed.failure = None;
        if let Some(before) = feed.indicators
            && !std::mem::take(&mut feed.accepted)
            && !plan.believes(before, indicators)
        {
            feed.held = Some(indicators);
            return Believed::No { before, now: indicators };
        }
        feed.held = None;
        feed.last_good = Some(now);
        feed.indicators = Some(indicators);
        Believed::Yes
    }

    /// A feed has nothing new since it was asked last (HTTP 304).
    pub fn unchanged(&mut self, name: &str, now: Timestamp) {
        let Some((plan, feed)) = self.known(name) else { return };
        feed.due = Some(now + plan.every);
        feed.failures = 0;
        feed.failure = None;
        feed.last_good = Some(now);
    }

    /// A feed could not be fetched or read: what is in force stays, and it is tried again after a pause, or after what it
    /// asked for (`Retry-After`) if that is longer.
    pub fn failed(&mut self, name: &str, now: Timestamp, why: &str, retry_after: Option<Duration>) {
        let Some((plan, feed)) = self.known(name) else { return };
        feed.failures = feed.failures.saturating_add(1);
        feed.failure =
            Some(why.get(..why.floor_char_boundary(LONGEST_FAILURE)).unwrap_or_default().to_owned());
        // A server that asks for a year is not to silence a feed for a year.
        let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
        let pause = plan.pause(feed.failures).max(asked);
        feed.due = Some(now + spread(pause, name));
    }

    /// Believes the next answer of a feed whatever it is, and makes it due.
    pub fn accept(&mut self, name: &str) {
        if let Some((_, feed)) = self.known(name) {
            feed.accepted = true;
            feed.due = None;
        }
    }

    /// How a feed is.
    pub fn status(&self, name: &str) -> Option<&FeedStatus> {
        self.feeds.get(name).filter(|_| self.plans.contains_key(name))
    }

    fn known(&mut self, name: &str) -> Option<(&FeedPlan, &mut FeedStatus)> {
        Some((self.plans.get(name)?, self.feeds.get_mut(name)?))
    }
}

/// A pause that is up to an eighth longer, by a feed's name: feeds of one server that failed together do not come back
/// together.
fn spread(pause: Duration, name: &str) -> Duration {
    let eighths = name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 64;
    pause.saturating_add(pause / 512 * eighths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + seconds)
    }

    fn schedule() -> Schedule {
        let mut schedule = Schedule::default();
        schedule.add("a", FeedPlan::every(Duration::from_secs(600)));
        schedule
    }

    #[test]
    fn failures_wait_longer_and_longer() {
        let mut schedule = schedule();
        let mut pauses = Vec::new();
        for failure in 1..=8 {
            schedule.failed("a", at(0), "no route", None);
            let due = schedule.status("a").unwrap().due.unwrap();
            pauses.push((due.as_micros() - at(0).as_micros()) / 1_000_000);
            assert_eq!(schedule.status("a").unwrap().failures, failure);
        }
        assert!(pauses.windows(2).all(|two| two[0] < two[1] || two[0] >= 3_600), "{pauses:?}");
        assert!((60..=68).contains(&pauses[0]) && pauses[7] <= 4_050, "{pauses:?}");
        schedule.failed("a", at(0), "busy", Some(Duration::from_secs(9_000)));
        assert!(schedule.status("a").unwrap().due.unwrap() >= at(9_000));
        schedule.failed("a", at(0), "busy", Some(Duration::from_secs(u64::MAX)));
        assert!(schedule.status("a").unwrap().due.unwrap() <= at(2 * 24 * 3_600));
        assert_eq!(schedule.answered("a", at(10), 5), Believed::Yes);
        assert_eq!(schedule.status("a").unwrap().failure, None);
    }

    #[test]
    fn small_feeds_may_shrink_and_large_ones_may_shrink_a_little() {
        let mut schedule = schedule();
        assert_eq!(schedule.answered("a", at(0), 99), Believed::Yes);
        assert_eq!(schedule.answered("a", at(1), 0), Believed::Yes);
        assert_eq!(schedule.answered("a", at(2), 1_000), Believed::Yes);
        assert_eq!(schedule.answered("a", at(3), 500), Believed::Yes);
        assert_eq!(schedule.answered("a", at(4), 249), Believed::No { before: 500, now: 249 });
        assert_eq!(schedule.answered("a", at(5), 0), Believed::No { before: 500, now: 0 });
        assert_eq!(schedule.answered("a", at(6), 480), Believed::Yes);
        assert_eq!(schedule.status("a").unwrap().held, None);
    }

    #[test]
    fn a_clock_that_was_wrong_silences_no_feed() {
        let mut schedule = schedule();
        let wrong = at(70 * 365 * 86_400);
        schedule.answered("a", wrong, 500);
        assert_eq!(schedule.due(wrong).count(), 0);
        assert_eq!(schedule.due(at(0)).collect::<Vec<_>>(), ["a"]);
        schedule.failed("a", at(0), "busy", Some(Duration::MAX));
        assert_eq!(schedule.due(at(0)).count(), 0);
    }

    #[test]
    fn outlives_a_restart() {
        let mut schedule = schedule();
        schedule.answered("a", at(0), 500);
        schedule.failed("a", at(600), "nobody there", None);
        let kept = serde_json::to_string(&schedule).unwrap();
        let mut back: Schedule = serde_json::from_str(&kept).unwrap();
        assert_eq!(back.due(at(10_000)).count(), 0, "no plan yet");
        back.add("a", FeedPlan::every(Duration::from_secs(600)));
        assert_eq!(back, schedule);
        assert_eq!(back.answered("a", at(900), 3), Believed::No { before: 500, now: 3 });
    }

    #[test]
    fn who_waited_longest_is_first() {
        let mut schedule = schedule();
        schedule.add("b", FeedPlan::default());
        schedule.add("c", FeedPlan::default());
        schedule.answered("a", at(0), 1);
        schedule.answered("b", at(-9_000), 1);
        assert_eq!(schedule.due(at(601)).collect::<Vec<_>>(), ["c", "b", "a"]);
        assert_eq!(schedule.next_due(), Some(Timestamp::EPOCH));
        schedule.remove("c");
        assert_eq!(schedule.next_due(), Some(at(-5_400)));
        assert_eq!(schedule.answered("nobody", at(0), 1), Believed::Yes);
    }
}
