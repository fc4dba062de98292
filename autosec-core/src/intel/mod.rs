//! Threat intelligence: known bad values, who says so, and whether an event has one of them.
//!
//! Two detectors ask: an [`IndicatorIndex`] for values, and [`pattern::LivePatterns`] for STIX patterns that no index can
//! answer, because several events have to stand to each other in time or a path leads from object to object.

mod base_score;
mod decay;
mod detect;
mod index;
mod indicator;
mod observable;
pub mod pattern;
mod sighting;
mod table;
mod value;
pub mod warninglist;

pub use base_score::BaseScore;
pub use decay::Decay;
pub use detect::{ObservedFields, Reading};
pub use index::{IndexLimits, IndicatorIndex, Refusal, Snapshot, Update, UpdateReport};
pub use indicator::{Indicator, Tlp};
pub use observable::{Observable, ObservableKind, ValueError};
pub use sighting::{Sighting, SightingKind};
pub use value::{CompositeError, IndicatorValue};
