use super::attribution::Share;

/// A node of a tree: a question to a row, and where the children lie.
///
/// The two children stand side by side, the left one `children` places after their parent; a leaf is its own left child
/// and answers every row with "left". So every row can go down every tree for the same number of steps without asking
/// whether it has arrived.
pub(super) trait Node: Copy + Default {
    /// What it compares: a scaled value, in a form that is cheap to compare.
    type Cell: Copy + Default;

    /// A scaled value, which is a number, as a cell.
    fn cell(scaled: f32) -> Self::Cell;

    /// Whether the row, of 2^n cells, goes to the right child.
    fn goes_right(self, row: &[Self::Cell]) -> bool;

    /// How many places after this node its left child stands; 0 of a leaf.
    fn children(self) -> u16;

    /// The same question with children there.
    fn with_children(self, children: u16) -> Self;

    /// Whose doing it is that this row goes where it goes.
    fn share(self, row: &[Self::Cell]) -> Share;
}

/// Whether a column is larger than a threshold: 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AxisNode {
    pub(super) threshold: Key,
    pub(super) column: u16,
    pub(super) children: u16,
}

/// A number in 32 bits as a whole number of the same order: comparing two of them needs no detour through the registers
/// for fractions, and what the comparison leaves in the carry flag is at once added to where a row goes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, PartialOrd)]
pub(super) struct Key(u32);

/// Whether a column and a share of another one are together larger than a threshold: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PairNode {
    pub(super) threshold: f32,
    pub(super) coefficient: f32,
    pub(super) columns: [u16; 2],
    pub(super) children: u16,
}

/// A leaf.
impl Default for AxisNode {
    fn default() -> Self {
        Self { threshold: Key::LARGEST, column: 0, children: 0 }
    }
}

/// A leaf.
impl Default for PairNode {
    fn default() -> Self {
        Self { threshold: f32::INFINITY, coefficient: 0.0, columns: [0, 0], children: 0 }
    }
}

impl Key {
    /// No number is larger.
    pub(super) const LARGEST: Self = Self(u32::MAX);
    const SIGN: u32 = 1 << 31;

    /// Of a number that is not NaN. Zero has one key, whatever its sign.
    #[inline(always)]
    pub(super) fn new(number: f32) -> Self {
        let bits = (number + 0.0).to_bits();
        Self(if bits & Self::SIGN == 0 { bits | Self::SIGN } else { !bits })
    }

    pub(super) fn number(self) -> f32 {
        f32::from_bits(if self.0 & Self::SIGN == 0 { !self.0 } else { self.0 & !Self::SIGN })
    }

    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0
    }
}

impl Node for AxisNode {
    type Cell = Key;

    #[inline(always)]
    fn cell(scaled: f32) -> Key {
        Key::new(scaled)
    }

    #[inline(always)]
    fn goes_right(self, row: &[Key]) -> bool {
        value(row, self.column) > self.threshold
    }

    #[inline(always)]
    fn children(self) -> u16 {
        self.children
    }

    fn with_children(self, children: u16) -> Self {
        Self { children, ..self }
    }

    fn share(self, _row: &[Key]) -> Share {
        Share::Whole(self.column)
    }
}

impl PairNode {
    /// Always finite: the coefficient is from −1 to 1, and scaled values are at most half of what 32 bits can hold.
    #[inline(always)]
    pub(super) fn project(self, first: f32, second: f32) -> f32 {
        first + self.coefficient * second
    }
}

impl Node for PairNode {
    type Cell = f32;

    #[inline(always)]
    fn cell(scaled: f32) -> f32 {
        scaled
    }

    #[inline(always)]
    fn goes_right(self, row: &[f32]) -> bool {
        let [first, second] = self.columns;
        self.project(value(row, first), value(row, second)) > self.threshold
    }

    #[inline(always)]
    fn children(self) -> u16 {
        self.children
    }

    fn with_children(self, children: u16) -> Self {
        Self { children, ..self }
    }

    fn share(self, row: &[f32]) -> Share {
        let [first, second] = self.columns;
        let weights = [value(row, first), self.coefficient * value(row, second)];
        Share::Split(self.columns, weights.map(|weight| f64::from(weight.abs())))
    }
}

/// The value of a column. The length of a row is a power of two above the largest column's number, so the mask changes
/// nothing but that no check of bounds is needed.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "the mask keeps the index below the length, which is not 0")]
fn value<C: Copy + Default>(row: &[C], column: u16) -> C {
    if row.is_empty() { C::default() } else { row[usize::from(column) & (row.len() - 1)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_order_of_their_numbers() {
        let numbers =
            [f32::MIN, -2.5, -f32::MIN_POSITIVE, 0.0, 1e-40, 1.0, 1.000_000_1, f32::MAX, f32::INFINITY];
        assert!(numbers.windows(2).all(|pair| Key::new(pair[0]) < Key::new(pair[1])));
        assert!(numbers.iter().all(|number| Key::new(*number).number().to_bits() == number.to_bits()));
        assert_eq!(Key::new(-0.0), Key::new(0.0));
        assert!(Key::new(f32::INFINITY) < Key::LARGEST);
    }
}
