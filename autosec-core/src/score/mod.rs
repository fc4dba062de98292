//! How risky a subject is: [`Scorer`], with [`NoisyOr`] as the default, and [`Risk`] that adds up from named parts.
//!
//! Findings say what happened in one event. A scorer turns them into what is known about the *subject*: it remembers what
//! was found before, lets it fade, and adds it up. In goes a subject with the findings of one event about it; out comes a
//! [`Risk`] between 0 and 1 that names each analytic's share.
//!
//! # The default, worked out
//! [`NoisyOr`] takes each finding for an independent piece of evidence that is true with probability *p*; the risk is the
//! probability that at least one is true.
//!
//! 1. A rule of severity `high` (0.7) and confidence 0.8 fires: *p* = 0.7 × 0.8 = 0.56. Risk 0.56: an alert.
//! 2. A second rule, `medium` (0.45) and 0.8, fires about the same subject: *p* = 0.36. Risk 1 − 0.44 × 0.64 = 0.72.
//! 3. The first rule fires again at once: a fresh repeat counts half, *p* = 0.28. Risk 1 − 0.44 × 0.64 × 0.72 = 0.797:
//!    just short of a block.
//! 4. An hour of silence later each piece weighs half. Weight is −ln(1 − *p*), which adds up where probabilities
//!    multiply: −ln(0.20) = 1.60 has become 0.80, and the risk 1 − e^−0.80 = 0.55.
//!
//! Repeats weigh less so that one noisy rule alone cannot reach certainty; different analytics keep their full weight,
//! because agreement of several is what distinguishes an attack from an accident.
//!
//! # Limits
//! A subject's last sixteen analytics are remembered, by weight, and [`ScoreConfig::subjects`] subjects. Shadow findings
//! leave no trace. All of it is in memory: risk begins anew with the process, blocks do not.

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
///
/// It is asked only about subjects that something was found about, possibly by several threads at once. `findings` holds
/// shadow findings too; a scorer passes them over.
///
/// ```
/// use autosec_core::entity::Entity;
/// use autosec_core::finding::Finding;
/// use autosec_core::measure::{RiskScore, Severity};
/// use autosec_core::score::{Risk, Scorer};
/// use autosec_core::time::Timestamp;
///
/// /// No memory: the worst finding of the event is the risk.
/// #[derive(Debug)]
/// struct Worst;
///
/// impl Scorer for Worst {
///     fn score(&self, _subject: &Entity, findings: &[Finding], _now: Timestamp) -> Risk {
///         let counted = findings.iter().filter(|finding| !finding.shadow);
///         match counted.map(|finding| finding.severity).max() {
///             Some(Severity::Critical) => Risk::new(RiskScore::ONE, Vec::new()),
///             Some(severity) => {
///                 let score = RiskScore::clamped(f64::from(severity.ocsf_id()) / 5.0);
///                 Risk::new(score, Vec::new())
///             }
///             None => Risk::none(),
///         }
///     }
/// }
///
/// let nothing = Worst.score(&Entity::User("ann".into()), &[], Timestamp::EPOCH);
/// assert_eq!(nothing, Risk::none());
/// ```
pub trait Scorer: Debug + Send + Sync {
    /// The subject's risk at `now` (event time), after taking in `findings`, which are all about it.
    fn score(&self, subject: &Entity, findings: &[Finding], now: Timestamp) -> Risk;
}

impl<T: Scorer + ?Sized> Scorer for Arc<T> {
    fn score(&self, subject: &Entity, findings: &[Finding], now: Timestamp) -> Risk {
        (**self).score(subject, findings, now)
    }
}
