//! A forest as the sections of a model file.
//!
//! | section | bytes of each entry | entries |
//! |---|---|---|
//! | `grow` | 4 sample, 4 trees, 4 columns, 4 mode (0 deep, 1 capped, 2 pooled gain, 3 mixed) | one |
//! | `scal` | 8 centre, 8 factor | a column |
//! | `size` | 4 nodes, 4 steps | a tree |
//! | `kids` | 2 how many places behind it its left child stands, 0 of a leaf | a node |
//! | `asks` | 4 threshold, 2 column; in modes with pairs 4 threshold, 4 coefficient, 2 and 2 columns | a node with children |
//! | `deep` | 4 mean depth below it | a node |

use super::complete::Lazy;
use super::forest::{Grown, IsolationForest, Origin};
use super::node::{AxisNode, Key, Node, PairNode};
use super::scale::{Column, Scale};
use super::settings::{ForestBuilder, Mode};
use super::trees::{Size, Trees};
use crate::feature::FeatureSchema;
use crate::matrix::MAX_COLUMNS;
use crate::model::{Algorithm, Frame, ModelError, Section, Training, fields, malformed};

const GROW: &str = "grow";
const SCALE: &str = "scal";
const SIZE: &str = "size";
const KIDS: &str = "kids";
const ASKS: &str = "asks";
const DEEP: &str = "deep";

/// What a node asks, as bytes.
trait Record<const BYTES: usize>: Node {
    fn to_bytes(self) -> [u8; BYTES];

    fn from_bytes(bytes: [u8; BYTES], children: u16) -> Self;

    /// Whether it asks of these columns only, in numbers that can be compared.
    fn is_sound(self, columns: usize) -> bool;
}

impl IsolationForest {
    /// The forest as a [model file](crate::model) for these features. The same forest makes the same bytes on every
    /// machine. 100 trees of 256 rows take at most 640 KB and 16 bytes a column; [`Mode::Capped`] ones as a rule not 130 KB.
    ///
    /// # Errors
    /// When the schema has not as many columns as the forest, or when the file would be too large.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        check_columns(self.columns(), schema)?;
        let Origin { rows, seed, sample, mode } = self.origin;
        let counts = [sample, self.trees(), self.columns(), mode as usize];
        let counts = counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let grow: Vec<u8> = counts.into_iter().flat_map(u32::to_le_bytes).collect();
        let columns = self.scale.columns().iter().flat_map(|column| [column.centre, column.factor]);
        let scale: Vec<u8> = columns.flat_map(f64::to_le_bytes).collect();
        let [sizes, kids, asks, depths] = match &self.trees {
            Grown::Axis(trees, _) => written(trees),
            Grown::Pair(trees) => written(trees),
        };
        let sections =
            [(GROW, &grow), (SCALE, &scale), (SIZE, &sizes), (KIDS, &kids), (ASKS, &asks), (DEEP, &depths)];
        let sections = sections.map(|(name, bytes)| Section { name, bytes });
        Frame::write(Algorithm::IsolationForest, schema, Training { rows, seed }, &sections)
    }

    /// The forest in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold another kind of model or one for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::IsolationForest, schema)?;
        let Training { rows, seed } = frame.training;
        let [counts] = fields::<4>(frame.section(GROW)?, 4, GROW)?.as_chunks::<4>().0 else {
            return Err(malformed(GROW, "nothing"));
        };
        let [sample, trees, columns, mode] = counts.map(|bytes| u32::from_le_bytes(bytes) as usize);
        let mode = checked(sample, trees, columns, mode)?;
        check_columns(columns, schema)?;
        let scale = read_scale(frame.section(SCALE)?, columns)?;
        let sizes = read_sizes(frame.section(SIZE)?, trees, sample)?;
        let sections = [frame.section(KIDS)?, frame.section(ASKS)?, frame.section(DEEP)?];
        frame.finish(DEEP)?;
        let trees = match mode {
            Mode::Deep | Mode::Capped => {
                Grown::Axis(read_trees::<AxisNode, 6>(sizes, sections, columns)?, Lazy::default())
            }
            Mode::PooledGain | Mode::Mixed => {
                Grown::Pair(read_trees::<PairNode, 12>(sizes, sections, columns)?)
            }
        };
        Ok(Self::new(Origin { rows, seed, sample, mode }, scale, trees))
    }
}

/// The mode, if all of these are within their bounds.
fn checked(sample: usize, trees: usize, columns: usize, mode: usize) -> Result<Mode, ModelError> {
    let sound = (1..=ForestBuilder::LARGEST_SAMPLE).contains(&sample)
        && (1..=ForestBuilder::MOST_TREES).contains(&trees)
        && (1..=MAX_COLUMNS).contains(&columns);
    let modes = [Mode::Deep, Mode::Capped, Mode::PooledGain, Mode::Mixed];
    let mode = modes.get(mode).filter(|_| sound);
    mode.copied().ok_or(malformed(GROW, "a number out of its bounds"))
}

fn check_columns(model: usize, schema: &FeatureSchema) -> Result<(), ModelError> {
    let schema = schema.columns().len();
    if model == schema { Ok(()) } else { Err(ModelError::Columns { model, schema }) }
}

fn read_scale(bytes: &[u8], columns: usize) -> Result<Scale, ModelError> {
    let columns = fields::<8>(bytes, 2 * columns, SCALE)?.as_chunks::<2>().0.iter().map(|column| {
        let [centre, factor] = column.map(f64::from_le_bytes);
        let sound = centre.is_finite() && factor.is_normal() && factor > 0.0;
        if sound {
            Ok(Column { centre, factor })
        } else {
            Err(malformed(SCALE, "a number out of its bounds"))
        }
    });
    Ok(Scale::from_columns(columns.collect::<Result<_, _>>()?))
}

fn read_sizes(bytes: &[u8], trees: usize, sample: usize) -> Result<Vec<Size>, ModelError> {
    let sizes = fields::<4>(bytes, 2 * trees, SIZE)?.as_chunks::<2>().0.iter().map(|size| {
        let [nodes, steps] = size.map(u32::from_le_bytes);
        let sound = (1..2 * sample).contains(&(nodes as usize)) && steps < nodes;
        match u16::try_from(steps) {
            Ok(steps) if sound => Ok(Size { nodes, steps }),
            _ => Err(malformed(SIZE, "a number out of its bounds")),
        }
    });
    sizes.collect()
}

fn written<N: Record<BYTES>, const BYTES: usize>(trees: &Trees<N>) -> [Vec<u8>; 4] {
    let sizes = trees.sizes().iter().flat_map(|size| [size.nodes, u32::from(size.steps)]);
    let kids = trees.nodes().flat_map(|(node, _)| node.children().to_le_bytes());
    let inner = trees.nodes().filter(|(node, _)| node.children() > 0);
    let asks = inner.flat_map(|(node, _)| node.to_bytes());
    let depths = trees.nodes().flat_map(|(_, depth)| depth.to_le_bytes());
    [sizes.flat_map(u32::to_le_bytes).collect(), kids.collect(), asks.collect(), depths.collect()]
}

fn read_trees<N: Record<BYTES>, const BYTES: usize>(
    sizes: Vec<Size>,
    [kids, asks, depths]: [&[u8]; 3],
    columns: usize,
) -> Result<Trees<N>, ModelError> {
    let count = sizes.iter().map(|size| size.nodes as usize).sum();
    let kids = fields::<2>(kids, count, KIDS)?;
    let inner = kids.iter().filter(|children| **children != [0; 2]).count();
    let asks = fields::<BYTES>(asks, inner, ASKS)?;
    // Room for the leaves up to a power of two, which follow.
    let room = (count + 1).next_power_of_two();
    let (mut nodes, mut deep) = (Vec::with_capacity(room), Vec::with_capacity(room));
    deep.extend(fields::<4>(depths, count, DEEP)?.iter().map(|bytes| u32::from_le_bytes(*bytes)));
    let (mut rest, mut asks) = (kids, asks.iter());
    for size in &sizes {
        let (tree, next) = rest.split_at_checked(size.nodes as usize).unwrap_or_default();
        rest = next;
        for (place, children) in tree.iter().enumerate() {
            let children = u16::from_le_bytes(*children);
            let ask = if children > 0 { asks.next() } else { None };
            let node = ask.map_or_else(N::default, |bytes| N::from_bytes(*bytes, children));
            // Children stand behind their parents, and in the same tree.
            let right = place + usize::from(children) + 1;
            if children > 0 && (right >= tree.len() || !node.is_sound(columns)) {
                return Err(malformed(ASKS, "a node that no tree can have"));
            }
            nodes.push(node);
        }
    }
    Ok(Trees::new(nodes, deep, sizes))
}

impl Record<6> for AxisNode {
    fn to_bytes(self) -> [u8; 6] {
        let ([a, b, c, d], [e, f]) = (self.threshold.number().to_le_bytes(), self.column.to_le_bytes());
        [a, b, c, d, e, f]
    }

    fn from_bytes([a, b, c, d, e, f]: [u8; 6], children: u16) -> Self {
        let threshold = Key::new(f32::from_le_bytes([a, b, c, d]));
        Self { threshold, column: u16::from_le_bytes([e, f]), children }
    }

    fn is_sound(self, columns: usize) -> bool {
        usize::from(self.column) < columns && self.threshold.number().is_finite()
    }
}

impl Record<12> for PairNode {
    fn to_bytes(self) -> [u8; 12] {
        let ([a, b, c, d], [e, f, g, h]) = (self.threshold.to_le_bytes(), self.coefficient.to_le_bytes());
        let [[i, j], [k, l]] = self.columns.map(u16::to_le_bytes);
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    fn from_bytes([a, b, c, d, e, f, g, h, i, j, k, l]: [u8; 12], children: u16) -> Self {
        Self {
            threshold: f32::from_le_bytes([a, b, c, d]),
            coefficient: f32::from_le_bytes([e, f, g, h]),
            columns: [u16::from_le_bytes([i, j]), u16::from_le_bytes([k, l])],
            children,
        }
    }

    fn is_sound(self, columns: usize) -> bool {
        let within = self.columns.iter().all(|column| usize::from(*column) < columns);
        within && self.threshold.is_finite() && self.coefficient.abs() <= 1.0
    }
}
