//! How fast a firewall may be asked.

use std::time::Duration;

use super::Rate;
use crate::time::Timestamp;

/// What has been saved up of a [`Rate`]: calls and items that may be spent now. At most a whole interval's worth.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When it was last filled; before the first call it is full.
    filled: Option<Timestamp>,
    calls: f64,
    items: f64,
}

impl Bucket {
    /// Spends one call of `items` items.
    ///
    /// # Errors
    /// Not yet: how long until it can.
    pub(super) fn spend(&mut self, items: usize, now: Timestamp, rate: &Rate) -> Result<(), Duration> {
        self.fill(now, rate);
        // More than fit could never be spent: whoever asks keeps calls as small as the rate.
        let items = (items as f64).min(f64::from(rate.items));
        let lacks = |has: f64, needs: f64, full: u32| (needs - has).max(0.0) / f64::from(full.max(1));
        let lack = lacks(self.calls, 1.0, rate.calls).max(lacks(self.items, items, rate.items));
        if lack > 0.0 {
            // A little more than needed, so that rounding never asks for another wait of nothing.
            return Err(rate.per.mul_f64(lack) + Duration::from_micros(1));
        }
        self.calls -= 1.0;
        self.items -= items;
        Ok(())
    }

    fn fill(&mut self, now: Timestamp, rate: &Rate) {
        let share = match self.filled {
            None => 1.0,
            // A clock that was set back has passed nothing.
            Some(before) => now.since(before).as_secs_f64() / rate.per.as_secs_f64().max(f64::MIN_POSITIVE),
        };
        let (calls, items) = (f64::from(rate.calls.max(1)), f64::from(rate.items.max(1)));
        self.calls = (self.calls + share * calls).min(calls);
        self.items = (self.items + share * items).min(items);
        self.filled = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { calls: 4, items: 100, per: Duration::from_secs(10) };

    #[test]
    fn bounds_calls_and_items() {
        let (mut bucket, mut now) = (Bucket::default(), Timestamp::from_secs(1_000));
        assert!((0..4).all(|_| bucket.spend(1, now, &RATE).is_ok()), "an interval's worth at once");
        let wait = bucket.spend(1, now, &RATE).unwrap_err();
        assert!(wait > Duration::from_millis(2_400) && wait < Duration::from_millis(2_600), "{wait:?}");
        now = now + wait;
        assert!(bucket.spend(1, now, &RATE).is_ok() && bucket.spend(1, now, &RATE).is_err());
        now = now + Duration::from_secs(60);
        assert!(bucket.spend(100, now, &RATE).is_ok());
        let wait = bucket.spend(50, now, &RATE).unwrap_err();
        assert!(wait > Duration::from_millis(4_900) && wait < Duration::from_millis(5_100), "{wait:?}");
        assert!(bucket.spend(1_000_000, now + RATE.per, &RATE).is_ok(), "no call waits for ever");
    }

    #[test]
    fn holds_over_time_whatever_the_clock_does() {
        let mut bucket = Bucket::default();
        let clock = |step: i64| Timestamp::from_secs(1_000_000 + step * 7 % 50 - step % 3 * 20);
        let spent = (0..1_000).filter(|step| bucket.spend(1, clock(*step), &RATE).is_ok()).count();
        assert!(spent > 4);
        let mut steady = Bucket::default();
        let spent = (0..1_000)
            .filter(|step| steady.spend(1, Timestamp::from_micros(step * 100_000), &RATE).is_ok())
            .count();
        assert!((43..=45).contains(&spent), "4 at once and 4 each 10 s of 100 s: {spent}");
    }
}
