use super::super::baseline::{Ageing, UNIT};

/// A point in time as the crowd sees it.
#[derive(Clone, Copy, Debug)]
pub(in crate::behavior) struct Moment {
    pub(super) epoch: u32,
    /// What an event weighs, in units of mass.
    event: f64,
}

impl Moment {
    /// A second since 1970.
    pub(in crate::behavior) fn at(second: u32, ageing: &Ageing) -> Self {
        let phase = ageing.phase(second);
        Self { epoch: phase.epoch, event: UNIT * phase.growth }
    }

    /// The start of a half-life if it is before that.
    pub(super) fn not_before(self, epoch: u32) -> Self {
        if self.epoch < epoch { Self { epoch, event: UNIT } } else { self }
    }

    /// What so many events weigh.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    pub(super) fn mass(self, events: f64) -> u32 {
        (events * self.event + 0.5) as u32
    }

    /// As how many events a mass of this half-life counts.
    pub(super) fn events(self, mass: u32) -> f64 {
        f64::from(mass) / self.event
    }
}
