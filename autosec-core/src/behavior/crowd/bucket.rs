use std::sync::atomic::{AtomicU64, Ordering};

use super::moment::Moment;

/// Cells of a bucket: a cache line, so that to look a value up is one access to memory.
const CELLS: usize = 8;
/// How often a cell is tried again that another thread changed meanwhile.
const TRIES: usize = 4;

/// The cells in which a value may be.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Bucket(pub(super) [AtomicU64; CELLS]);

/// What a cell says.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) tag: u32,
    pub(super) epoch: u8,
    pub(super) mass: u32,
}

/// Where mass was added.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Added {
    Known,
    New,
    Instead,
}

impl Bucket {
    /// Events under a tag.
    pub(super) fn events(&self, tag: u32, now: Moment) -> f64 {
        self.known(tag).map_or(0.0, |(_, word)| Cell::of(word).events(now))
    }

    /// Adds mass to the cell of a tag, to a free one, or in the place of the lightest.
    pub(super) fn add(&self, tag: u32, epoch: u8, mass: u32) -> Added {
        for _ in 0..TRIES {
            let (cell, held, after, added) = match self.known(tag) {
                Some((cell, held)) => (cell, held, Cell::of(held).plus(epoch, mass), Added::Known),
                None => {
                    let Some((cell, held)) = self.lightest(epoch) else { break };
                    let added = if Cell::of(held).as_of(epoch) == 0 { Added::New } else { Added::Instead };
                    (cell, held, Cell { tag, epoch, mass }, added)
                }
            };
            if swap(cell, held, after) {
                return added;
            }
        }
        Added::Known
    }

    /// The cell of a tag, and what it holds.
    fn known(&self, tag: u32) -> Option<(&AtomicU64, u64)> {
        let mut held = self.0.iter().map(|cell| (cell, cell.load(Ordering::Relaxed)));
        held.find(|(_, word)| Cell::tag_of(*word) == tag && Cell::of(*word).mass > 0)
    }

    /// The cell that can best be spared, and what it holds.
    fn lightest(&self, epoch: u8) -> Option<(&AtomicU64, u64)> {
        let held = self.0.iter().map(|cell| (cell, cell.load(Ordering::Relaxed)));
        held.min_by_key(|(_, word)| {
            let held = Cell::of(*word);
            (held.as_of(epoch), held.mass)
        })
    }
}

/// Adds mass to a cell that is of one thing only.
pub(super) fn add(cell: &AtomicU64, tag: u32, epoch: u8, mass: u32) {
    for _ in 0..TRIES {
        let held = cell.load(Ordering::Relaxed);
        let before = Cell::of(held);
        let after = if before.mass > 0 { before.plus(epoch, mass) } else { Cell { tag, epoch, mass } };
        if swap(cell, held, after) {
            return;
        }
    }
}

/// Changes a cell unless another thread did.
fn swap(cell: &AtomicU64, held: u64, after: Cell) -> bool {
    cell.compare_exchange(held, after.word(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

impl Cell {
    pub(super) fn of(word: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the parts of a word")]
        Self { tag: Self::tag_of(word), epoch: (word >> 32) as u8, mass: word as u32 }
    }

    /// Events as of a point in time.
    pub(super) fn events(self, now: Moment) -> f64 {
        now.events(self.as_of(low(now.epoch)))
    }

    fn tag_of(word: u64) -> u32 {
        (word >> 40) as u32
    }

    fn word(self) -> u64 {
        u64::from(self.tag) << 40 | u64::from(self.epoch) << 32 | u64::from(self.mass)
    }

    /// The mass as of a half-life. Numbers of half-lives go round after 256, so half of them are taken for earlier ones.
    fn as_of(self, epoch: u8) -> u32 {
        match epoch.wrapping_sub(self.epoch).cast_signed() {
            0 => self.mass,
            since @ 1.. => self.mass.checked_shr(u32::from(since.unsigned_abs())).unwrap_or(0),
            until => self
                .mass
                .saturating_mul(1_u32.checked_shl(u32::from(until.unsigned_abs())).unwrap_or(u32::MAX)),
        }
    }

    fn plus(self, epoch: u8, mass: u32) -> Self {
        if epoch.wrapping_sub(self.epoch).cast_signed() >= 0 {
            Self { epoch, mass: self.as_of(epoch).saturating_add(mass), ..self }
        } else {
            let late = Self { tag: self.tag, epoch, mass };
            Self { mass: self.mass.saturating_add(late.as_of(self.epoch)), ..self }
        }
    }
}

/// What a cell keeps of a half-life's number.
pub(super) fn low(epoch: u32) -> u8 {
    (epoch & 0xff) as u8
}
