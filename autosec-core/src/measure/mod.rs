//! How bad, how sure, how risky: [`Severity`], [`Confidence`], [`RiskScore`].

mod scale;
mod severity;

pub use scale::{Confidence, OutOfRange, RiskScore};
pub use severity::Severity;
