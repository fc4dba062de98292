//! How bad, how sure, how risky: [`Severity`], [`Confidence`], [`RiskScore`].
//!
//! Three measures that are easily mixed up are three types, so that none can stand in another's place:
//!
//! - [`Severity`] is a property of the *rule*: how bad would it be, if true?
//! - [`Confidence`] is a property of the *analytic*: how often is it right?
//! - [`RiskScore`] is a property of the *subject*: what everything found about it amounts to. A
//!   [`Scorer`](crate::score::Scorer) makes it of the other two.
//!
//! A number outside 0..=1 cannot be held by the last two: configurations that give one are refused when they are read.

mod scale;
mod severity;

pub use scale::{Confidence, OutOfRange, RiskScore};
pub use severity::Severity;
