use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::matrix::Matrix;
use autosec_ml::online::{MergeError, OnlineForest};

/// So many rows are learned before who scores gets a turn: about a millisecond of work. Who scores may hold the interpreter,
/// and who learns asks for it between two such stretches, so it never does with the lock in its hands.
const STRETCH: usize = 256;

/// A forest that learns while others score by it, an engine among them.
#[derive(Debug)]
pub(super) struct Learning(RwLock<OnlineForest>);

impl Learning {
    pub(super) fn new(forest: OnlineForest) -> Self {
        Self(RwLock::new(forest))
    }

    /// Takes the rows for usual, and tells how many it has learned after each stretch of them. Rows that were learned before
    /// somebody asked to stop stay learned.
    pub(super) fn learn(
        &self,
        rows: Matrix<'_>,
        mut tell: impl FnMut(usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (mut learned, mut left) = (0, rows.iter());
        while left.len() > 0 {
            let mut forest = self.0.write().unwrap_or_else(PoisonError::into_inner);
            for row in left.by_ref().take(STRETCH) {
                forest.learn(row);
                learned += 1;
            }
            drop(forest);
            tell(learned)?;
        }
        ControlFlow::Continue(())
    }

    /// Takes over the youngest trees of another.
    pub(super) fn merge(&self, other: &Self) -> Result<(), MergeError> {
        // Never both locks at once: two that merge into each other would wait for ever.
        let other = other.forest();
        self.0.write().unwrap_or_else(PoisonError::into_inner).merge(&other)
    }

    /// A copy of the forest as it is now.
    pub(super) fn forest(&self) -> OnlineForest {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl AnomalyModel for Learning {
    fn name(&self) -> &'static str {
        "online-forest"
    }

    fn columns(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).columns()
    }

    fn score(&self, row: &[f64]) -> f64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).score(row)
    }

    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contributions(row)
    }
}
