//! What is to be done: a [`Policy`] turns risk into a [`Decision`], the [`Allowlist`] and the [`Guard`] stand between
//! a decision and a firewall.

mod allowlist;
mod escalation;
mod guard;
mod policy;
mod record;
mod refusal;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

pub use allowlist::Allowlist;
pub use escalation::EscalationConfig;
pub use guard::{Guard, GuardConfig};
pub use policy::{PolicyConfig, ThresholdPolicy};
pub use record::{Decision, Reason};
pub use refusal::Refusal;

use crate::entity::Entity;
use crate::finding::Finding;
use crate::score::Risk;

/// No block lasts longer, whoever asks for it: 365 days. Addresses change hands, and what is to be blocked for ever
/// belongs into a firewall's own configuration.
pub const LONGEST_BLOCK: Duration = Duration::from_secs(365 * 86_400);

/// Turns a subject's risk and the findings that changed it into what is to be done.
pub trait Policy: Debug + Send + Sync {
    /// The decision, or nothing where the risk asks for none.
    fn decide(&self, subject: &Entity, risk: &Risk, findings: &[Finding]) -> Option<Decision>;

    /// Takes note that the guard let a decision pass and that it is no dry run: only now does a block count as one
    /// when the subject comes back. By default nothing is remembered.
    fn admitted(&self, _decision: &Decision) {}
}

impl<T: Policy + ?Sized> Policy for Arc<T> {
    fn decide(&self, subject: &Entity, risk: &Risk, findings: &[Finding]) -> Option<Decision> {
        (**self).decide(subject, risk, findings)
    }

    fn admitted(&self, decision: &Decision) {
        (**self).admitted(decision);
    }
}
