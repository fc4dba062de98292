use std::time::Duration;

use crate::time::Timestamp;

/// How a sliding window cuts event time into slots.
///
/// Slot n covers `[n · width, (n + 1) · width)` microseconds since the epoch, width being a sixteenth of the window's
/// length. The window that ends in slot s is made of the slots s − 15 ..= s: it never covers more than its length, and
/// always at least fifteen sixteenths of it (less up to 16 µs of rounding). Slots are absolute, so every shard and every
/// replay cuts time in the same places.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::sketch::WindowShape;
/// use autosec_core::time::Timestamp;
///
/// let shape = WindowShape::new(Duration::from_secs(160), Duration::from_secs(15), 64)?;
/// assert_eq!(shape.slot(Timestamp::from_secs(25)), 2, "a slot lasts ten seconds");
/// assert_eq!(shape.start(2), Timestamp::from_secs(20));
/// assert_eq!((shape.late(), shape.kept()), (2, 18), "two more slots wait for events up to 15 s late");
/// # Ok::<(), autosec_core::sketch::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WindowShape {
    width: i64,
    late: u32,
}

/// A window that cannot be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// Shorter than [`WindowShape::SHORTEST`] or longer than [`WindowShape::LONGEST`].
    #[error("a window lasts from 1ms to 31d")]
    Length,
    /// The lateness needs more slots than a window keeps.
    #[error("the window would need {slots} slots to wait for late events, and the limit is {limit}")]
    Slots {
        /// The slots it would need.
        slots: u64,
        /// The most it may keep.
        limit: u32,
    },
}

impl WindowShape {
    /// How many slots make up a window.
    pub const SLOTS: u32 = 16;
    /// The shortest window: a millisecond.
    pub const SHORTEST: Duration = Duration::from_millis(1);
    /// The longest window: 31 days.
    pub const LONGEST: Duration = Duration::from_secs(31 * 86_400);

    /// A window of the length `within` that waits `lateness` for late events and keeps at most `limit` slots.
    ///
    /// # Errors
    /// The length is out of range, or the lateness needs more than `limit` slots.
    pub fn new(within: Duration, lateness: Duration, limit: u32) -> Result<Self, ShapeError> {
        if !(Self::SHORTEST..=Self::LONGEST).contains(&within) {
            return Err(ShapeError::Length);
        }
        let width = within.as_micros() / u128::from(Self::SLOTS);
        let slots = lateness.as_micros().div_ceil(width) + u128::from(Self::SLOTS);
        let refused = || ShapeError::Slots { slots: u64::try_from(slots).unwrap_or(u64::MAX), limit };
        let slots = u32::try_from(slots).ok().filter(|slots| *slots <= limit).ok_or_else(refused)?;
        let width = i64::try_from(width).map_err(|_| ShapeError::Length)?;
        Ok(Self { width, late: slots - Self::SLOTS })
    }

    /// The slot that `time` lies in.
    pub fn slot(&self, time: Timestamp) -> i64 {
        time.as_micros().div_euclid(self.width)
    }

    /// When `slot` begins, saturating.
    pub fn start(&self, slot: i64) -> Timestamp {
        Timestamp::from_micros(slot.saturating_mul(self.width))
    }

    /// The sixteen-slot stretch of time that `slot` belongs to: within one, a rule alarms once a key.
    pub fn epoch(slot: i64) -> i64 {
        slot.div_euclid(i64::from(Self::SLOTS))
    }

    /// How many slots behind the newest an event may still be counted.
    pub fn late(&self) -> u32 {
        self.late
    }

    /// How many slots are kept: sixteen, and those that wait for late events.
    pub fn kept(&self) -> u32 {
        Self::SLOTS + self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_time_at_absolute_places() {
        let shape = WindowShape::new(Duration::from_secs(16), Duration::from_millis(1_500), 64).unwrap();
        assert_eq!(shape.kept(), 18);
        assert_eq!(shape.slot(Timestamp::from_micros(-1)), -1);
        assert_eq!(shape.slot(Timestamp::from_secs(5)), 5);
        assert_eq!(shape.start(5), Timestamp::from_secs(5));
        assert_eq!((WindowShape::epoch(-1), WindowShape::epoch(15), WindowShape::epoch(16)), (-1, 0, 1));
    }

    #[test]
    fn refuses_what_it_cannot_keep() {
        let day = Duration::from_secs(86_400);
        assert_eq!(WindowShape::new(Duration::ZERO, day, 64), Err(ShapeError::Length));
        assert_eq!(WindowShape::new(32 * day, day, 64), Err(ShapeError::Length));
        assert!(matches!(
            WindowShape::new(day / 1440, day, 1024),
            Err(ShapeError::Slots { slots: 23_056, .. })
        ));
    }
}
