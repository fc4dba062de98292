//! MISP: events as files or answers of its interface, and feeds of them.
//!
//! [`MispReader`] reads events in whatever they are wrapped, and hands every attribute that is meant for detection
//! (`to_ids`) on as an [`Indicator`](autosec_core::intel::Indicator). A feed is a [`Manifest`] and one file for each
//! event; [`FeedState`] tells which of them are new:
//!
//! ```
//! use autosec_integrations::feed::misp::{FeedState, Manifest};
//!
//! let manifest = r#"{"54d3a6f6-61c8-4c50-a6a8-4bd6950d210b": {"timestamp": "1461067952", "info": "OSINT"}}"#;
//! let manifest = Manifest::read(manifest.as_bytes())?;
//! let mut state = FeedState::default();
//! for (uuid, entry) in state.due(&manifest) {
//!     println!("fetch {uuid}.json: {}", entry.info);
//! }
//! // Once an event's indicators are in force:
//! state.taken("54d3a6f6-61c8-4c50-a6a8-4bd6950d210b", &manifest);
//! assert_eq!(state.due(&manifest).count(), 0);
//! # Ok::<(), autosec_integrations::feed::misp::MispError>(())
//! ```
//!
//! Feeds of MISP in CSV or prose are read by [lists](super::list), and warninglists by
//! [core](autosec_core::intel::warninglist).

mod document;
mod error;
mod event;
mod feed;
mod hashes;
mod input;
mod kind;
mod lenient;
mod read;
mod report;
mod settings;
mod tag;

pub use error::MispError;
pub use feed::{FeedState, Manifest, ManifestEntry};
pub use hashes::FeedHashes;
pub use read::{MispReader, MispSink};
pub use report::{EventReport, Reject};
pub use settings::{MispLimits, MispSettings};
