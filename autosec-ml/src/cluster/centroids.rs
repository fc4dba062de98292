/// Centroids whose distances are added up side by side: so many fit into the registers of any machine, and as each has
/// its own sum, the order of addition, and with it every bit, is the same whether they do or not.
pub(super) const LANES: usize = 8;

/// Points among standardised rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Centroids {
    /// Eight centroids after the other, a block a column; lanes that are left over stand where nothing is near.
    blocks: Vec<[f32; LANES]>,
    columns: usize,
    count: usize,
}

const NOWHERE: f32 = f32::MAX;

impl Centroids {
    /// Rows of cells, `columns` (not 0) each.
    pub(super) fn new<'r>(rows: impl Iterator<Item = &'r [f32]>, columns: usize) -> Self {
        let mut centroids = Self { blocks: Vec::new(), columns, count: 0 };
        rows.for_each(|row| centroids.push(row));
        centroids
    }

    pub(super) fn push(&mut self, row: &[f32]) {
        if self.count.is_multiple_of(LANES) {
            self.blocks.resize(self.blocks.len() + self.columns, [NOWHERE; LANES]);
        }
        self.count += 1;
        self.set(self.count - 1, row.iter().copied());
    }

    pub(super) fn set(&mut self, number: usize, row: impl Iterator<Item = f32>) {
        let blocks = self.blocks.iter_mut().skip(number / LANES * self.columns).take(self.columns);
        for (block, value) in blocks.zip(row) {
            if let Some(cell) = block.get_mut(number % LANES) {
                *cell = value;
            }
        }
    }

    /// The first so many of them.
    pub(super) fn first(&self, count: usize) -> Self {
        let rows: Vec<f32> = (0..count.min(self.count)).flat_map(|number| self.row(number)).collect();
        Self::new(rows.chunks_exact(self.columns), self.columns)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The cells of a centroid.
    pub(super) fn row(&self, number: usize) -> impl Iterator<Item = f32> {
        let blocks = self.blocks.iter().skip(number / LANES * self.columns).take(self.columns);
        blocks.filter_map(move |block| block.get(number % LANES).copied())
    }

    /// The number of the nearest centroid and the square of its distance; of several as near, the first.
    pub(super) fn nearest(&self, row: &[f32]) -> (usize, f32) {
        let [nearest] = self.nearest_of([row; 1], squares);
        nearest
    }

    /// Every row of cells with the number of its nearest centroid and the square of its distance.
    pub(super) fn each_nearest<'r>(&self, rows: &'r [f32], mut then: impl FnMut(&'r [f32], usize, f32)) {
        let mut pairs = rows.chunks_exact(2 * self.columns);
        for pair in &mut pairs {
            let (left, right) = pair.split_at(self.columns);
            let [(of_left, left_square), (of_right, right_square)] =
                self.nearest_of([left, right], squares_of_two);
            then(left, of_left, left_square);
            then(right, of_right, right_square);
        }
        if let row @ [_, ..] = pairs.remainder() {
            let (nearest, square) = self.nearest(row);
            then(row, nearest, square);
        }
    }

    #[inline(always)]
    fn nearest_of<const ROWS: usize>(
        &self,
        rows: [&[f32]; ROWS],
        squares: impl Fn([&[f32]; ROWS], &[[f32; LANES]]) -> [[f32; LANES]; ROWS],
    ) -> [(usize, f32); ROWS] {
        let mut nearest = [(0, f32::INFINITY); ROWS];
        for (group, blocks) in self.blocks.chunks_exact(self.columns).enumerate() {
            for (nearest, squares) in nearest.iter_mut().zip(squares(rows, blocks)) {
                let (lane, square) = least(squares);
                if square < nearest.1 {
                    *nearest = (group * LANES + lane, square);
                }
            }
        }
        nearest
    }

    /// The squares of the distances of the first eight centroids.
    #[inline]
    pub(super) fn squares(&self, cells: &[f32]) -> [f32; LANES] {
        let [squares] = squares([cells], &self.blocks);
        squares
    }
}

/// The square of the distance of two rows, added up in the same order.
#[inline(always)]
pub(super) fn square(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).fold(0.0, |sum, (left, right)| sum + (left - right) * (left - right))
}

#[inline(always)]
fn squares([row]: [&[f32]; 1], blocks: &[[f32; LANES]]) -> [[f32; LANES]; 1] {
    let mut sums = [0.0; LANES];
    row.iter().zip(blocks).for_each(|(cell, block)| add_squares(&mut sums, *cell, block));
    [sums]
}

/// Two rows at a time: what an addition to one's sums waits for, the other's fill.
#[inline(always)]
fn squares_of_two([left, right]: [&[f32]; 2], blocks: &[[f32; LANES]]) -> [[f32; LANES]; 2] {
    let mut sums = [[0.0; LANES]; 2];
    let [lefts, rights] = &mut sums;
    for ((left, right), block) in left.iter().zip(right).zip(blocks) {
        add_squares(lefts, *left, block);
        add_squares(rights, *right, block);
    }
    sums
}

#[inline(always)]
fn add_squares(sums: &mut [f32; LANES], cell: f32, block: &[f32; LANES]) {
    for (sum, value) in sums.iter_mut().zip(block) {
        let distance = cell - value;
        *sum += distance * distance;
    }
}

/// The first lane with the least square, and that square. There is no branch that could be guessed wrongly.
#[inline(always)]
fn least(squares: [f32; LANES]) -> (usize, f32) {
    let least =
        squares.into_iter().fold(f32::INFINITY, |least, square| if square < least { square } else { least });
    let lanes = squares.into_iter().enumerate().rev();
    let lane = lanes.fold(0, |found, (lane, square)| if square == least { lane } else { found });
    (lane, least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_of_more_than_fit_side_by_side() {
        let rows: Vec<[f32; 2]> = (0..19_u8).map(|number| [f32::from(number), 1.0]).collect();
        let centroids = Centroids::new(rows.iter().map(<[f32; 2]>::as_slice), 2);
        assert_eq!(centroids.len(), 19);
        assert_eq!(centroids.nearest(&[17.2, 4.0]).0, 17);
        assert_eq!(centroids.nearest(&[8.5, 1.0]), (8, 0.25), "the first of two as near");
        assert_eq!(centroids.nearest(&[1e6, 1e6]).0, 18);
        let cells: Vec<f32> = (0..21_u8).flat_map(|row| [f32::from(row) * 0.9, 2.0]).collect();
        let (mut each, mut alone) = (Vec::new(), Vec::new());
        centroids.each_nearest(&cells, |row, nearest, square| {
            each.push((nearest, square));
            alone.push(centroids.nearest(row));
        });
        assert_eq!((each.len(), each), (21, alone));
        assert_eq!(centroids.row(16).collect::<Vec<_>>(), [16.0, 1.0]);
    }
}
