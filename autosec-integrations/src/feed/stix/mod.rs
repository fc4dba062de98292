//! STIX 2.1 and 2.0: bundles, TAXII envelopes and plain lists of objects, of any length, in bounded memory.
//!
//! [`BundleReader`] takes the input object by object and hands what it finds to a [`StixSink`]:
//!
//! | object | becomes |
//! |---|---|
//! | `indicator` whose pattern is plain | an [`Indicator`](autosec_core::intel::Indicator) for an index |
//! | `indicator` with another STIX pattern | a [`PatternIndicator`] with its matcher |
//! | `indicator` of another `pattern_type` | nothing; counted by type |
//! | `sighting` of an indicator | a [`Sighting`](autosec_core::intel::Sighting) |
//! | `relationship` `indicates` | tags (`malware:emotet`) and ATT&CK techniques of its indicator |
//! | `marking-definition`, `object_marking_refs` | the indicator's [`Tlp`](autosec_core::intel::Tlp): version 1, and 2.0 by extension |
//! | `observed-data` and the like | nothing; counted |
//!
//! Of several versions of an object the one with the newest `modified` counts. Since relationships may stand behind what they
//! are about, indicators are held back until the end, or until there are more than
//! [`StixLimits::held`]; then they are handed on with what is known.
//! What cannot be read is a [`Reject`] with its place; a truncated or malformed input is an error with its place, after
//! everything before it was handed on.

mod assemble;
mod error;
mod limits;
mod marking;
mod object;
mod read;
mod report;
mod scan;
mod translate;

pub use autosec_core::intel::pattern::PatternIndicator;
pub use error::{BundleError, BundleFault};
pub use limits::StixLimits;
pub use read::{BundlePages, BundleReader, StixSink};
pub use report::{Reject, Report};
