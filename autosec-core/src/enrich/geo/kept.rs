use std::sync::atomic::{AtomicU64, Ordering};

use super::row::Row;

/// Rows by the offset of their record, so many at most, a power of two: 1.5 MB. Of 20,000 addresses drawn at random 6,000
/// have records of their own in a city database.
const PLACES: usize = 1 << 16;

/// Rows of records that were read, found again without a lock.
///
/// Of two that share a place the later one is kept. Who reads a place while another writes it may see halves of two rows:
/// a sum over the offset and both halves does not fit then, and the record is read again.
pub(super) struct Kept(Box<[[AtomicU64; 3]]>);

impl Default for Kept {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Default::default()).collect())
    }
}

impl Kept {
    /// The row that was kept of the record at this offset.
    #[inline]
    pub(super) fn row(&self, offset: usize) -> Option<Row> {
        let [sum, halves @ ..] = self.0.get(place(offset))?;
        let row = Row(halves.each_ref().map(|half| half.load(Ordering::Relaxed)));
        (sum.load(Ordering::Relaxed) == check(offset, row)).then_some(row)
    }

    /// Keeps the row of the record at this offset.
    pub(super) fn keep(&self, offset: usize, row: Row) {
        let Some([sum, halves @ ..]) = self.0.get(place(offset)) else { return };
        for (half, value) in halves.iter().zip(row.0) {
            half.store(value, Ordering::Relaxed);
        }
        sum.store(check(offset, row), Ordering::Relaxed);
    }
}

fn place(offset: usize) -> usize {
    // Offsets of records are close to each other, and never equal.
    offset.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (usize::BITS - PLACES.ilog2())
}

/// Never 0 for what nobody kept, whose halves are 0.
fn check(offset: usize, Row([place, owner]): Row) -> u64 {
    let spread =
        place.wrapping_mul(0xBF58_476D_1CE4_E5B9) ^ owner.wrapping_mul(0x94D0_49BB_1331_11EB).rotate_left(32);
    spread ^ (offset as u64 + 1)
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at most {PLACES} rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_later_of_two() {
        let kept = Kept::default();
        let other = (1..).find(|offset| place(*offset) == place(0)).unwrap();
        let (one, two) = (Row([1, 2]), Row([3, 4]));
        assert_eq!(kept.row(0), None);
        kept.keep(0, one);
        assert_eq!((kept.row(0), kept.row(other)), (Some(one), None));
        kept.keep(other, two);
        assert_eq!((kept.row(0), kept.row(other)), (None, Some(two)));
    }

    #[test]
    fn halves_of_two_rows_are_none() {
        let kept = Kept::default();
        kept.keep(7, Row([1, 2]));
        kept.0[place(7)][1].store(3, Ordering::Relaxed);
        assert_eq!(kept.row(7), None);
    }

    #[test]
    fn threads_see_whole_rows() {
        let kept = Kept::default();
        let other = (8..).find(|offset| place(*offset) == place(7)).unwrap();
        std::thread::scope(|scope| {
            for offset in [7, other] {
                let kept = &kept;
                scope.spawn(move || {
                    for round in 0..20_000_u64 {
                        kept.keep(offset, Row([round, round * offset as u64]));
                        if let Some(Row([one, two])) = kept.row(offset) {
                            assert_eq!(two, one * offset as u64);
                        }
                    }
                });
            }
        });
    }
}
