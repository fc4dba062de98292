use std::sync::Arc;

use crate::finding::Analytic;
use crate::measure::RiskScore;
use crate::time::Timestamp;

/// How risky a subject is, and what that is made of: the shares add up to the score.
///
/// Up to sixteen contributions, from findings of this event and of earlier ones: `last` and `times` say which. A risk without
/// contributions is one that its scorer does not explain.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// The whole.
    pub score: RiskScore,
    /// The parts, the greatest share first.
    pub contributions: Vec<Contribution>,
}

/// What one analytic adds to a risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// What found something.
    pub analytic: Arc<Analytic>,
    /// Its part of the score, 0..=1.
    pub share: f64,
    /// How often it found something about this subject, as far as remembered.
    pub times: u32,
    /// When it last did, in event time.
    pub last: Timestamp,
}

impl Risk {
    /// No risk at all.
    pub fn none() -> Self {
        Self { score: RiskScore::ZERO, contributions: Vec::new() }
    }
}
