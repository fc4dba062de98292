//! From scores to numbers that mean something: how rarely a usual row scores so high, and how likely a row is bad.
//!
//! | what | learns from | answers |
//! |---|---|---|
//! | [`Conformal`] | scores of rows that are taken for usual | the share of usual rows that score as high: a [p-value](Conformal::p_value) with a guarantee |
//! | [`Isotonic`] | scores and the truth about them | how likely a row of a score is [bad](Isotonic::probability) |
//!
//! Calibrate on rows that the model was not trained on: a model knows its own rows, and scores them lower than others.
//! A calibration belongs to the model whose scores it was made of; keep the two together.

mod conformal;
mod isotonic;
mod record;
mod tail;

pub use conformal::Conformal;
pub use isotonic::Isotonic;
pub(crate) use record::{RANK, TAIL, read_points, write_points};

/// Why scores cannot be calibrated on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// There are none.
    #[error("there are no scores to calibrate on")]
    NoScores,
    /// One is NaN or infinite.
    #[error("score {0} is no finite number")]
    NotFinite(usize),
    /// There is not one truth for each score.
    #[error("there are {scores} scores, and the truth is told of {truths} rows")]
    Length {
        /// How many scores there are.
        scores: usize,
        /// How many truths there are.
        truths: usize,
    },
}

fn check(scores: &[f64]) -> Result<(), CalibrationError> {
    match scores.iter().position(|score| !score.is_finite()) {
        _ if scores.is_empty() => Err(CalibrationError::NoScores),
        Some(number) => Err(CalibrationError::NotFinite(number)),
        None => Ok(()),
    }
}
