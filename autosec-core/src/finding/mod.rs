//! What detection says: [`Finding`] with its [`Evidence`], from a [`Detector`], asking for a [`Response`]; and the
//! [`Fault`] of a part that could not do its work.
//!
//! This is the vocabulary between what detects and what decides, and the only thing the two share. A new kind of
//! detection is a new [`Detector`]; nothing above it changes.
//!
//! A finding is a statement about *one subject in one event*, and says three things apart: how bad it would be
//! ([`severity`](Finding::severity)), how sure it is ([`confidence`](Finding::confidence)), and, if the analytic's author
//! wants a certain consequence whatever the risk, which ([`response`](Finding::response)). A finding is not an
//! incident: an attack that goes on gives one after another, and the [scorer](crate::score) makes them one risk.
//!
//! A part that cannot do its work adds a [`Fault`] and no finding. Faults travel beside the findings up to the verdict:
//! an operator sees what was *not* looked at, and no fault turns an answer into an error.

mod detector;
mod evidence;
mod facts;
mod fault;
mod record;
mod response;

pub use detector::{Detector, Findings};
pub use evidence::Evidence;
pub use facts::Facts;
pub(crate) use facts::Quotes;
pub use fault::{Fault, FaultKind};
pub use record::{Analytic, AnalyticKind, Finding};
pub use response::{Action, Response};
