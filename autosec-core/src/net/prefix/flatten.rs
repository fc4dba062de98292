//! Nested prefixes as the places where the answer changes.

/// The slot of addresses that no prefix covers; slots of prefixes are below.
pub(super) const NONE: u32 = (1 << 30) - 1;

/// From this address on (up to the next boundary) the answer is what this slot says.
pub(super) type Boundary<A> = (A, u32);

/// An address as a number.
pub(super) trait Address: Copy + Ord {
    /// The first address of all.
    const FIRST: Self;

    /// The address after this one, if there is one.
    fn next(self) -> Option<Self>;
}

impl Address for u32 {
    const FIRST: Self = 0;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Address for u128 {
    const FIRST: Self = 0;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// The boundaries of distinct prefixes, each given as its first and its last address; slots number them as they come.
///
/// They come sorted by first address and then from the longest range to the shortest, so that what covers precedes what it
/// covers. The outcome begins with the first address of all; neighbours differ in their slots. `n` prefixes have at most
/// `2 n + 1` boundaries.
pub(super) fn flatten<A: Address>(prefixes: impl ExactSizeIterator<Item = (A, A)>) -> Vec<Boundary<A>> {
    let mut boundaries = Boundaries(Vec::with_capacity(2 * prefixes.len() + 1));
    boundaries.push(A::FIRST, NONE);
    let mut open: Vec<(A, u32)> = Vec::new();
    for ((first, last), slot) in prefixes.zip(0..) {
        close(&mut open, &mut boundaries, |end| end < first);
        boundaries.push(first, slot);
        open.push((last, slot));
    }
    close(&mut open, &mut boundaries, |_| true);
    boundaries.0
}

/// Ends the innermost open prefixes as long as `over` says so of their last address.
fn close<A: Address>(open: &mut Vec<(A, u32)>, boundaries: &mut Boundaries<A>, over: impl Fn(A) -> bool) {
    while let Some((last, _)) = open.pop_if(|(last, _)| over(*last)) {
        if let Some(next) = last.next() {
            boundaries.push(next, open.last().map_or(NONE, |(_, slot)| *slot));
        }
    }
}

struct Boundaries<A>(Vec<Boundary<A>>);

impl<A: Address> Boundaries<A> {
    /// A later slot for the same address replaces the earlier one; a boundary at which nothing changes is left out.
    fn push(&mut self, at: A, slot: u32) {
        self.0.pop_if(|(last, _)| *last == at);
        if self.0.last().is_none_or(|(_, last)| *last != slot) {
            self.0.push((at, slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_the_answer_changes() {
        let nested = [(0u32, 99), (10, 19), (10, 10), (12, 13), (20, 29)];
        let expected = [(0, 0), (10, 2), (11, 1), (12, 3), (14, 1), (20, 4), (30, 0), (100, NONE)];
        assert_eq!(flatten(nested.into_iter()), expected);
        assert_eq!(flatten([(0u32, u32::MAX)].into_iter()), [(0, 0)]);
        assert_eq!(flatten([(u32::MAX, u32::MAX)].into_iter()), [(0, NONE), (u32::MAX, 0)]);
        assert_eq!(flatten([(5u128, 6), (7, 8)].into_iter()), [(0, NONE), (5, 0), (7, 1), (9, NONE)]);
    }
}
