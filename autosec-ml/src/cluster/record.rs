//! Clusters as the sections of a model file.
//!
//! | section | bytes of each entry | entries |
//! |---|---|---|
//! | `kmea` | 4 clusters, 4 columns, 8 inertia, 8 spread | one |
//! | `stan` | 8 centre, 8 factor | a column |
//! | `cent` | 4 | a number of a centroid, cluster after cluster |
//! | `rows` | 8 how many | a cluster, the largest first |

use super::centroids::Centroids;
use super::kmeans::KMeans;
use super::settings::KMeansBuilder;
use super::standard::{Column, Standard};
use crate::feature::FeatureSchema;
use crate::matrix::MAX_COLUMNS;
use crate::model::{Algorithm, Frame, ModelError, Section, fields, malformed};

const KMEANS: &str = "kmea";
const STANDARD: &str = "stan";
const CENTROIDS: &str = "cent";
const ROWS: &str = "rows";

impl KMeans {
    /// The clusters as a [model file](crate::model) for these features: 1.2 KB with 8 clusters of 20 columns. The same
    /// clusters make the same bytes on every machine.
    ///
    /// # Errors
    /// When the schema has not as many columns as the clusters.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        check_columns(self.columns(), schema)?;
        let counts = [self.clusters(), self.columns()].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let mut first: Vec<u8> = counts.into_iter().flat_map(u32::to_le_bytes).collect();
        first.extend([self.inertia, self.spread].into_iter().flat_map(f64::to_le_bytes));
        let standard = self.standard.columns().iter().flat_map(|column| [column.centre, column.factor]);
        let standard: Vec<u8> = standard.flat_map(f64::to_le_bytes).collect();
        let cells = (0..self.clusters()).flat_map(|cluster| self.centroids.row(cluster));
        let cells: Vec<u8> = cells.flat_map(f32::to_le_bytes).collect();
        let sizes: Vec<u8> = self.sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
        let sections = [(KMEANS, &first), (STANDARD, &standard), (CENTROIDS, &cells), (ROWS, &sizes)];
        let sections = sections.map(|(name, bytes)| Section { name, bytes });
        Frame::write(Algorithm::KMeans, schema, self.training, &sections)
    }

    /// The clusters in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold another kind of model or one for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::KMeans, schema)?;
        let training = frame.training;
        let [counts, inertia, spread] = fields::<8>(frame.section(KMEANS)?, 3, KMEANS)? else {
            return Err(malformed(KMEANS, "nothing"));
        };
        let [a, b, c, d, e, f, g, h] = *counts;
        let [clusters, columns] =
            [[a, b, c, d], [e, f, g, h]].map(|bytes| u32::from_le_bytes(bytes) as usize);
        let [inertia, spread] = [inertia, spread].map(|bytes| f64::from_le_bytes(*bytes));
        // No spread of standardised rows is as small or as large: what is divided by it stays finite.
        let sound = (1..=KMeansBuilder::MOST_CLUSTERS).contains(&clusters)
            && (1..=MAX_COLUMNS).contains(&columns)
            && clusters * columns <= KMeansBuilder::MOST_CELLS
            && inertia.is_finite()
            && (1e-200..1e200).contains(&spread);
        if !sound {
            return Err(malformed(KMEANS, "a number out of its bounds"));
        }
        check_columns(columns, schema)?;
        let standard = read_standard(frame.section(STANDARD)?, columns)?;
        let centroids = read_centroids(frame.section(CENTROIDS)?, clusters, columns)?;
        let sizes = fields::<8>(frame.section(ROWS)?, clusters, ROWS)?;
        let sizes: Vec<u64> = sizes.iter().map(|size| u64::from_le_bytes(*size)).collect();
        frame.finish(ROWS)?;
        if !sizes.is_sorted_by(|left, right| left >= right) {
            return Err(malformed(ROWS, "a cluster larger than the one before it"));
        }
        Ok(Self::from_parts(training, standard, centroids, sizes, [inertia, spread]))
    }
}

fn check_columns(model: usize, schema: &FeatureSchema) -> Result<(), ModelError> {
    let schema = schema.columns().len();
    if model == schema { Ok(()) } else { Err(ModelError::Columns { model, schema }) }
}

fn read_standard(bytes: &[u8], columns: usize) -> Result<Standard, ModelError> {
    let columns = fields::<8>(bytes, 2 * columns, STANDARD)?.as_chunks::<2>().0.iter().map(|column| {
        let [centre, factor] = column.map(f64::from_le_bytes);
        let sound = centre.is_finite() && factor.is_normal() && factor > 0.0;
        if sound {
            Ok(Column { centre, factor })
        } else {
            Err(malformed(STANDARD, "a number out of its bounds"))
        }
    });
    Ok(Standard::from_columns(columns.collect::<Result<_, _>>()?))
}

fn read_centroids(bytes: &[u8], clusters: usize, columns: usize) -> Result<Centroids, ModelError> {
    let cells =
        fields::<4>(bytes, clusters * columns, CENTROIDS)?.iter().map(|cell| f32::from_le_bytes(*cell));
    let cells: Vec<f32> = cells.collect();
    // What lies farther away than any cell has no square that adds up.
    if cells.iter().all(|cell| cell.abs() <= Standard::FARTHEST) {
        Ok(Centroids::new(cells.chunks_exact(columns), columns))
    } else {
        Err(malformed(CENTROIDS, "a number out of its bounds"))
    }
}
