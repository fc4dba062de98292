//! What is to be done: a [`Policy`] turns risk into a [`Decision`], the [`Allowlist`] and the [`Guard`] stand between
//! a decision and a firewall.

mod allowlist;
mod escalation;
mod guard;
mod policy;
mod record;
mod refusal;

use std::fmt::Debug;

pub use allowlist::Allowlist;
pub use escalation::EscalationConfig;
pub use guard::{Guard, GuardConfig};
pub use policy::{PolicyConfig, ThresholdPolicy};
pub use record::{Decision, Reason};
pub use refusal::Refusal;

use crate::entity::Entity;
use crate::finding::Finding;
use crate::score::Risk;

/// Turns a subject's risk and the findings that changed it into what is to be done.
pub trait Policy: Debug + Send + Sync {
    /// The decision, or nothing where the risk asks for none.
    fn decide(&self, subject: &Entity, risk: &Risk, findings: &[Finding]) -> Option<Decision>;
}
