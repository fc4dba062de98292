use super::math::{amount, trust};
use super::{Kind, Reason, Signal};
use crate::time::Timestamp;

/// Hours of a week.
const WEEK: u8 = 168;
const SECONDS_OF_HOUR: i64 = 3600;
/// Hours from Monday 00:00 to the epoch, a Thursday.
const EPOCH: i64 = 72;
/// The kernel by distance in hours: a normal density of deviation 1.5 h, cut off after 6 h (four deviations), scaled
/// so that it adds up to 1 over both sides. The von Mises density of κ = 6.48 on the circle of a day differs by at
/// most 0.006.
const KERNEL: [f64; 7] = [
    0.2659642571610709,
    0.21296752854785397,
    0.10934117495453048,
    0.035994348073708826,
    0.0075974021965969285,
    0.001028196578138908,
    8.92210686353923e-05,
];
/// How many events the same hour on other days weighs against, and that of whoever is asked next.
const DAY_STRENGTH: f64 = 4.0;
const WEEK_STRENGTH: f64 = 12.0;
/// The share of events that come at any hour, whatever the habit.
const FLOOR: f64 = 0.1;

/// An hour of the week: 0 is Monday 00:00 to 01:00, 167 the last of Sunday.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HourOfWeek(u8);

/// How likely each hour of the week is for somebody: what [`hour_chance`] says of the hour asked about.
pub const ANY_HOUR: f64 = 1.0 / 168.0;

impl HourOfWeek {
    /// The hour of this number; 168 is 0 again.
    pub const fn new(number: u8) -> Self {
        Self(number % WEEK)
    }

    /// The hour of an event where the clock is `offset` seconds ahead of UTC (negative: behind); beyond a day either
    /// way the offset is taken for a day.
    ///
    /// Event time is UTC; habits follow the clock on the wall. Where the offset is not known, 0 is as good as any for
    /// somebody who stays in one place, except for the hour that a summer time shifts.
    ///
    /// ```
    /// use autosec_core::behavior::signal::HourOfWeek;
    /// use autosec_core::time::Timestamp;
    ///
    /// let sunday = Timestamp::parse("2026-11-22T23:30:00Z")?;
    /// assert_eq!(HourOfWeek::of(sunday, 0).number(), 167);
    /// assert_eq!(HourOfWeek::of(sunday, 3600).number(), 0, "in Berlin it is Monday");
    /// # Ok::<(), autosec_core::time::TimestampError>(())
    /// ```
    pub fn of(at: Timestamp, offset: i32) -> Self {
        let offset = i64::from(offset).clamp(-86_400, 86_400);
        let hours = (at.as_micros().div_euclid(1_000_000) + offset).div_euclid(SECONDS_OF_HOUR) + EPOCH;
        Self(u8::try_from(hours.rem_euclid(i64::from(WEEK))).unwrap_or(0))
    }

    /// Its number, 0 to 167.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Hours between the two on the circle of a week, and on that of a day.
    fn apart(self, other: HourOfWeek) -> (u8, u8) {
        let circle = |hours: u8, length: u8| {
            let hours = hours % length;
            hours.min(length - hours)
        };
        let hours = self.0.abs_diff(other.0);
        (circle(hours, WEEK), circle(hours, 24))
    }
}

/// The chance that an event of somebody falls into `hour`, from the hours that were counted, 0 to 1; over all hours
/// of the week the chances add up to 1.
///
/// It is a kernel density (bandwidth 1.5 h, wrapped) that backs off twice, each step as a Dirichlet prior: from the
/// hour of the week to the hour of the day, and from there to `prior`, the same hour's chance for whoever is like
/// them (peers; for peers everyone; for everyone [`ANY_HOUR`]):
///
/// `p_day = (Σ c·K₂₄/7 + 4·prior) / (n + 4)`, `p = 0.9 · (Σ c·K₁₆₈ + 12·p_day) / (n + 12) + 0.1 · prior`.
///
/// The tenth at the end is for what no habit explains. Weights below zero or not numbers are left out; at most as
/// many are read as a week has hours. It costs a look at each counted hour.
pub fn hour_chance(
    hour: HourOfWeek,
    counted: impl IntoIterator<Item = (HourOfWeek, f64)>,
    prior: f64,
) -> f64 {
    let (mut week, mut day, mut total) = (0.0, 0.0, 0.0);
    for (known, weight) in counted.into_iter().take(usize::from(WEEK)) {
        let weight = amount(weight).min(1e12);
        let (in_week, in_day) = hour.apart(known);
        week += weight * kernel(in_week);
        day += weight * kernel(in_day) / 7.0;
        total += weight;
    }
    let prior = amount(prior).min(1.0);
    let of_day = (day + DAY_STRENGTH * prior) / (total + DAY_STRENGTH);
    let of_week = (week + WEEK_STRENGTH * of_day) / (total + WEEK_STRENGTH);
    (1.0 - FLOOR) * of_week + FLOOR * prior
}

/// An unusual hour: `llr = ln(p_other / p_own)`.
///
/// `own` and `others` are the hour's chances for the entity and for everyone, as [`hour_chance`] gives them;
/// `history` is how many events the entity's hours rest on. Somebody else works when everyone does or, from another
/// part of the world, at any hour: `p_other` is the mean of the two.
///
/// ```
/// use autosec_core::behavior::signal::{ANY_HOUR, HourOfWeek, hour_chance, season};
///
/// // Thirty times on weekdays at nine; what of Tuesday at nine, and of Sunday at three in the night?
/// let counted = || (0..5).map(|day| (HourOfWeek::new(day * 24 + 9), 6.0));
/// let llr = |hour| season(hour, hour_chance(hour, counted(), ANY_HOUR), ANY_HOUR, 30.0).llr().value();
/// assert!(llr(HourOfWeek::new(33)) < -1.4);
/// assert!(llr(HourOfWeek::new(147)) > 1.5);
/// ```
pub fn season(hour: HourOfWeek, own: f64, others: f64, history: f64) -> Signal {
    let own = own.clamp(1e-9, 1.0);
    let other = 0.5 * others.clamp(0.0, 1.0) + 0.5 * ANY_HOUR;
    let reason = Reason::Season { hour: hour.0, own, other };
    Signal::new(Kind::Season, libm::log(other / own), trust(history, WEEK_STRENGTH), reason)
}

fn kernel(hours: u8) -> f64 {
    KERNEL.get(usize::from(hours)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::behavior::signal::Nats;

    fn hours() -> impl Iterator<Item = HourOfWeek> {
        (0..WEEK).map(HourOfWeek::new)
    }

    fn counted() -> impl Strategy<Value = Vec<(HourOfWeek, f64)>> {
        prop::collection::vec(((0..WEEK).prop_map(HourOfWeek::new), 0.0..50.0), 0..60)
    }

    #[test]
    fn the_kernel_is_normal_and_nearly_von_mises() {
        let raw = |hours: f64| (-(hours / 1.5f64).powi(2) / 2.0).exp();
        let sum = raw(0.0) + 2.0 * (1..7).map(|hours| raw(f64::from(hours))).sum::<f64>();
        let mises = |hours: f64| (6.4846 * ((std::f64::consts::TAU * hours / 24.0).cos() - 1.0)).exp();
        let around: f64 = (0..24).map(|hours| mises(f64::from(hours))).sum();
        for hours in 0..7 {
            let here = kernel(hours);
            assert!((here - raw(f64::from(hours)) / sum).abs() < 1e-15, "{hours}");
            assert!((here - mises(f64::from(hours)) / around).abs() < 0.006, "{hours}");
        }
        assert_eq!(kernel(7), 0.0);
    }

    #[test]
    fn hours_of_known_moments() {
        let hour = |text: &str, offset| HourOfWeek::of(Timestamp::parse(text).unwrap(), offset).number();
        assert_eq!(hour("1970-01-01T00:00:00Z", 0), 72, "a Thursday");
        assert_eq!(hour("2026-11-23T00:00:00Z", 0), 0, "a Monday");
        assert_eq!(hour("1969-12-29T00:30:00Z", 0), 0, "before the epoch");
        assert_eq!(hour("2026-11-23T00:00:00Z", -3600), 167);
        assert_eq!(
            HourOfWeek::of(Timestamp::MIN, i32::MIN).number(),
            HourOfWeek::of(Timestamp::MIN, -86_400).number()
        );
        assert_eq!(
            HourOfWeek::of(Timestamp::MAX, i32::MAX).number(),
            HourOfWeek::of(Timestamp::MAX, 86_400).number()
        );
    }

    #[test]
    fn one_event_by_hand() {
        // One event in the hour itself, uniform prior u: p_day = (K₀/7 + 4u)/5, p = 0.9·(K₀ + 12·p_day)/13 + 0.1u.
        let hour = HourOfWeek::new(50);
        let (k, u) = (KERNEL[0], ANY_HOUR);
        let expected = 0.9 * (k + 12.0 * (k / 7.0 + 4.0 * u) / 5.0) / 13.0 + 0.1 * u;
        assert!((hour_chance(hour, [(hour, 1.0)], u) - expected).abs() < 1e-15);
        assert!((hour_chance(hour, [], u) - u).abs() < 1e-15, "nothing known is the prior");
    }

    #[test]
    fn bits_are_golden() {
        let hour = HourOfWeek::new(12);
        let own = hour_chance(hour, [(HourOfWeek::new(9), 5.0), (HourOfWeek::new(33), 4.5)], ANY_HOUR);
        let llr = season(hour, own, ANY_HOUR, 9.5).llr().value();
        // By hand: p_day = (9.5·K₃/7 + 4u)/13.5 = 0.005382, p = 0.9·(5·K₃ + 12·p_day)/21.5 + 0.1u = 0.010833.
        assert_eq!((own.to_bits(), llr), (0x3f86_2f5d_7c6c_8fc1, -0.598_762_512_207_031_3));
    }

    proptest! {
        #[test]
        fn chances_add_up_to_one(counted in counted(), peers in counted()) {
            let peers = |hour| hour_chance(hour, peers.iter().copied(), ANY_HOUR);
            let chance = |hour| hour_chance(hour, counted.iter().copied(), peers(hour));
            let sum: f64 = hours().map(chance).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
            prop_assert!(hours().all(|hour| chance(hour) > 0.0));
        }

        #[test]
        fn shifting_everything_changes_nothing(counted in counted(), hour in 0..WEEK, shift in 0..WEEK) {
            let later = |hour: HourOfWeek| HourOfWeek::new(((u16::from(hour.0) + u16::from(shift)) % 168) as u8);
            let here = hour_chance(HourOfWeek::new(hour), counted.iter().copied(), ANY_HOUR);
            let shifted = counted.iter().map(|(hour, weight)| (later(*hour), *weight));
            prop_assert_eq!(here, hour_chance(later(HourOfWeek::new(hour)), shifted, ANY_HOUR));
        }

        #[test]
        fn another_event_in_the_hour_never_makes_it_stranger(counted in counted(), hour in 0..WEEK) {
            let hour = HourOfWeek::new(hour);
            let before = hour_chance(hour, counted.iter().copied().take(100), ANY_HOUR);
            let more = counted.iter().copied().chain([(hour, 1.0)]);
            // The kernel's peak is the most that any hour can have.
            prop_assert!(hour_chance(hour, more, ANY_HOUR) >= before - 1e-12);
        }

        #[test]
        fn any_number_has_an_answer(weight: u64, prior: u64, history: u64) {
            let hour = HourOfWeek::new(3);
            let prior = f64::from_bits(prior);
            let own = hour_chance(hour, [(hour, f64::from_bits(weight))], prior);
            prop_assert!((0.0..=1.0).contains(&own));
            let signal = season(hour, own, prior, f64::from_bits(history));
            let (least, most) = Kind::Season.caps();
            prop_assert!((least..=most).contains(&signal.llr()));
            prop_assert_eq!(season(hour, f64::NAN, prior, 1.0).llr(), Nats::ZERO);
        }
    }
}
