use super::centroids::Centroids;
use super::lloyd::Nearest;
use super::settings::KMeansBuilder;
use super::standard::Standard;
use crate::anomaly::AnomalyModel;
use crate::matrix::Matrix;
use crate::model::Training;

/// Rows that are standardised before they are looked at.
const BLOCK: usize = 64;
/// As many rows with the spread of all clusters count to each one's own: of few rows, the spread says little.
const SPREAD_OF_ALL: f64 = 10.0;

/// Clusters of rows: which one a row belongs to, and how far from it the row is.
///
/// ```
/// use autosec_ml::cluster::KMeans;
/// use autosec_ml::matrix::Matrix;
///
/// let group = |centre: f64| (0..50).flat_map(move |n| [centre + f64::from(n % 7), centre - f64::from(n % 5)]);
/// let rows: Vec<f64> = group(0.0).chain(group(100.0)).collect();
/// let clusters = KMeans::builder().clusters(2).seed(1).fit(Matrix::new(&rows, 2)?)?;
///
/// assert_eq!(clusters.predict(&[3.0, -2.0]), clusters.predict(&[1.0, 0.0]));
/// assert_ne!(clusters.predict(&[3.0, -2.0]), clusters.predict(&[101.0, 99.0]));
/// assert!(clusters.score(&[50.0, 50.0]) > 10.0 * clusters.score(&[101.0, 99.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KMeans {
    pub(super) training: Training,
    pub(super) standard: Standard,
    pub(super) centroids: Centroids,
    pub(super) groups: Vec<Group>,
    pub(super) inertia: f64,
}

/// What is known of a cluster beside its centroid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) rows: u64,
    /// The mean square of its rows' distances, in standard deviations; never 0.
    pub(super) spread: f64,
}

impl KMeans {
    /// Clusters of fewer rows are dropped.
    pub const SMALLEST: u64 = 3;

    /// The settings of clusters, to find some.
    pub fn builder() -> KMeansBuilder {
        KMeansBuilder::new()
    }

    pub(super) fn new(training: Training, standard: Standard, all: &Centroids, nearest: &Nearest) -> Self {
        let inertia = nearest.inertia();
        let mean = inertia / training.rows.max(1) as f64;
        // Where all rows stand on centroids, a standard deviation is the only unit there is.
        let of_all = if mean > 0.0 { mean } else { 1.0 };
        let smallest = Self::SMALLEST.min(nearest.sizes.iter().copied().max().unwrap_or(0)).max(1);
        let (mut centroids, mut groups) = (Centroids::new([].into_iter(), all.columns()), Vec::new());
        for (number, (rows, squares)) in nearest.sizes.iter().zip(&nearest.squares).enumerate() {
            if *rows >= smallest {
                let row: Vec<f32> = all.row(number).collect();
                centroids.push(&row);
                let spread = (squares + SPREAD_OF_ALL * of_all) / (*rows as f64 + SPREAD_OF_ALL);
                groups.push(Group { rows: *rows, spread });
            }
        }
        Self { training, standard, centroids, groups, inertia }
    }

    /// The number of the cluster whose centroid is nearest to the row.
    ///
    /// A row that is too short lacks its last values; what it has too many is not looked at. Allocates nothing up to 64
    /// columns.
    pub fn predict(&self, row: &[f64]) -> usize {
        self.standard.with_cells(row, |cells| self.centroids.nearest(cells).0)
    }

    /// The cluster of each row.
    pub fn predict_batch(&self, rows: Matrix<'_>) -> Vec<usize> {
        let mut clusters = Vec::with_capacity(rows.rows());
        let mut cells = vec![0.0; BLOCK * self.columns()];
        let mut left = rows.iter();
        while left.len() > 0 {
            let count = BLOCK.min(left.len());
            let block = cells.get_mut(..count * self.columns()).unwrap_or_default();
            let each = block.chunks_exact_mut(self.columns()).zip(&mut left);
            each.for_each(|(cells, row)| self.standard.apply(row, cells));
            self.centroids.each_nearest(block, |_, nearest, _| clusters.push(nearest));
        }
        clusters
    }

    /// How far the row is from the nearest centroid, in units of how far that cluster's own rows are (the root of their
    /// mean square): about 1 is usual, and it has no upper bound.
    pub fn score(&self, row: &[f64]) -> f64 {
        self.standard.with_cells(row, |cells| self.parts(cells).sum::<f64>().sqrt())
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.standard.columns().len()
    }

    /// How many clusters there are.
    pub fn clusters(&self) -> usize {
        self.groups.len()
    }

    /// How many rows of the training a cluster had.
    pub fn size(&self, cluster: usize) -> Option<u64> {
        self.groups.get(cluster).map(|group| group.rows)
    }

    /// Where a cluster's centroid is, column by column, in the units of the rows.
    pub fn centroid(&self, cluster: usize) -> Option<Vec<f64>> {
        self.groups.get(cluster)?;
        let cells = self.centroids.row(cluster).zip(self.standard.columns());
        Some(cells.map(|(cell, column)| f64::from(cell) / column.factor + column.centre).collect())
    }

    /// The sum of the squares of the training rows' distances to their centroids, in standard deviations of the columns.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// How many rows the clusters were found in.
    pub fn trained_on(&self) -> u64 {
        self.training.rows
    }

    /// What chance began with.
    pub fn seed(&self) -> u64 {
        self.training.seed
    }

    /// What each column adds to the square of the score.
    fn parts(&self, cells: &[f32]) -> impl Iterator<Item = f64> {
        let (nearest, _) = self.centroids.nearest(cells);
        let spread = self.groups.get(nearest).map_or(1.0, |group| group.spread);
        cells.iter().zip(self.centroids.row(nearest)).map(move |(cell, centre)| {
            let distance = f64::from(*cell) - f64::from(centre);
            distance * distance / spread
        })
    }
}

impl AnomalyModel for KMeans {
    fn name(&self) -> &'static str {
        "k-means"
    }

    fn columns(&self) -> usize {
        KMeans::columns(self)
    }

    fn score(&self, row: &[f64]) -> f64 {
        KMeans::score(self, row)
    }

    /// Squares of the distances along each column, in units of the cluster's spread: none is negative, and added up
    /// in order they are the square of the score.
    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        self.standard.with_cells(row, |cells| self.parts(cells).collect())
    }
}
