//! Threat intelligence: known bad values, who says so, and whether an event has one of them.
//!
//! ```text
//! bytes of a feed ─► reader ─► Indicator ─► Update ─► IndicatorIndex ─► Finding ─► risk, decision, guard
//!                    (autosec-integrations::feed)     a Detector,         │
//!                                                     asked by events     └ held back by Warninglists
//! ```
//!
//! | in reading order | what it is for |
//! |---|---|
//! | [`Observable`], [`ObservableKind`] | a value that can be seen and listed, in its one form |
//! | [`IndicatorValue`], [`Indicator`] | what is listed: one value or several together, and all that is said of it |
//! | [`Decay`], [`Sighting`], [`BaseScore`] | how sure it still is: age, what was seen of it, MISP's score |
//! | [`IndicatorIndex`], [`IndexLimits`] | millions of them in bounded memory, as a [`Detector`](crate::finding::Detector) |
//! | [`Update`], [`UpdateReport`], [`Snapshot`] | changes that take effect together, what came of them, and what is in force |
//! | [`ObservedFields`], [`Reading`] | which fields of an event are looked up, and as what |
//! | [`warninglist`] | values that are harmless or too common: what is on a list is reported and blocks nobody |
//! | [`pattern`] | the pattern language of STIX, for what no single value can say; [`LivePatterns`](pattern::LivePatterns) are many of them as a detector |
//!
//! ```
//! use std::net::IpAddr;
//! use std::sync::Arc;
//!
//! use autosec_core::engine::Engine;
//! use autosec_core::event::{Event, field};
//! use autosec_core::intel::{Indicator, IndicatorIndex, IndicatorValue, ObservableKind};
//! use autosec_core::time::Timestamp;
//!
//! let index = Arc::new(IndicatorIndex::default());
//! let engine = Engine::builder().detector(Arc::clone(&index)).build()?;
//!
//! // At any time, from any thread; the engine asks what is in force when an event comes.
//! index.load([Indicator::new("drop", IndicatorValue::new(ObservableKind::Network, "198.51.100.0/24")?)]);
//!
//! let client: IpAddr = "198.51.100.7".parse()?;
//! let verdict = engine.process(Event::new(Timestamp::from_secs(1_700_000_000)).with(field::SOURCE_IP, client));
//! let finding = verdict.findings().next().unwrap();
//! assert_eq!(finding.evidence[0].to_string(), "198.51.100.0/24 is listed by drop as `network:198.51.100.0/24` (confidence 0.50, 0.50 now)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
