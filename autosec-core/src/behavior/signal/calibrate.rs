use std::time::Duration;

use super::{Combined, Group, Nats};
use crate::time::Timestamp;

/// What an analyst, or the host after a challenge, said of an assessment.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Opinion {
    /// It was an attacker.
    Confirmed,
    /// It was the entity itself.
    Dismissed,
}

/// What opinions have moved: an offset for each group of signals, bounded and fading, in 28 bytes.
///
/// An opinion is one step of logistic regression over the groups (Zinkevich 2003, online gradient descent): with y =
/// 1 for confirmed and 0 for dismissed, each group that spoke for an attacker moves by
///
/// `(y − risk) · share`, where `share` is its part of all that spoke for an attacker,
///
/// at most to ±1.5 nats, and fades with a half-life of 30 days of event time. A risk that was right already moves
/// nothing; nobody can teach it to pass over an attack by dismissing many findings, since the bound is far below what
/// a group may say.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::behavior::signal::{
///     Calibration, Group, Kind, Limits, Nats, Opinion, Reason, Signal, Signals, combine,
/// };
/// use autosec_core::time::Timestamp;
///
/// let mut signals = Signals::new();
/// signals.add(Signal::new(Kind::Season, 2.5, 0.9, Reason::Season { hour: 3, own: 0.001, other: 0.012 }));
/// signals.add(Signal::new(Kind::Network, 5.0, 0.9, Reason::Rarity { own: None, peers: None, ratio: 0.007, novelty: 0.1 }));
/// let now = Timestamp::parse("2026-11-22T03:10:00Z")?;
///
/// let mut calibration = Calibration::default();
/// let before = combine(&signals, calibration.offsets(now), &Limits::default());
/// assert_eq!(before.risk().to_string(), "0.92");
/// for _ in 0..3 {
///     let again = combine(&signals, calibration.offsets(now), &Limits::default());
///     calibration.learn(&again, Opinion::Dismissed, now);
/// }
/// let after = combine(&signals, calibration.offsets(now), &Limits::default());
/// assert_eq!(after.risk().to_string(), "0.55");
/// let shown: Vec<String> = after.contributions().map(|part| format!("{} {}", part.name(), part.adds)).collect();
/// assert_eq!(shown, ["network +5.00", "season +2.50", "feedback on network -1.50", "feedback on time -0.81"]);
///
/// let month = now + Duration::from_secs(30 * 86_400);
/// assert_eq!(calibration.offsets(month)[Group::Network as usize].to_string(), "-0.75");
/// # Ok::<(), autosec_core::time::TimestampError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibration {
    offsets: [Nats; Group::ALL.len()],
    at: Timestamp,
}

impl Calibration {
    /// The furthest that a group moves, in nats: a factor of 4.5 in its likelihood ratio.
    pub const MOST: Nats = Nats::new(1.5);
    /// How long until half of an offset is forgotten, in event time.
    pub const HALF_LIFE: Duration = Duration::from_secs(30 * 86_400);

    /// One from its parts, as [`Calibration::parts`] gave them, cut to [`Calibration::MOST`].
    pub fn from_parts(offsets: [Nats; Group::ALL.len()], at: Timestamp) -> Self {
        Self { offsets: offsets.map(bounded), at }
    }

    /// The offsets in the order of [`Group::ALL`], and the event time as of which they are.
    pub const fn parts(self) -> ([Nats; Group::ALL.len()], Timestamp) {
        (self.offsets, self.at)
    }

    /// Takes in an opinion about an assessment of an event at `at`. One about an older event than the latest counts
    /// as if it had faded since.
    pub fn learn(&mut self, about: &Combined, opinion: Opinion, at: Timestamp) {
        let spoke: Nats = Group::ALL.into_iter().map(|group| about.suspicion(group)).sum();
        let latest = self.at.max(at);
        let (held, late) = (self.offsets(latest), fading(latest.since(at)));
        let label = match opinion {
            Opinion::Confirmed => 1.0,
            Opinion::Dismissed => 0.0,
        };
        let step = (label - about.risk().value()) * late;
        for (offset, (held, group)) in self.offsets.iter_mut().zip(held.into_iter().zip(Group::ALL)) {
            let share = if spoke > Nats::ZERO { about.suspicion(group).value() / spoke.value() } else { 0.0 };
            *offset = bounded(held + Nats::new(step * share));
        }
        self.at = latest;
    }

    /// The offsets at `now`, for [`combine`](super::combine); a `now` before the latest opinion is taken for it.
    pub fn offsets(&self, now: Timestamp) -> [Nats; Group::ALL.len()] {
        let left = fading(now.since(self.at));
        self.offsets.map(|offset| Nats::new(offset.value() * left))
    }

    /// Both together, as of the later of the two: offsets add up, within the bound. Commutative; associative as long
    /// as the bound is not reached, up to a millionth of a nat.
    #[must_use]
    pub fn merge(self, other: Calibration) -> Self {
        let at = self.at.max(other.at);
        let (mut offsets, others) = (self.offsets(at), other.offsets(at));
        for (offset, other) in offsets.iter_mut().zip(others) {
            *offset = bounded(*offset + other);
        }
        Self { offsets, at }
    }
}

fn bounded(offset: Nats) -> Nats {
    offset.clamp(-Calibration::MOST, Calibration::MOST)
}

/// What is left after a while: `2^(-age / half-life)`.
fn fading(age: Duration) -> f64 {
    libm::exp2(-age.as_secs_f64() / Calibration::HALF_LIFE.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::behavior::signal::{Kind, Limits, Reason, Signal, Signals, combine};

    fn combined(travel: f64, season: f64, calibration: &Calibration, now: Timestamp) -> Combined {
        let mut signals = Signals::new();
        let why = Reason::Sequence { chance: 0.5, z: 0.0 };
        signals.add(Signal::new(Kind::Travel, travel, 0.5, why));
        signals.add(Signal::new(Kind::Season, season, 0.5, why));
        combine(&signals, calibration.offsets(now), &Limits::default())
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_secs(number * 86_400)
    }

    #[test]
    fn one_step_by_hand() {
        // -5 + 4 + 1 is even odds: dismissed moves by -½, shared 4 to 1.
        let mut calibration = Calibration::default();
        calibration.learn(&combined(4.0, 1.0, &calibration, day(0)), Opinion::Dismissed, day(0));
        let [network, _, time, ..] = calibration.offsets(day(0));
        assert_eq!((network, time), (Nats::new(-0.4), Nats::new(-0.1)));
        let [network, ..] = calibration.offsets(day(30));
        assert_eq!(network, Nats::new(-0.2));
        let [network, ..] = calibration.offsets(day(-300));
        assert_eq!(network, Nats::new(-0.4), "time that runs backwards changes nothing");
    }

    #[test]
    fn late_opinions_have_faded() {
        let mut late = Calibration::from_parts([Nats::ZERO; 5], day(60));
        late.learn(&combined(4.0, 1.0, &late, day(0)), Opinion::Dismissed, day(0));
        assert_eq!(late.parts().1, day(60));
        assert_eq!(late.offsets(day(60))[0], Nats::new(-0.1));
    }

    #[test]
    fn many_opinions_stay_within_the_bound() {
        let mut calibration = Calibration::default();
        for _ in 0..10_000 {
            calibration.learn(
                &combined(5.0, 3.0, &Calibration::default(), day(1)),
                Opinion::Dismissed,
                day(1),
            );
        }
        assert_eq!(calibration.offsets(day(1))[0], -Calibration::MOST);
        let after = combined(5.0, 3.0, &calibration, day(1));
        assert_eq!(after.log_odds(), Nats::new(-5.0 + 8.0 - 3.0));
    }

    #[test]
    fn nothing_that_spoke_moves_nothing() {
        let mut calibration = Calibration::default();
        calibration.learn(&combined(0.0, -1.0, &calibration, day(1)), Opinion::Confirmed, day(1));
        assert_eq!(calibration.offsets(day(1)), [Nats::ZERO; 5]);
    }

    fn calibrations() -> impl Strategy<Value = Calibration> {
        (prop::array::uniform5(-0.4..0.4), 0..100i64)
            .prop_map(|(offsets, at)| Calibration::from_parts(offsets.map(Nats::new), day(at)))
    }

    proptest! {
        #[test]
        fn merging_is_commutative_and_nearly_associative(a in calibrations(), b in calibrations(), c in calibrations()) {
            prop_assert_eq!(a.merge(b), b.merge(a));
            let (left, right) = (a.merge(b).merge(c).parts().0, a.merge(b.merge(c)).parts().0);
            for (left, right) in left.into_iter().zip(right) {
                prop_assert!((left - right).abs() <= Nats::new(1e-5));
            }
        }

        #[test]
        fn is_bounded_at_any_time(travel in -9.0..9.0, season in -9.0..9.0, at: i64, then: i64, confirmed: bool) {
            let (at, then) = (Timestamp::from_micros(at), Timestamp::from_micros(then));
            let mut calibration = Calibration::from_parts([9.0, -9.0, 0.0, 0.0, 0.0].map(Nats::new), then);
            let opinion = if confirmed { Opinion::Confirmed } else { Opinion::Dismissed };
            calibration.learn(&combined(travel, season, &calibration, at), opinion, at);
            for now in [at, then, Timestamp::MIN, Timestamp::MAX] {
                prop_assert!(calibration.offsets(now).iter().all(|offset| offset.abs() <= Calibration::MOST));
            }
        }

        #[test]
        fn an_opinion_moves_its_way(travel in 0.1..5.0, season in 0.1..3.0) {
            let before = combined(travel, season, &Calibration::default(), day(1));
            for (opinion, up) in [(Opinion::Confirmed, true), (Opinion::Dismissed, false)] {
                let mut calibration = Calibration::default();
                calibration.learn(&before, opinion, day(1));
                let after = combined(travel, season, &calibration, day(1));
                let moved = after.log_odds() - before.log_odds();
                let its_way = if up { moved } else { -moved };
                prop_assert!(its_way >= Nats::ZERO);
            }
        }
    }
}
