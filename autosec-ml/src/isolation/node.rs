use super::attribution::Share;

/// A node of a tree: a question to a row, and where the children lie.
///
/// The two children stand side by side, the left one `children` places after their parent; a leaf is its own left child
/// and answers every row with "left". So every row can go down every tree for the same number of steps without asking
/// whether it has arrived.
pub(super) trait Node: Copy + Default {
    /// Whether the row, of 2^n values, goes to the right child.
    fn goes_right(self, row: &[f32]) -> bool;

    /// How many places after this node its left child stands; 0 of a leaf.
    fn children(self) -> u16;

    /// The same question with children there.
    fn with_children(self, children: u16) -> Self;

    /// Whose doing it is that this row goes where it goes.
    fn share(self, row: &[f32]) -> Share;
}

/// Whether a column is larger than a threshold: 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AxisNode {
    pub(super) threshold: f32,
    pub(super) column: u16,
    pub(super) children: u16,
}

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
        Self { threshold: f32::INFINITY, column: 0, children: 0 }
    }
}

/// A leaf.
impl Default for PairNode {
    fn default() -> Self {
        Self { threshold: f32::INFINITY, coefficient: 0.0, columns: [0, 0], children: 0 }
    }
}

impl Node for AxisNode {
    #[inline(always)]
    fn goes_right(self, row: &[f32]) -> bool {
        value(row, self.column) > self.threshold
    }

    #[inline(always)]
    fn children(self) -> u16 {
        self.children
    }

    fn with_children(self, children: u16) -> Self {
        Self { children, ..self }
    }

    fn share(self, _row: &[f32]) -> Share {
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
fn value(row: &[f32], column: u16) -> f32 {
    if row.is_empty() { 0.0 } else { row[usize::from(column) & (row.len() - 1)] }
}
