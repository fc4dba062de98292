//! A model as the sections of a model file.
//!
//! | section | bytes | entries |
//! |---|---|---|
//! | `time` | 4 the number of the column that tells the time | one |
//! | `hour` | 8 surprise | an hour of the week |
//! | `cols` | 8 centre, 8 unit | a column |
//! | `week` | 8 centre | an hour of the week, of each column |

use super::SeasonalModel;
use super::week::HOURS;
use crate::anomaly::AnomalyModel;
use crate::feature::FeatureSchema;
use crate::model::{Algorithm, Frame, ModelError, Section, Training, fields, malformed};
use crate::statistic::{Spread, check_columns};

const TIME: &str = "time";
const HOUR: &str = "hour";
const COLUMNS: &str = "cols";
const WEEK: &str = "week";
/// No surprise is larger, so that sums stay exact.
const MOST_SURPRISE: f64 = 64.0;

impl SeasonalModel {
    /// The model as a [model file](crate::model) for these features: 1.3 KiB a column. The same model makes the same bytes
    /// on every machine.
    ///
    /// # Errors
    /// When the schema has not as many columns as the model.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        check_columns(self.columns(), schema)?;
        let time = u32::try_from(self.time).unwrap_or(u32::MAX).to_le_bytes();
        let [hours, centres] = [&self.hours, &self.centres].map(|numbers| to_bytes(numbers));
        let columns = Spread::to_bytes(&self.spreads);
        let sections = [(TIME, &time[..]), (HOUR, &hours), (COLUMNS, &columns), (WEEK, &centres)];
        let sections = sections.map(|(name, bytes)| Section { name, bytes });
        let training = Training { rows: self.trained_on(), seed: 0 };
        Frame::write(Algorithm::Seasonal, schema, training, &sections)
    }

    /// The model in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold another kind of model or one for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::Seasonal, schema)?;
        let rows = frame.training.rows;
        let [time] = fields::<4>(frame.section(TIME)?, 1, TIME)? else {
            return Err(malformed(TIME, "nothing"));
        };
        let time = u32::from_le_bytes(*time) as usize;
        let hours = numbers(frame.section(HOUR)?, HOURS, HOUR)?;
        let spreads = Spread::from_bytes(frame.section(COLUMNS)?, COLUMNS)?;
        let centres = numbers(frame.section(WEEK)?, HOURS * spreads.len(), WEEK)?;
        frame.finish(WEEK)?;
        check_columns(spreads.len(), schema)?;
        let sound = |surprise: &f64| {
            (0.0..=MOST_SURPRISE).contains(surprise) && crate::statistic::on_grid(*surprise) == *surprise
        };
        if time >= spreads.len() || !hours.iter().all(sound) {
            return Err(malformed(HOUR, "a number out of its bounds"));
        }
        Ok(Self { rows, time, hours, spreads, centres })
    }
}

fn to_bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8], count: usize, section: &'static str) -> Result<Vec<f64>, ModelError> {
    let numbers = fields::<8>(bytes, count, section)?.iter().map(|bytes| f64::from_le_bytes(*bytes));
    let numbers = numbers.map(|number| number.is_finite().then_some(number));
    numbers.collect::<Option<_>>().ok_or(malformed(section, "a number out of its bounds"))
}
