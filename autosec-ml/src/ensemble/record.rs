//! An ensemble as the sections of a model file.
//!
//! | section | what |
//! |---|---|
//! | `many` | 4 how many members |
//! | `memb` | of each member: 4 its kind (as that of its file), 8 weight, 8 rows calibrated on |
//! | `file` | its model file, whole |
//! | `tail`, `rank` | its [calibration](crate::calibrate) |
//! | `memb`, … | the next member |
//! | `whol` | 8 rows that the ensemble was calibrated on |
//! | `tail`, `rank` | its calibration |

use super::member::Member;
use super::model::{Ensemble, Origin, Weighted};
use crate::anomaly::AnomalyModel;
use crate::calibrate::{Conformal, RANK, TAIL, read_points, write_points};
use crate::feature::FeatureSchema;
use crate::model::{Algorithm, Frame, ModelError, Section, Training, fields, malformed};
use crate::statistic::check_columns;

const MANY: &str = "many";
const MEMBER: &str = "memb";
const FILE: &str = "file";
const WHOLE: &str = "whol";

impl Ensemble {
    /// The ensemble with all its members as one [model file](crate::model) for these features.
    ///
    /// # Errors
    /// When the schema has not as many columns as the ensemble, or when the file would be too large.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        check_columns(self.columns(), schema)?;
        let count = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let mut parts = vec![(MANY, count.to_le_bytes().to_vec())];
        for Weighted { member, weight, calibration } in &self.members {
            let rows = calibration.rows().to_le_bytes();
            let head = [&member.kind().to_le_bytes()[..], &weight.to_le_bytes(), &rows].concat();
            parts.extend([(MEMBER, head), (FILE, member.to_bytes(schema)?)]);
            add_calibration(&mut parts, calibration);
        }
        parts.push((WHOLE, self.calibration.rows().to_le_bytes().to_vec()));
        add_calibration(&mut parts, &self.calibration);
        let sections: Vec<Section<'_>> =
            parts.iter().map(|(name, bytes)| Section { name, bytes: bytes.as_slice() }).collect();
        let Origin { rows, seed } = self.origin;
        Frame::write(Algorithm::Ensemble, schema, Training { rows, seed }, &sections)
    }

    /// The ensemble in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold another kind of model or one for other features; the same for
    /// the file of each member.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::Ensemble, schema)?;
        let Training { rows, seed } = frame.training;
        let [count] = fields::<4>(frame.section(MANY)?, 1, MANY)? else {
            return Err(malformed(MANY, "nothing"));
        };
        let count = u32::from_le_bytes(*count) as usize;
        if !(1..=Self::MOST_MEMBERS).contains(&count) {
            return Err(malformed(MANY, "a number out of its bounds"));
        }
        let members = (0..count).map(|_| read_member(&mut frame, schema)).collect::<Result<Vec<_>, _>>()?;
        let all: f64 = members.iter().map(|member| member.weight).sum();
        if (all - 1.0).abs() > 1e-9 {
            return Err(malformed(MEMBER, "weights that do not add up to 1"));
        }
        let [whole] = fields::<8>(frame.section(WHOLE)?, 1, WHOLE)? else {
            return Err(malformed(WHOLE, "nothing"));
        };
        let calibration = read_calibration(&mut frame, u64::from_le_bytes(*whole))?;
        frame.finish(RANK)?;
        Ok(Self { members, calibration, origin: Origin { rows, seed } })
    }
}

fn add_calibration(parts: &mut Vec<(&'static str, Vec<u8>)>, calibration: &Conformal) {
    let (tail, rank) = write_points(calibration);
    parts.extend([(TAIL, tail), (RANK, rank)]);
}

fn read_calibration(frame: &mut Frame<'_>, rows: u64) -> Result<Conformal, ModelError> {
    let (tail, rank) = (frame.section(TAIL)?, frame.section(RANK)?);
    read_points(rows, tail, rank)
}

fn read_member(frame: &mut Frame<'_>, schema: &FeatureSchema) -> Result<Weighted, ModelError> {
    let head = frame.section(MEMBER)?;
    let (kind, rest) = head.split_first_chunk::<4>().ok_or(malformed(MEMBER, "too little"))?;
    let [weight, rows] = fields::<8>(rest, 2, MEMBER)? else { return Err(malformed(MEMBER, "too little")) };
    let (weight, rows) = (f64::from_le_bytes(*weight), u64::from_le_bytes(*rows));
    if !(0.0..=1.0).contains(&weight) {
        return Err(malformed(MEMBER, "a weight out of its bounds"));
    }
    let member = Member::from_bytes(u32::from_le_bytes(*kind), frame.section(FILE)?, schema);
    let member = member.ok_or(malformed(MEMBER, "an unknown kind of model"))??;
    Ok(Weighted { member, weight, calibration: read_calibration(frame, rows)? })
}
