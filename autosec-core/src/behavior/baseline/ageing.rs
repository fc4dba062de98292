use std::time::Duration;

use crate::time::Timestamp;

/// Parts of an event that mass is counted in.
pub(in crate::behavior) const UNIT: f64 = 16.0;

/// How fast what is known fades, and how long new mass waits until it counts.
///
/// Mass is kept *forward*: instead of shrinking all that is old, what is new weighs more, by two to the power of the
/// half-lives since the last whole half-life (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, ICDE 2009). So an
/// event is added in constant time, numerators and totals fade together because neither is ever touched, and the order of
/// events does not matter. At each whole half-life all masses are halved, rounding down: a value loses at most a 16th
/// of an event for each half-life to rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ageing {
    half_life: u32,
    rate_half_life: u32,
    quarantine: u32,
}

/// A point in time, in whole half-lives, and what an event weighs at it: 1 to 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::behavior) struct Phase {
    pub(in crate::behavior) epoch: u32,
    pub(in crate::behavior) growth: f64,
}

impl Ageing {
    /// Values and rates lose half of their mass in these times; new mass waits for `quarantine` to twice as long.
    /// All are whole seconds, at least one.
    pub fn new(half_life: Duration, rate_half_life: Duration, quarantine: Duration) -> Self {
        let seconds = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX).max(1);
        Self {
            half_life: seconds(half_life),
            rate_half_life: seconds(rate_half_life),
            quarantine: seconds(quarantine),
        }
    }

    /// Its three times, in seconds.
    pub(in crate::behavior) fn seconds(&self) -> [u32; 3] {
        [self.half_life, self.rate_half_life, self.quarantine]
    }

    /// Until values lose half of their mass, in seconds.
    pub(in crate::behavior) fn half_life(&self) -> u32 {
        self.half_life
    }

    /// Where a second stands for the masses of values.
    pub(in crate::behavior) fn phase(&self, second: u32) -> Phase {
        phase(second, self.half_life)
    }

    /// The whole half-life that a second is in: a phase without its growth, which takes a power.
    pub(in crate::behavior) fn epoch(&self, second: u32) -> u32 {
        second / self.half_life
    }

    /// The same for rates.
    pub(in crate::behavior) fn rate_epoch(&self, second: u32) -> u32 {
        second / self.rate_half_life
    }

    /// Where a second stands for rates.
    pub(in crate::behavior) fn rate_phase(&self, second: u32) -> Phase {
        phase(second, self.rate_half_life)
    }

    /// The number of the stretch of quarantine that a second is in.
    pub(in crate::behavior) fn stretch(&self, second: u32) -> u32 {
        second / self.quarantine
    }

    /// What is left of a rate after so many seconds.
    pub(in crate::behavior) fn rate_decay(&self, seconds: u32) -> f64 {
        libm::exp2(-f64::from(seconds) / f64::from(self.rate_half_life))
    }

    /// For how many seconds, at `now`, something that began at `first` has been observed, in which old ones count less.
    pub(in crate::behavior) fn exposure(&self, first: u32, now: u32) -> f64 {
        let half_life = f64::from(self.rate_half_life);
        let lived = f64::from(now.saturating_sub(first)) / half_life;
        // The integral of 2^(-age / half-life).
        half_life / std::f64::consts::LN_2 * (1.0 - libm::exp2(-lived))
    }
}

/// Thirty days for values, seven for rates, a day of quarantine.
impl Default for Ageing {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self::new(days(30), days(7), days(1))
    }
}

fn phase(second: u32, half_life: u32) -> Phase {
    let within = f64::from(second % half_life) / f64::from(half_life);
    Phase { epoch: second / half_life, growth: libm::exp2(within) }
}

/// Seconds since 1970, the resolution of baselines: what is earlier is 0, what is later than 2106 the last second.
pub(in crate::behavior) fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.as_micros().div_euclid(1_000_000).max(0)).unwrap_or(u32::MAX)
}

/// What is left of forward mass after so many half-lives.
pub(in crate::behavior) fn shrunk(mass: u32, half_lives: u32) -> u32 {
    mass.checked_shr(half_lives).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_weighs_twice_as_much_a_half_life_later() {
        let ageing = Ageing::default();
        let at = |day: u32| {
            let Phase { epoch, growth } = ageing.phase(day * 86_400);
            f64::from(epoch) + libm::log2(growth)
        };
        for day in [0, 1, 29, 30, 31, 20_000] {
            assert!((at(day + 30) - at(day) - 1.0).abs() < 1e-12);
            assert!((at(day + 1) - at(day) - 1.0 / 30.0).abs() < 1e-9);
        }
    }

    #[test]
    fn exposure_is_the_time_until_it_fades() {
        let ageing = Ageing::default();
        assert_eq!(ageing.exposure(5, 5), 0.0);
        assert_eq!(ageing.exposure(9, 5), 0.0, "time runs backwards");
        let hour = ageing.exposure(0, 3600);
        assert!((hour - 3600.0).abs() < 10.0, "{hour}");
        let years = ageing.exposure(0, u32::MAX);
        assert!((years - 7.0 * 86_400.0 / std::f64::consts::LN_2).abs() < 1.0, "{years}");
    }

    #[test]
    fn times_out_of_reach_are_the_nearest() {
        assert_eq!(seconds(Timestamp::MIN), 0);
        assert_eq!(seconds(Timestamp::MAX), u32::MAX);
        assert_eq!(seconds(Timestamp::from_micros(1_999_999)), 1);
        assert_eq!(shrunk(u32::MAX, 32), 0);
    }
}
