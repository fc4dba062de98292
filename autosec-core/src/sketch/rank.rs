use super::WindowShape;
use super::ring::{Ring, Slot};

/// How many numbers lie below fixed limits in each slot of a sliding window, for one key.
///
/// That is all it takes to say on which side of a limit a quantile lies, and it says so exactly, whatever the
/// numbers are: the quantile q of n numbers, the one of rank ⌈q·n⌉ from below, reaches a limit exactly if fewer than ⌈q·n⌉
/// numbers lie below the limit. A sketch of the numbers themselves would take a hundred times as much and be off by
/// a percent. 464 bytes, and 20 for each slot beyond twenty (then all of them on the heap); every operation is O(slots).
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::sketch::{RankWindow, WindowShape};
///
/// let shape = WindowShape::new(Duration::from_secs(160), Duration::ZERO, 64)?;
/// let mut window = RankWindow::new(&shape, 0);
/// for number in [3, 700, 900, 1_200] {
///     window.insert(0, [number < 500, number < 1_000, false, false]);
/// }
/// let ranks = window.ending_in(0);
/// assert!(ranks.reaches(0.5, 0) && !ranks.reaches(0.5, 1), "the median lies between 500 and 1,000");
/// # Ok::<(), autosec_core::sketch::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RankWindow {
    pub(crate) ring: Ring<Ranks>,
}

/// How many numbers there are, and how many of them lie below each limit; each stays at 2^32 − 1 once it is there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Ranks {
    /// How many numbers.
    pub count: u32,
    /// How many of them lie below each limit.
    pub below: [u32; RankWindow::LIMITS],
}

impl RankWindow {
    /// How many limits there are.
    pub const LIMITS: usize = 4;

    /// An empty window whose newest slot is `newest`.
    pub fn new(shape: &WindowShape, newest: i64) -> Self {
        Self { ring: Ring::new(shape, newest) }
    }

    /// The newest slot a number was noted in.
    pub fn newest(&self) -> i64 {
        self.ring.newest()
    }

    /// Notes in `slot` a number of which is known below which limits it lies; false if the slot is too old for a late
    /// event.
    pub fn insert(&mut self, slot: i64, below: [bool; Self::LIMITS]) -> bool {
        self.ring.insert(slot, &Ranks { count: 1, below: below.map(u32::from) })
    }

    /// How many numbers fell into `slot` alone.
    pub fn in_slot(&self, slot: i64) -> u64 {
        self.ring.in_slot(slot).map_or(0, |ranks| u64::from(ranks.count))
    }

    /// What fell into the window that ends in `slot`; slots not kept count as empty.
    pub fn ending_in(&self, slot: i64) -> Ranks {
        let mut all = Ranks::default();
        self.ring.ending_in(slot).for_each(|part| all.add(part));
        all
    }

    /// Adds all of `other`, which has the same shape and limits: as if one window had seen all numbers.
    pub fn merge(&mut self, other: &RankWindow) {
        self.ring.merge(&other.ring);
    }
}

impl Ranks {
    /// Whether the quantile `q` (0..=1) of the numbers is not below the limit of this index; false of no number.
    pub fn reaches(&self, q: f64, limit: usize) -> bool {
        let rank = (q * f64::from(self.count)).ceil().max(1.0);
        self.count > 0 && self.below.get(limit).is_some_and(|below| f64::from(*below) < rank)
    }
}

impl Slot for Ranks {
    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        for (mine, theirs) in self.below.iter_mut().zip(other.below) {
            *mine = mine.saturating_add(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn knows_the_side_of_every_quantile(
            numbers in prop::collection::vec(0u32..20, 0..40), limits in prop::array::uniform4(0u32..22), percent in 0u32..=100,
        ) {
            let shape = WindowShape::new(Duration::from_secs(16), Duration::ZERO, 64).unwrap();
            let (mut left, mut right) = (RankWindow::new(&shape, 0), RankWindow::new(&shape, 0));
            for (at, number) in numbers.iter().enumerate() {
                let shard = if at % 2 == 0 { &mut left } else { &mut right };
                shard.insert(0, limits.map(|limit| *number < limit));
            }
            left.merge(&right);
            let mut sorted = numbers.clone();
            sorted.sort_unstable();
            let q = f64::from(percent) / 100.0;
            // The first number up to which, itself among them, there are at least q of all.
            let is_enough = |at: &usize| *at as f64 + 1.0 >= q * numbers.len() as f64;
            let quantile = (0..sorted.len()).find(is_enough).and_then(|at| sorted.get(at));
            for (at, limit) in limits.iter().enumerate() {
                prop_assert_eq!(left.ending_in(0).reaches(q, at), quantile.is_some_and(|quantile| quantile >= limit));
            }
        }
    }
}
