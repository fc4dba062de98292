use autosec_core::time::Timestamp;

use super::measure::hour_of_week;

const DAY: usize = 24;
/// Five days of the week, and two: an hour of either is a bin of its own.
const KINDS: usize = 2;
const BINS: usize = KINDS * DAY;
const WEEKDAYS: f64 = 120.0;
/// What an event lends to its hour and to those up to four away: a normal distribution with a deviation of 1.5 h.
const LENDS: [f32; 5] = [0.265_963, 0.212_966, 0.109_341, 0.035_995, 0.007_598];
/// All hours are known beforehand as if by so many events.
const PRIOR: f32 = 10.0;
/// Everything is halved after so many events.
const AGED: u32 = 512;

/// At what hours an entity is active, on weekdays and on weekends, and how surprising the hour of its newest event is.
///
/// An event lends to the hours around its own, over midnight too. Half-lives are in events and not in time.
#[derive(Clone, Debug)]
pub(super) struct Rhythm {
    bins: [f32; BINS],
    events: u32,
    /// ln of the weight of the most usual hour by that of this one: 0 and more.
    pub(super) surprise: f64,
}

impl Rhythm {
    pub(super) fn new() -> Self {
        Self { bins: [0.0; BINS], events: 0, surprise: f64::NAN }
    }

    /// Says how surprising the hour is, then learns it. Of a first event nothing can be said.
    pub(super) fn observe(&mut self, time: Timestamp) {
        let (kind, hour) = bin(time);
        self.surprise = if self.events == 0 { f64::NAN } else { self.surprise_at(kind, hour) };
        let (first, rest) = LENDS.split_first().map_or((0.0, &[][..]), |(first, rest)| (*first, rest));
        self.lend(kind, hour, first);
        for (away, lends) in (1..).zip(rest) {
            self.lend(kind, hour + away, *lends);
            self.lend(kind, hour + DAY - away, *lends);
        }
        self.events += 1;
        if self.events >= AGED {
            self.bins.iter_mut().for_each(|bin| *bin /= 2.0);
            self.events /= 2;
        }
    }

    fn surprise_at(&self, kind: usize, hour: usize) -> f64 {
        let prior = PRIOR / BINS as f32;
        let most = self.bins.iter().copied().fold(0.0, f32::max);
        let here = self.bins.get(kind * DAY + hour).copied().unwrap_or(0.0);
        libm::log(f64::from(most + prior) / f64::from(here + prior))
    }

    fn lend(&mut self, kind: usize, hour: usize, weight: f32) {
        if let Some(bin) = self.bins.get_mut(kind * DAY + hour % DAY) {
            *bin += weight;
        }
    }
}

/// Whether it is a weekend, and the hour of the day.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within 0..168")]
fn bin(time: Timestamp) -> (usize, usize) {
    let hour = hour_of_week(time);
    (usize::from(hour >= WEEKDAYS), hour as usize % DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 2023-11-13, and so many hours.
    fn at(hours: i64) -> Timestamp {
        Timestamp::from_secs(1_699_833_600 + hours * 3_600)
    }

    fn after(hours: impl IntoIterator<Item = i64>) -> Rhythm {
        let mut rhythm = Rhythm::new();
        hours.into_iter().for_each(|hours| rhythm.observe(at(hours)));
        rhythm
    }

    /// Every working day at nine, for some weeks, and then an hour that is not.
    fn then(hour: i64) -> f64 {
        let days = (0..60).filter(|day| day % 7 < 5);
        after(days.map(|day| day * 24 + 9).chain([60 * 24 + hour])).surprise
    }

    #[test]
    fn the_farther_from_the_usual_hour_the_more_surprising() {
        // Day 60 is a Friday, the day after it begins a weekend.
        let [nine, eleven, night, weekend] = [9, 11, 21, 24 + 9].map(then);
        assert!(nine == 0.0 && nine < eleven && eleven < night, "{nine} {eleven} {night}");
        assert!(night > 3.0 && weekend > 3.0, "{night} {weekend}");
    }

    #[test]
    fn midnight_parts_nothing() {
        let rhythm = after([23, 23, 23, 23, 24]);
        assert!((rhythm.surprise - after([23, 23, 23, 23, 46]).surprise).abs() < 1e-6);
    }

    #[test]
    fn a_first_event_says_nothing_and_many_are_bounded() {
        assert!(after([5]).surprise.is_nan());
        let long = after((0..100_000).map(|n| n % 500));
        assert!(long.surprise.is_finite() && long.events < AGED);
        let lent: f32 = LENDS[0] + 2.0 * LENDS[1..].iter().sum::<f32>();
        assert!((lent - 1.0).abs() < 0.01, "{lent}");
    }
}
