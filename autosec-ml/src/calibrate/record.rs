//! Calibrations as the sections of model files.
//!
//! | section | bytes of each entry | entries |
//! |---|---|---|
//! | `tail` | 8 score it begins at, 8 scale, 8 shape | one, of conformal ones |
//! | `rank` | 8 score, 8 how many are higher, 8 how many are as high or higher | a score of the table |
//! | `step` | 8 lowest score, 8 highest score, 8 probability | a step, of isotonic ones |

use super::conformal::{Conformal, Point};
use super::isotonic::{Block, Isotonic};
use super::tail::{HEAVIEST, LIGHTEST, Tail};
use crate::feature::FeatureSchema;
use crate::model::{Algorithm, Frame, ModelError, Section, Training, malformed};

pub(crate) const TAIL: &str = "tail";
pub(crate) const RANK: &str = "rank";
const STEP: &str = "step";
/// The most scores that a table may have: of 2^64 rows it has about half.
const MOST_POINTS: usize = 1 << 13;

impl Conformal {
    /// The calibration as a [model file](crate::model), for the features of the model that it belongs to: 24 bytes a score
    /// of its table.
    ///
    /// # Errors
    /// None that can happen: a table is far below the limit of a file.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        let (tail, points) = write_points(self);
        let sections = [Section { name: TAIL, bytes: &tail }, Section { name: RANK, bytes: &points }];
        Frame::write(Algorithm::Conformal, schema, Training { rows: self.rows, seed: 0 }, &sections)
    }

    /// The calibration in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold something else or something for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::Conformal, schema)?;
        let (tail, points) = (frame.section(TAIL)?, frame.section(RANK)?);
        let rows = frame.training.rows;
        frame.finish(RANK)?;
        read_points(rows, tail, points)
    }
}

impl Isotonic {
    /// The calibration as a [model file](crate::model), for the features of the model that it belongs to: 24 bytes a step.
    ///
    /// # Errors
    /// None that can happen: a calibration is far below the limit of a file.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        let numbers = self.blocks.iter().flat_map(|block| [block.low, block.high, block.probability]);
        let steps: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
        let sections = [Section { name: STEP, bytes: &steps }];
        Frame::write(Algorithm::Isotonic, schema, Training { rows: self.rows, seed: 0 }, &sections)
    }

    /// The calibration in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold something else or something for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::Isotonic, schema)?;
        let blocks = triples(frame.section(STEP)?, Self::MOST_STEPS, STEP)?.iter().map(|triple| {
            let [low, high, probability] = triple.map(f64::from_le_bytes);
            Block { low, high, probability }
        });
        let (blocks, rows) = (blocks.collect::<Vec<_>>(), frame.training.rows);
        frame.finish(STEP)?;
        let sound = |block: &Block| {
            let certain = block.probability <= 0.0 || block.probability >= 1.0;
            block.low.is_finite() && block.high.is_finite() && block.low <= block.high && !certain
        };
        let rises = |pair: &[Block]| matches!(pair, [low, high] if low.high < high.low && low.probability < high.probability);
        let is_sound = blocks.iter().all(|block| sound(block) && !block.probability.is_nan());
        if !is_sound || !blocks.windows(2).all(rises) {
            return Err(malformed(STEP, "steps that do not rise"));
        }
        Ok(Self { rows, blocks })
    }
}

/// The bytes of the two sections.
pub(crate) fn write_points(calibration: &Conformal) -> (Vec<u8>, Vec<u8>) {
    let Tail { begin, scale, shape } = calibration.tail;
    let tail = [begin, scale, shape].into_iter().flat_map(f64::to_le_bytes).collect();
    let words = |point: &Point| [point.score.to_bits(), point.above, point.from];
    (tail, calibration.points.iter().flat_map(words).flat_map(u64::to_le_bytes).collect())
}

/// The calibration that two sections hold.
pub(crate) fn read_points(rows: u64, tail: &[u8], points: &[u8]) -> Result<Conformal, ModelError> {
    let [tail] = triples(tail, 1, TAIL)? else { return Err(malformed(TAIL, "nothing")) };
    let [begin, scale, shape] = tail.map(f64::from_le_bytes);
    let fits =
        begin.is_finite() && scale.is_normal() && scale > 0.0 && (LIGHTEST..=HEAVIEST).contains(&shape);
    if !fits {
        return Err(malformed(TAIL, "a number out of its bounds"));
    }
    let points = triples(points, MOST_POINTS, RANK)?.iter().map(|triple| {
        let [score, above, from] = triple.map(u64::from_le_bytes);
        Point { score: f64::from_bits(score), above, from }
    });
    let points: Vec<Point> = points.collect();
    let sound = |point: &Point| point.score.is_finite() && point.above < point.from && point.from <= rows;
    let falls =
        |pair: &[Point]| matches!(pair, [low, high] if low.score < high.score && high.from <= low.above);
    let whole = points.first().is_some_and(|lowest| lowest.from == rows);
    if rows == u64::MAX || !whole || !points.iter().all(sound) || !points.windows(2).all(falls) {
        return Err(malformed(RANK, "scores or ranks that are out of order"));
    }
    Ok(Conformal { rows, points, tail: Tail { begin, scale, shape } })
}

/// Three numbers of eight bytes an entry, from one to `most` entries.
fn triples<'f>(
    bytes: &'f [u8],
    most: usize,
    section: &'static str,
) -> Result<&'f [[[u8; 8]; 3]], ModelError> {
    match bytes.as_chunks::<8>() {
        (numbers, []) => match numbers.as_chunks::<3>() {
            (triples, []) if (1..=most).contains(&triples.len()) => Ok(triples),
            _ => Err(malformed(section, "no entry, too many or a part of one")),
        },
        _ => Err(malformed(section, "a part of a number")),
    }
}
