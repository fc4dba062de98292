use super::codec::{Reader, Writer};
use super::operator::Novelty;
use super::table::State;

/// How many values are gone through one by one.
const FEW: usize = 64;
/// Beyond, values are kept in so many buckets of eight.
const BUCKETS: usize = 128;
const BUCKET: usize = 8;
/// How finely it is remembered when a value was seen: the time after which it is forgotten in so many parts, ...
const PARTS: i64 = 256;
/// ... but not finer than two seconds, so that 32 bits reach beyond 2200.
const FINEST: i64 = 2_000_000;

/// The values that were seen of a key, and when each was last.
///
/// A value is kept as 32 bits of its keyed hash. Up to 64 values all are kept and gone through: one in 67 million new
/// values is then taken for a known one. Beyond, there are 1,024 places in buckets of eight, where the one seen longest
/// ago gives way: one in four million. At most 8 KiB. What it holds does not depend on the order in which values came,
/// and of two such sets the union can be made, as long as neither gave up a value.
#[derive(Debug)]
pub(super) struct Known {
    since: i64,
    newest: i64,
    values: Vec<Seen>,
}

/// A value and when it was last seen, in parts; 0 for a place that is free.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
struct Seen {
    last: u32,
    value: u32,
}

impl Novelty {
    fn part(&self, time: i64) -> u32 {
        let part = time.div_euclid((self.forget / PARTS).max(FINEST)).clamp(0, i64::from(u32::MAX) - 1);
        u32::try_from(part).unwrap_or(u32::MAX - 1) + 1
    }

    fn is_forgotten(&self, last: u32, now: u32) -> bool {
        let parts = self.forget / (self.forget / PARTS).max(FINEST);
        i64::from(now) - i64::from(last) > parts
    }
}

impl Known {
    /// Notes a value that was seen at `time`. If it is new, and the key no longer learns, how many values were known before.
    pub(super) fn observe(&mut self, novelty: &Novelty, hash: u64, time: i64) -> Option<u64> {
        self.since = self.since.min(time);
        self.newest = self.newest.max(time);
        let now = novelty.part(time);
        let known = self.note(novelty, Seen { last: now, value: (hash >> 32) as u32 });
        if known || time.saturating_sub(self.since) < novelty.learn {
            return None;
        }
        let remembered = |seen: &&Seen| seen.last != 0 && !novelty.is_forgotten(seen.last, now);
        Some(self.values.iter().filter(remembered).count().saturating_sub(1) as u64)
    }

    /// Notes a value, and says whether it was known.
    fn note(&mut self, novelty: &Novelty, fresh: Seen) -> bool {
        if let Some(seen) =
            self.bucket(fresh.value).iter_mut().find(|seen| seen.last != 0 && seen.value == fresh.value)
        {
            let known = !novelty.is_forgotten(seen.last, fresh.last);
            seen.last = seen.last.max(fresh.last);
            return known;
        }
        if self.values.len() == FEW {
            let now = novelty.part(self.newest);
            self.values.retain(|seen| !novelty.is_forgotten(seen.last, now));
        }
        if self.values.len() == FEW {
            let few = std::mem::replace(&mut self.values, vec![Seen::default(); BUCKETS * BUCKET]);
            few.into_iter().for_each(|seen| self.keep(seen));
        }
        if self.values.len() < FEW {
            self.values.push(fresh)
        } else {
            self.keep(fresh)
        }
        false
    }

    /// Puts a value that is not there into its bucket, if it was seen later than one of the others.
    fn keep(&mut self, fresh: Seen) {
        if let Some(stalest) = self.bucket(fresh.value).iter_mut().min()
            && *stalest < fresh
        {
            *stalest = fresh;
        }
    }

    /// The places a value may be at.
    fn bucket(&mut self, value: u32) -> &mut [Seen] {
        if self.values.len() <= FEW {
            return &mut self.values;
        }
        let start = value as usize % BUCKETS * BUCKET;
        self.values.get_mut(start..start + BUCKET).unwrap_or_default()
    }
}

impl State for Known {
    type Plan = Novelty;

    fn fresh(_: &Novelty, newest: i64) -> Self {
        Self { since: newest, newest, values: Vec::new() }
    }

    fn newest(&self) -> i64 {
        self.newest
    }

    fn heap(&self) -> usize {
        self.values.capacity() * size_of::<Seen>()
    }

    fn merge(&mut self, other: &Self, plan: &Novelty) {
        self.since = self.since.min(other.since);
        self.newest = self.newest.max(other.newest);
        for seen in other.values.iter().filter(|seen| seen.last != 0) {
            self.note(plan, *seen);
        }
    }

    fn write(&self, to: &mut Writer) {
        to.signed(i128::from(self.since));
        let values = || self.values.iter().filter(|seen| seen.last != 0);
        to.length(values().count());
        for seen in values() {
            to.number(u64::from(seen.value));
            to.number(u64::from(seen.last));
        }
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
        self.since = from.place()?;
        let length = from.length().filter(|length| *length <= BUCKETS * BUCKET)?;
        if length > FEW {
            self.values = vec![Seen::default(); BUCKETS * BUCKET];
        }
        for _ in 0..length {
            let (value, last) = (from.small()?, from.small()?);
            let seen = Seen { last, value };
            if length > FEW { self.keep(seen) } else { self.values.push(seen) }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;

    fn novelty() -> Novelty {
        Novelty { of: Box::new([]), learn: DAY, forget: 256 * 60 * SECOND }
    }

    fn hash(value: u64) -> u64 {
        value.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(
            values in prop::collection::vec((0i64..90_000, 0u64..300), 1..600), ahead in 0i64..200,
        ) {
            let novelty = novelty();
            let mut known = Known::fresh(&novelty, 0);
            let mut last: HashMap<u64, i64> = HashMap::new();
            for (at, (gap, value)) in (0i64..).zip(values) {
                let time = (at * ahead + gap % 7) * SECOND;
                let now = time / (60 * SECOND);
                let seen = last.insert(value, now.max(last.get(&value).copied().unwrap_or(0)));
                let new = seen.is_none_or(|seen| now - seen > 256) && time >= DAY;
                prop_assert_eq!(known.observe(&novelty, hash(value), time).is_some(), new);
            }
        }

        #[test]
        fn unites(values in prop::collection::vec((0i64..90_000, 0u64..200, any::<bool>()), 0..300)) {
            let novelty = novelty();
            let (mut one, mut left, mut right) =
                (Known::fresh(&novelty, 0), Known::fresh(&novelty, 0), Known::fresh(&novelty, 0));
            for (second, value, side) in values {
                one.observe(&novelty, hash(value), second * SECOND);
                let shard = if side { &mut left } else { &mut right };
                shard.observe(&novelty, hash(value), second * SECOND);
            }
            left.merge(&right, &novelty);
            let sorted = |known: &Known| {
                let now = novelty.part(known.newest);
                let held = known.values.iter().filter(|seen| seen.last != 0);
                let mut values: Vec<_> = held.filter(|seen| !novelty.is_forgotten(seen.last, now)).copied().collect();
                values.sort_unstable();
                values
            };
            prop_assert_eq!(sorted(&left), sorted(&one));
        }
    }

    #[test]
    fn never_grows_beyond_its_places() {
        let novelty = novelty();
        let mut known = Known::fresh(&novelty, 0);
        (0..100_000).for_each(|value| _ = known.observe(&novelty, hash(value), 2 * DAY));
        assert_eq!(known.heap(), 8_192);
        assert_eq!(known.observe(&novelty, hash(5), 2 * DAY + 1), Some(1_023), "given up long ago");
    }
}
