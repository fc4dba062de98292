use super::centroids::Centroids;

/// What the rows nearest to each centroid add up to.
#[derive(Debug)]
pub(super) struct Nearest {
    /// As many as columns, centroid after centroid.
    sums: Vec<f64>,
    pub(super) sizes: Vec<u64>,
    /// The squares of the distances.
    pub(super) squares: Vec<f64>,
}

impl Nearest {
    pub(super) fn new(cells: &[f32], centroids: &Centroids) -> Self {
        let (count, columns) = (centroids.len(), centroids.columns());
        let mut all =
            Self { sums: vec![0.0; count * columns], sizes: vec![0; count], squares: vec![0.0; count] };
        centroids.each_nearest(cells, |row, nearest, square| all.add(nearest, row, square));
        all
    }

    /// The sum of the squares of all distances.
    pub(super) fn inertia(&self) -> f64 {
        self.squares.iter().sum()
    }

    #[inline(always)]
    fn add(&mut self, nearest: usize, cells: &[f32], square: f32) {
        let sums = self.sums.get_mut(nearest * cells.len()..(nearest + 1) * cells.len()).unwrap_or_default();
        sums.iter_mut().zip(cells).for_each(|(sum, cell)| *sum += f64::from(*cell));
        if let (Some(size), Some(sum)) = (self.sizes.get_mut(nearest), self.squares.get_mut(nearest)) {
            *size += 1;
            *sum += f64::from(square);
        }
    }
}

/// Moves every centroid to the mean of the rows nearest to it, one without rows to the row that is farthest from all.
/// The sum of the squares of the ways they went.
pub(super) fn step(cells: &[f32], centroids: &mut Centroids, nearest: &Nearest) -> f64 {
    let columns = centroids.columns();
    let mut moved = 0.0;
    for (number, (sums, size)) in nearest.sums.chunks_exact(columns).zip(&nearest.sizes).enumerate() {
        if *size > 0 {
            let means: Vec<f32> = sums.iter().map(|sum| mean(*sum, *size)).collect();
            let ways = means.iter().zip(centroids.row(number)).map(|(to, from)| f64::from(to - from));
            moved += ways.map(|way| way * way).sum::<f64>();
            centroids.set(number, means.iter().copied());
        }
    }
    for (number, _) in nearest.sizes.iter().enumerate().filter(|(_, size)| **size == 0) {
        let Some(row) = farthest(cells, centroids) else { break };
        centroids.set(number, row.iter().copied());
        moved = f64::INFINITY;
    }
    moved
}

#[expect(clippy::cast_possible_truncation, reason = "a mean of 32-bit numbers")]
fn mean(sum: f64, size: u64) -> f32 {
    (sum / size as f64) as f32
}

/// The row that is farthest from its nearest centroid; none if all stand on one.
fn farthest<'c>(cells: &'c [f32], centroids: &Centroids) -> Option<&'c [f32]> {
    let squares = cells.chunks_exact(centroids.columns()).map(|cells| (cells, centroids.nearest(cells).1));
    let farthest = squares.max_by(|(_, left), (_, right)| left.total_cmp(right));
    farthest.filter(|(_, square)| *square > 0.0).map(|(cells, _)| cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_to_means_and_never_stays_without_rows() {
        let cells = [0.0, 2.0, 30.0, 34.0, 80.0];
        let mut centroids = Centroids::new([[1.0], [33.0], [-500.0]].iter().map(|row| row.as_slice()), 1);
        let nearest = Nearest::new(&cells, &centroids);
        let squares = 2.0 + 9.0 + 1.0 + 47.0 * 47.0;
        assert_eq!((nearest.sizes.as_slice(), nearest.inertia()), (&[2, 3, 0][..], squares));
        assert_eq!(step(&cells, &mut centroids, &nearest), f64::INFINITY);
        let nearest = Nearest::new(&cells, &centroids);
        assert_eq!(step(&cells, &mut centroids, &nearest), 16.0 * 16.0);
        let at: Vec<f32> = (0..3).flat_map(|number| centroids.row(number)).collect();
        assert_eq!(at, [1.0, 32.0, 80.0]);
        let nearest = Nearest::new(&cells, &centroids);
        assert_eq!(step(&cells, &mut centroids, &nearest), 0.0);
    }
}
