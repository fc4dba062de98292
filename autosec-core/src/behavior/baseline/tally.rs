use super::ageing::{Ageing, UNIT, shrunk};

/// Seconds of the window that events are counted in.
pub(in crate::behavior) const WINDOW: u32 = 3600;

/// How often something happens: events of the hour at hand, and those before it, fading.
///
/// The state of a Gamma-Poisson model: the mass is the Gamma's shape but for the prior, and its rate, the time observed,
/// follows from when the entity was first seen ([`Ageing::exposure`]).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::behavior) struct Tally {
    /// When the last event was, by which `mass` is kept.
    pub(super) newest: u32,
    /// Forward mass of all events, in units of an event's 16th.
    pub(super) mass: u32,
    /// Events in the hour of `newest`.
    pub(super) window: u32,
}

/// What a tally says at a point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::behavior) struct Rate {
    /// Events in the hour at hand.
    pub(in crate::behavior) window: u32,
    /// Events before it, faded to now.
    pub(in crate::behavior) before: f64,
}

impl Tally {
    /// Counts an event.
    pub(in crate::behavior) fn add(&mut self, second: u32, ageing: &Ageing) {
        let event = Self { newest: second, mass: mass(second, ageing), window: 1 };
        self.unite(&event, ageing);
    }

    /// Adds the events of another tally.
    pub(super) fn unite(&mut self, other: &Self, ageing: &Ageing) {
        let (mut newer, mut older) = (*self, *other);
        if (newer.newest, newer.window) < (older.newest, older.window) {
            (newer, older) = (older, newer);
        }
        let half_lives = ageing.rate_epoch(newer.newest) - ageing.rate_epoch(older.newest);
        newer.mass = newer.mass.saturating_add(shrunk(older.mass, half_lives));
        if newer.newest / WINDOW == older.newest / WINDOW {
            newer.window = newer.window.saturating_add(older.window);
        }
        *self = newer;
    }

    /// What is to be expected at `now`, and what is there.
    pub(in crate::behavior) fn rate(&self, now: u32, ageing: &Ageing) -> Rate {
        if self.is_empty() {
            return Rate { window: 0, before: 0.0 };
        }
        let now = now.max(self.newest);
        let phase = ageing.rate_phase(now);
        let half_lives = phase.epoch - ageing.rate_epoch(self.newest);
        let all = f64::from(shrunk(self.mass, half_lives)) / (UNIT * phase.growth);
        match now / WINDOW == self.newest / WINDOW {
            true => Rate { window: self.window, before: (all - f64::from(self.window)).max(0.0) },
            false => Rate { window: 0, before: all },
        }
    }

    /// Whether nothing was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.mass == 0 && self.window == 0
    }
}

fn mass(second: u32, ageing: &Ageing) -> u32 {
    units(ageing.rate_phase(second).growth)
}

/// Mass in units, rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates; nothing is below zero"
)]
pub(super) fn units(events: f64) -> u32 {
    (events * UNIT + 0.5) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(seconds: &[u32]) -> Tally {
        let mut tally = Tally::default();
        seconds.iter().for_each(|second| tally.add(*second, &Ageing::default()));
        tally
    }

    #[test]
    fn tells_the_hour_from_what_was_before() {
        let day = 20_000 * 86_400;
        let Rate { window, before } =
            tally(&[day, day + 7200, day + 7201]).rate(day + 7300, &Ageing::default());
        assert_eq!(window, 2);
        assert!((before - 1.0).abs() < 0.2, "{before}");
        let later = tally(&[day, day + 1]).rate(day + 7 * 86_400, &Ageing::default());
        assert_eq!(later.window, 0);
        assert!((later.before - 1.0).abs() < 0.1, "{}", later.before);
    }

    proptest! {
        #[test]
        fn order_changes_little(mut seconds in prop::collection::vec(1_700_000_000u32..1_703_000_000, 1..60)) {
            let one = tally(&seconds);
            seconds.sort_unstable();
            let sorted = tally(&seconds);
            prop_assert_eq!(one.newest, sorted.newest);
            prop_assert!(one.mass.abs_diff(sorted.mass) <= 2 * u32::try_from(seconds.len()).unwrap());
        }
    }
}
