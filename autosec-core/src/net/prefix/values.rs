//! From slots to values.

use super::build::number;
use super::forest::NONE;

/// What slots stand for: the values themselves where all are small enough, as the places in a list are; or else a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(Vec<u32>);

impl Values {
    pub(super) fn new(values: impl Iterator<Item = u32> + Clone) -> Self {
        if values.clone().all(|value| value < NONE) { Self::default() } else { Self(values.collect()) }
    }

    /// The slot for the value in this place.
    pub(super) fn slot(&self, place: usize, value: u32) -> u32 {
        if self.0.is_empty() { value } else { number(place) }
    }

    /// The value that `slot` stands for.
    #[inline(always)]
    pub(super) fn of(&self, slot: u32) -> Option<u32> {
        if self.0.is_empty() { (slot != NONE).then_some(slot) } else { self.0.get(slot as usize).copied() }
    }

    /// How many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}
