//! Models that look at events: what makes a row of an event, and the detector that scores it.

mod class;
mod features;

pub(crate) use class::ModelDetector;
pub(crate) use features::FeatureSet;
