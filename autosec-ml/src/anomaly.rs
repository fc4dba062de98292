//! What every model of this crate can do.

use std::fmt::Debug;

use crate::isolation::IsolationForest;

/// A trained model that says how unusual a row is, and which columns make it so.
///
/// It cannot fail: a row that is too short lacks its last values, what it has too many is not looked at, and a value that is
/// missing is NaN.
pub trait AnomalyModel: Debug + Send + Sync {
    /// Its kind in a word or two, such as `isolation-forest`.
    fn name(&self) -> &'static str;

    /// How many columns a row has.
    fn columns(&self) -> usize;

    /// How unusual the row is: finite, and the higher the more. Only scores of one model can be compared.
    fn score(&self, row: &[f64]) -> f64;

    /// What each column adds to that, one number a column: positive where it makes the row unusual, negative where it
    /// makes it look usual. What they add up to is the model's own measure, and grows with the score.
    fn contributions(&self, row: &[f64]) -> Vec<f64>;
}

impl AnomalyModel for IsolationForest {
    fn name(&self) -> &'static str {
        "isolation-forest"
    }

    fn columns(&self) -> usize {
        IsolationForest::columns(self)
    }

    fn score(&self, row: &[f64]) -> f64 {
        IsolationForest::score(self, row)
    }

    /// Splits saved on the way to the end of the row, as [`attribute`](IsolationForest::attribute) has them.
    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        self.attribute(row).contributions
    }
}
