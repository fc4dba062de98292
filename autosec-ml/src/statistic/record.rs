//! A model as the section of a model file: `cols`, 8 bytes of the centre and 8 of the unit of each column.

use super::{Spread, StatisticalModel};
use crate::anomaly::AnomalyModel;
use crate::feature::FeatureSchema;
use crate::matrix::MAX_COLUMNS;
use crate::model::{Algorithm, Frame, ModelError, Section, Training, malformed};

const COLUMNS: &str = "cols";

impl StatisticalModel {
    /// The model as a [model file](crate::model) for these features: 16 bytes a column. The same model makes the same bytes
    /// on every machine.
    ///
    /// # Errors
    /// When the schema has not as many columns as the model.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        check_columns(self.columns(), schema)?;
        let bytes = Spread::to_bytes(&self.columns);
        let training = Training { rows: self.trained_on(), seed: 0 };
        Frame::write(Algorithm::Statistical, schema, training, &[Section { name: COLUMNS, bytes: &bytes }])
    }

    /// The model in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold another kind of model or one for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::Statistical, schema)?;
        let rows = frame.training.rows;
        let columns = Spread::from_bytes(frame.section(COLUMNS)?, COLUMNS)?;
        frame.finish(COLUMNS)?;
        check_columns(columns.len(), schema)?;
        Ok(Self::new(rows, columns))
    }
}

impl Spread {
    pub(crate) fn to_bytes(columns: &[Spread]) -> Vec<u8> {
        columns.iter().flat_map(|column| [column.centre, column.unit]).flat_map(f64::to_le_bytes).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8], section: &'static str) -> Result<Vec<Spread>, ModelError> {
        let (columns, rest) = bytes.as_chunks::<16>();
        if !rest.is_empty() || !(1..=MAX_COLUMNS).contains(&columns.len()) {
            return Err(malformed(section, "no whole number of columns"));
        }
        let columns = columns.iter().map(|bytes| match bytes.as_chunks::<8>().0 {
            [centre, unit] => {
                let [centre, unit] = [centre, unit].map(|bytes| f64::from_le_bytes(*bytes));
                let sound = centre.is_finite() && unit.is_normal() && unit > 0.0;
                sound.then_some(Spread { centre, unit })
            }
            _ => None,
        });
        columns.collect::<Option<_>>().ok_or(malformed(section, "a number out of its bounds"))
    }
}

pub(crate) fn check_columns(model: usize, schema: &FeatureSchema) -> Result<(), ModelError> {
    let schema = schema.columns().len();
    if model == schema { Ok(()) } else { Err(ModelError::Columns { model, schema }) }
}
