use super::WindowShape;
use super::ring::{Ring, Slot};

/// The sum of numbers, and how many there were, in each slot of a sliding window, for one key.
///
/// Numbers are added as [`Millionths`], so that a sum does not depend on the order of its parts: shards and replays agree
/// to the last digit. 704 bytes, and 32 for each slot beyond twenty (then all of them on the heap). Every operation is
/// O(slots) at most.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::sketch::{Millionths, SumWindow, WindowShape};
///
/// let shape = WindowShape::new(Duration::from_secs(160), Duration::ZERO, 64)?;
/// let mut window = SumWindow::new(&shape, 0);
/// for value in [0.1, 0.2, -4.0] {
///     window.insert(0, Millionths::from(value));
/// }
/// window.insert(7, Millionths::from(1_000_000_i64));
/// assert_eq!(window.ending_in(7).sum.to_f64(), 999_996.3);
/// assert_eq!(window.ending_in(7).count, 4);
/// assert_eq!(window.ending_in(16).mean(), Some(1_000_000.0), "the first three have left the window");
/// # Ok::<(), autosec_core::sketch::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SumWindow {
    pub(crate) ring: Ring<Sum>,
}

/// The sum of numbers, and how many there were.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sum {
    /// How many numbers.
    pub count: u64,
    /// What they add up to.
    pub sum: Millionths,
}

/// A number in millionths, as sums are kept.
///
/// A number is rounded to the nearest millionth, and to ±10^18 if it lies beyond. Sums of up to 10^14 numbers are then
/// exact.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Millionths(i128);

impl SumWindow {
    /// An empty window whose newest slot is `newest`.
    pub fn new(shape: &WindowShape, newest: i64) -> Self {
        Self { ring: Ring::new(shape, newest) }
    }

    /// The newest slot a number was added in.
    pub fn newest(&self) -> i64 {
        self.ring.newest()
    }

    /// Adds a number in `slot`; false if the slot is too old for a late event.
    pub fn insert(&mut self, slot: i64, number: Millionths) -> bool {
        self.ring.insert(slot, &Sum { count: 1, sum: number })
    }

    /// What fell into `slot` alone; nothing for a slot not kept.
    pub fn in_slot(&self, slot: i64) -> Sum {
        self.ring.in_slot(slot).copied().unwrap_or_default()
    }

    /// What fell into the window that ends in `slot`; slots not kept count as empty.
    pub fn ending_in(&self, slot: i64) -> Sum {
        let mut sum = Sum::default();
        self.ring.ending_in(slot).for_each(|part| sum.add(part));
        sum
    }

    /// Adds all of `other`, which has the same shape: as if one window had seen all numbers.
    pub fn merge(&mut self, other: &SumWindow) {
        self.ring.merge(&other.ring);
    }
}

impl Sum {
    /// The average; `None` of no number.
    pub fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.to_f64() / self.count as f64)
    }
}

impl Slot for Sum {
    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum.0 = self.sum.0.saturating_add(other.sum.0);
    }
}

impl Millionths {
    const ONE: i128 = 1_000_000;
    /// 10^18 of them whole.
    const LIMIT: f64 = 1e24;

    /// The number, to the nearest `f64`.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE as f64
    }

    /// The number of millionths.
    pub(crate) fn units(self) -> i128 {
        self.0
    }

    /// So many millionths.
    pub(crate) fn of_units(units: i128) -> Self {
        Self(units)
    }
}

impl From<i64> for Millionths {
    fn from(number: i64) -> Self {
        let limit = 1_000_000_000_000_000_000;
        Self(i128::from(number.clamp(-limit, limit)) * Self::ONE)
    }
}

impl From<f64> for Millionths {
    /// Not-a-number is 0.
    fn from(number: f64) -> Self {
        let units = (number * Self::ONE as f64).round().clamp(-Self::LIMIT, Self::LIMIT);
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the limit")]
        let units = units as i128;
        Self(units)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn shape() -> WindowShape {
        WindowShape::new(Duration::from_secs(16), Duration::from_secs(3), 64).unwrap()
    }

    proptest! {
        #[test]
        fn order_and_shards_do_not_matter(
            numbers in prop::collection::vec((0i64..4, -1e18..1e18, any::<bool>()), 1..60),
        ) {
            let mut one = SumWindow::new(&shape(), 0);
            let (mut left, mut right) = (one.clone(), one.clone());
            numbers.iter().for_each(|(slot, number, _)| { one.insert(*slot, Millionths::from(*number)); });
            for (slot, number, side) in numbers.iter().rev() {
                let shard = if *side { &mut left } else { &mut right };
                shard.ring.advance(3);
                shard.insert(*slot, Millionths::from(*number));
            }
            left.merge(&right);
            prop_assert_eq!(left.ending_in(3), one.ending_in(3));
        }
    }

    #[test]
    fn stays_within_its_limits() {
        assert_eq!(Millionths::from(f64::INFINITY).to_f64(), 1e18);
        assert_eq!(Millionths::from(f64::NAN), Millionths::default());
        assert_eq!(Millionths::from(i64::MIN).to_f64(), -1e18);
        assert_eq!(Millionths::from(0.000_000_4), Millionths::default());
        assert_eq!(Sum::default().mean(), None);
    }
}
