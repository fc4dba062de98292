//! How risky a subject is: [`Scorer`], with [`NoisyOr`] as the default, and [`Risk`] that adds up from named parts.

mod memory;
mod noisy_or;
mod risk;

use std::fmt::Debug;
use std::sync::Arc;

pub use noisy_or::{NoisyOr, ScoreConfig};
pub use risk::{Contribution, Risk};

use crate::entity::Entity;
use crate::finding::Finding;
use crate::time::Timestamp;

/// Turns findings about one subject into its risk, remembering what was found before.
pub trait Scorer: Debug + Send + Sync {
    /// The subject's risk at `now` (event time), after taking in `findings`, which are all about it.
    fn score(&self, subject: &Entity, findings: &[Finding], now: Timestamp) -> Risk;
}

impl<T: Scorer + ?Sized> Scorer for Arc<T> {
    fn score(&self, subject: &Entity, findings: &[Finding], now: Timestamp) -> Risk {
        (**self).score(subject, findings, now)
    }
}
