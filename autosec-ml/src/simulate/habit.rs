//! When people log in: a heavy-tailed rate, and a curve of the hours of their week.

use crate::random::Random;

/// Milliseconds of an hour and of a day.
pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;

/// How much is going on in each hour of the day, in 24ths: at work, and at leisure. Both curves are assumed; their shape is
/// that of published traffic of business and consumer services (mornings and early afternoons; evenings).
const WORK: [f64; 24] = [
    0.05, 0.03, 0.02, 0.02, 0.05, 0.2, 0.7, 1.9, 3.0, 2.8, 2.4, 2.1, 1.6, 2.2, 2.1, 1.8, 1.2, 0.6, 0.4, 0.3,
    0.2, 0.15, 0.1, 0.08,
];
const LEISURE: [f64; 24] = [
    0.35, 0.18, 0.1, 0.08, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.0, 1.05, 1.15, 1.1, 1.05, 1.1, 1.25, 1.45, 1.65,
    1.95, 2.15, 2.1, 1.7, 0.9,
];
/// The same for workdays and for weekends.
const WORK_DAYS: [f64; 2] = [1.35, 0.125];
const LEISURE_DAYS: [f64; 2] = [0.97, 1.075];
/// No hour of anybody's week is busier than so many average ones.
const PEAK: f64 = 4.2;

/// Logins a day of the median user, and the spread of its logarithm: most users log in rarely and a few all the time, as
/// in the published data set; the figures are assumed.
const RATE: f64 = 0.4;
const SPREAD: f64 = 1.1;
const MOST: f64 = 12.0;

/// When somebody logs in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    /// Logins a day.
    rate: f64,
    /// How much of it is work, 0..=1.
    work: f64,
    /// How much later than others, in milliseconds.
    shift: i64,
}

impl Habit {
    pub(super) fn draw(random: &mut Random, employed: bool) -> Self {
        let rate = random.log_normal(RATE, SPREAD).min(MOST);
        let work = if employed { random.between(0.6, 1.0) } else { random.between(0.0, 0.4) };
        Self { rate, work, shift: millis(random.normal().clamp(-3.0, 3.0) * 1.5 / 24.0) }
    }

    /// The next time after `time`, both in milliseconds; `offset` is how far local time is ahead of it. A share of the
    /// occasions (0..=1) is taken.
    pub(super) fn next(&self, random: &mut Random, time: i64, offset: i64, share: f64) -> i64 {
        let mut next = time;
        loop {
            next += millis(random.exponential(1.0 / (self.rate * PEAK))).max(1);
            // Who hardly ever comes may be left out of the simulation, but not hold it up.
            if next - time > 4_000 * DAY || random.chance(share * self.intensity(next + offset) / PEAK) {
                return next;
            }
        }
    }

    /// A time within a day of `time` at which this person might log in.
    pub(super) fn within_a_day(&self, random: &mut Random, time: i64, offset: i64) -> i64 {
        let mut drawn = time;
        for _ in 0..64 {
            drawn = time + millis(random.fraction());
            if random.chance(self.intensity(drawn + offset) / PEAK) {
                break;
            }
        }
        drawn
    }

    /// How busy this local time is: 1 on average over the week.
    fn intensity(&self, local: i64) -> f64 {
        let local = local - self.shift;
        let hour = usize::try_from(local.rem_euclid(DAY) / HOUR).unwrap_or(0);
        let weekend = usize::from(is_weekend(local));
        let of = |hours: &[f64; 24], days: [f64; 2]| {
            hours.get(hour).copied().unwrap_or(1.0) * days.get(weekend).copied().unwrap_or(1.0)
        };
        self.work * of(&WORK, WORK_DAYS) + (1.0 - self.work) * of(&LEISURE, LEISURE_DAYS)
    }
}

/// Whether this local time is on a workday from 8 to 17 o'clock.
pub(super) fn is_working_hour(local: i64) -> bool {
    !is_weekend(local) && (8..17).contains(&(local.rem_euclid(DAY) / HOUR))
}

/// The first day of 1970 was a Thursday.
fn is_weekend(local: i64) -> bool {
    matches!((local.div_euclid(DAY) + 4).rem_euclid(7), 0 | 6)
}

/// Days in milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "casts of floating-point numbers saturate")]
pub(super) fn millis(days: f64) -> i64 {
    (days * DAY as f64) as i64
}

/// Milliseconds in days.
pub(super) fn days(millis: i64) -> f64 {
    millis as f64 / DAY as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_in_proportion() {
        for (hours, [workday, weekend]) in [(WORK, WORK_DAYS), (LEISURE, LEISURE_DAYS)] {
            assert!((hours.iter().sum::<f64>() - 24.0).abs() < 0.3, "{}", hours.iter().sum::<f64>());
            assert!((workday * 5.0 + weekend * 2.0 - 7.0).abs() < 0.01);
            assert!(hours.iter().all(|hour| hour * workday.max(weekend) <= PEAK));
        }
    }

    #[test]
    fn people_come_as_often_as_they_do() {
        let mut random = Random::new(1, 0);
        let habit = Habit { rate: 2.0, work: 0.8, shift: 0 };
        let (mut time, mut working, mut count) = (0, 0, 0);
        while time < 1_000 * DAY {
            time = habit.next(&mut random, time, 0, 1.0);
            working += u32::from(is_working_hour(time));
            count += 1;
        }
        assert!((1_900..2_100).contains(&count), "{count}");
        assert!(working * 10 > count * 6, "{working} of {count} at work");
    }

    #[test]
    fn weekends_are_on_saturdays_and_sundays() {
        let days: Vec<bool> = (0..7).map(|day| is_weekend(day * DAY)).collect();
        assert_eq!(days, [false, false, true, true, false, false, false]);
    }
}
