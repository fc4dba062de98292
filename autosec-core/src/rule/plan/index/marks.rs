/// What is known of the atoms of a program about one event; kept for many events, so that none of them allocates.
#[derive(Debug, Default)]
pub(in super::super) struct Marks {
    /// For each atom the number of the event it was last marked in, and what is known.
    stamps: Vec<u32>,
    event: u32,
    /// Witnesses found, each once.
    pub(in super::super) found: Vec<u32>,
    /// Plans of fields that were scanned late.
    pub(super) late: Vec<u16>,
}

/// What is known of an atom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Mark {
    /// Nothing: what the index knows was not found, the rest was not asked.
    None,
    False,
    /// It may be true: what it needs was found.
    Perhaps,
    True,
}

/// Bits of a stamp that hold the mark.
const BITS: u32 = 2;

impl Marks {
    /// Forgets everything and makes room for so many atoms.
    pub(in super::super) fn begin(&mut self, atoms: usize) {
        self.found.clear();
        self.late.clear();
        if self.stamps.len() < atoms {
            self.stamps.resize(atoms, 0);
        }
        self.event += 1;
        if self.event >= 1 << (32 - BITS) {
            self.stamps.fill(0);
            self.event = 1;
        }
    }

    /// What is known of the atom.
    #[inline]
    pub(in super::super) fn of(&self, atom: u32) -> Mark {
        match self.stamps.get(atom as usize).map_or(0, |stamp| stamp.wrapping_sub(self.event << BITS)) {
            1 => Mark::False,
            2 => Mark::Perhaps,
            3 => Mark::True,
            _ => Mark::None,
        }
    }

    #[inline]
    pub(in super::super) fn set(&mut self, atom: u32, mark: Mark) {
        if let Some(stamp) = self.stamps.get_mut(atom as usize) {
            *stamp = (self.event << BITS) + mark as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_with_the_event() {
        let mut marks = Marks::default();
        marks.begin(2);
        marks.set(1, Mark::True);
        assert_eq!((marks.of(0), marks.of(1), marks.of(2)), (Mark::None, Mark::True, Mark::None));
        marks.begin(3);
        assert_eq!(marks.of(1), Mark::None);
        marks.set(1, Mark::Perhaps);
        marks.event = (1 << 30) - 1;
        marks.begin(3);
        assert_eq!(marks.of(1), Mark::None);
    }
}
