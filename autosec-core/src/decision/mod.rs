//! What is to be done: a [`Policy`] turns risk into a [`Decision`], the [`Allowlist`] and the [`Guard`] stand between
//! a decision and a firewall.
//!
//! # From risk to a firewall: the order of checks
//! | step | asks | by |
//! |---|---|---|
//! | 1 | does the risk, or an analytic's wish, call for anything? | [`Policy::decide`] |
//! | 2 | is the subject, or a part of it, on the allowlist? | [`Guard::permit`] |
//! | 3 | is it, or a part of it, something the host lives by: its own address, its gateway, a resolver, the administrator's peer? | [`Guard::permit`], told by [`Surroundings`] |
//! | 4 | is it private, loopback or otherwise special address space? | [`Guard::permit`] |
//! | 5 | is the prefix wider than allowed? | [`Guard::permit`] |
//! | 6 | are there too many new blocks in this interval? | [`Guard::admit`] |
//! | 7 | are they too large a share of the clients who were here before? | [`Guard::admit`] |
//! | 8 | steps 2 to 5 again, when it is enforced and once more right before each call to each firewall | [`Enforcer`](crate::enforce::Enforcer) |
//!
//! Steps 2 to 7 concern actions from [`Action::Block`](crate::finding::Action) up on addresses. Of a decision about a host
//! or a user the allowlist alone is asked, whatever the action. The first step that says no ends it: the
//! decision stays in the verdict with its [`Refusal`], and nothing is enforced.
//!
//! Steps 2 to 5 are asked again because the world changes between a decision and its enforcement: an operator who
//! allows an address at that moment must win. Steps 6 and 7 count, so they are asked once.
//!
//! # Who has the last word
//! The allowlist. No rule, response, scorer or policy can block what it covers, and
//! [`Engine::allow`](crate::engine::Engine::allow) lifts what is already in force. For trying rules out there are two milder
//! means: [`Mode::Shadow`](crate::rule::Mode) for one rule, [`GuardConfig::dry_run`] for all.

mod allowlist;
mod escalation;
mod guard;
mod noted;
mod policy;
mod recent;
mod record;
mod refusal;
mod surroundings;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

pub use allowlist::Allowlist;
pub use escalation::EscalationConfig;
pub use guard::{Guard, GuardConfig};
pub use policy::{PolicyConfig, ThresholdPolicy};
pub use record::{Decision, Reason};
pub use refusal::Refusal;
pub use surroundings::{Role, Surroundings, Vital};

use crate::entity::Entity;
use crate::finding::Finding;
use crate::score::Risk;

/// No block lasts longer, whoever asks for it: 365 days. Addresses change hands, and what is to be blocked for ever
/// belongs into a firewall's own configuration.
pub const LONGEST_BLOCK: Duration = Duration::from_secs(365 * 86_400);

/// Turns a subject's risk and the findings that changed it into what is to be done.
///
/// It is asked once for each subject that something was found about, possibly by several threads at once. Time is the
/// findings' event time. What it decides still has to pass the [`Guard`].
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::decision::{Decision, Policy, Reason};
/// use autosec_core::entity::Entity;
/// use autosec_core::finding::{Action, Finding};
/// use autosec_core::measure::RiskScore;
/// use autosec_core::score::Risk;
///
/// /// Never blocks: tells somebody from a risk of 0.3 up.
/// #[derive(Debug)]
/// struct TellOnly;
///
/// impl Policy for TellOnly {
///     fn decide(&self, subject: &Entity, risk: &Risk, findings: &[Finding]) -> Option<Decision> {
///         let threshold = RiskScore::clamped(0.3);
///         let newest = findings.iter().filter(|finding| !finding.shadow).max_by_key(|finding| finding.time)?;
///         (risk.score >= threshold).then(|| {
///             Decision::new(subject.clone(), Action::Alert, newest.time, Duration::from_secs(3600))
///                 .with_risk(risk.score)
///                 .with_scenario(newest.analytic.id.clone())
///                 .with_reasons(vec![Reason::Reached { threshold }])
///         })
///     }
/// }
///
/// let calm = TellOnly.decide(&Entity::User("ann".into()), &Risk::none(), &[]);
/// assert_eq!(calm, None);
/// ```
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
