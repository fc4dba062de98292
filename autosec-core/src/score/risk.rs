use std::sync::Arc;

use serde::Serialize;

use crate::finding::Analytic;
use crate::measure::RiskScore;
use crate::time::Timestamp;

/// How risky a subject is, and what that is made of: the shares add up to the score.
///
/// Up to sixteen contributions, from findings of this event and of earlier ones: `last` and `times` say which. A risk without
/// contributions is one that its scorer does not explain.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Risk {
    /// The whole.
    pub score: RiskScore,
    /// The parts, the greatest share first.
    pub contributions: Vec<Contribution>,
}

/// What one analytic adds to a risk.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
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
    /// A risk and its parts, which are sorted here; their shares should add up to `score`.
    pub fn new(score: RiskScore, mut contributions: Vec<Contribution>) -> Self {
        contributions
            .sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.analytic.id.cmp(&b.analytic.id)));
        Self { score, contributions }
    }

    /// No risk at all.
    pub fn none() -> Self {
        Self::new(RiskScore::ZERO, Vec::new())
    }
}

impl Contribution {
    /// What `analytic` adds: `share` of the score, for `times` findings, the last at `last` in event time.
    pub fn new(analytic: Arc<Analytic>, share: f64, times: u32, last: Timestamp) -> Self {
        Self { analytic, share, times, last }
    }
}
