//! What detection says: [`Finding`] with its [`Evidence`], from a [`Detector`], asking for a [`Response`]; and the
//! [`Fault`] of a part that could not do its work.

mod detector;
mod evidence;
mod fault;
mod record;
mod response;

pub use detector::{Detector, Findings};
pub use evidence::Evidence;
pub use fault::{Fault, FaultKind};
pub use record::{Analytic, AnalyticKind, Finding};
pub use response::{Action, Response};
