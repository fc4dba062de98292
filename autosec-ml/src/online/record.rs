//! A forest that learns as the sections of a model file.
//!
//! | section | bytes of each entry | entries |
//! |---|---|---|
//! | `onli` | 8 each: columns, window, sample, mode (0 deep, 1 capped, 2 pooled gain, 3 mixed), times grown, generations | one |
//! | `frst` | a whole file of an isolation forest | a generation, the oldest first |

use std::collections::VecDeque;

use super::forest::OnlineForest;
use super::settings::OnlineBuilder;
use crate::feature::FeatureSchema;
use crate::isolation::{IsolationForest, Mode};
use crate::model::{Algorithm, Frame, ModelError, Section, Training, fields, malformed};

const ONLINE: &str = "onli";
const FOREST: &str = "frst";
const MODES: [Mode; 4] = [Mode::Deep, Mode::Capped, Mode::PooledGain, Mode::Mixed];

impl OnlineForest {
    /// The forest's trees as a [model file](crate::model) for these features; the rows of the window are not in it. The
    /// same forest makes the same bytes on every machine.
    ///
    /// # Errors
    /// When the schema has not as many columns as the forest, or when the file would be too large.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        check_columns(self.columns(), schema)?;
        let OnlineBuilder { columns, window, sample, seed, mode } = self.settings;
        let counts = [columns, window, sample, mode as usize].map(|count| count as u64);
        let counts = counts.into_iter().chain([self.grown, self.generations.len() as u64]);
        let head: Vec<u8> = counts.flat_map(u64::to_le_bytes).collect();
        let files = self.generations.iter().map(|generation| generation.to_bytes(schema));
        let files: Vec<Vec<u8>> = files.collect::<Result<_, _>>()?;
        let mut sections = vec![Section { name: ONLINE, bytes: &head }];
        sections.extend(files.iter().map(|bytes| Section { name: FOREST, bytes }));
        Frame::write(Algorithm::OnlineForest, schema, Training { rows: self.learned, seed }, &sections)
    }

    /// The forest in a [model file](crate::model), with an empty window.
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold another kind of model or one for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::OnlineForest, schema)?;
        let Training { rows: learned, seed } = frame.training;
        let [columns, window, sample, mode, grown, count] = *fields::<8>(frame.section(ONLINE)?, 6, ONLINE)?
        else {
            return Err(malformed(ONLINE, "nothing"));
        };
        let bad = malformed(ONLINE, "a number out of its bounds");
        let small = |bytes| usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| bad.clone());
        let mode = MODES.get(small(mode)?).copied().ok_or_else(|| bad.clone())?;
        let (columns, window, sample, count) =
            (small(columns)?, small(window)?, small(sample)?, small(count)?);
        let settings = OnlineBuilder { columns, window, sample, seed, mode };
        if settings.check().is_err() || count > OnlineBuilder::GENERATIONS {
            return Err(bad);
        }
        check_columns(columns, schema)?;
        let mut generations = VecDeque::new();
        for _ in 0..count {
            let generation = IsolationForest::from_bytes(frame.section(FOREST)?, schema)?;
            if generation.trees() != OnlineBuilder::TREES {
                return Err(malformed(FOREST, "another number of trees"));
            }
            generations.push_back(generation);
        }
        frame.finish(FOREST)?;
        Ok(Self::resume(settings, [learned, u64::from_le_bytes(grown)], generations))
    }
}

fn check_columns(model: usize, schema: &FeatureSchema) -> Result<(), ModelError> {
    let schema = schema.columns().len();
    if model == schema { Ok(()) } else { Err(ModelError::Columns { model, schema }) }
}
