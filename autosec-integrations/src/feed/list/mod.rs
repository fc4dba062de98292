//! Lists of bad values, of any shape: plain text, CSV, JSON, NDJSON or prose.
//!
//! A feed is a few lines of [`ListSettings`]: where its values stand, of what kind they are, and what else is said of them.
//! [`preset`] has those of the well-known ones.
//!
//! | type | what it is for |
//! |---|---|
//! | [`ListReader`] | reads a list, and hands on indicators as they come |
//! | [`ListSettings`] | its shape ([`ListFormat`]), where what stands ([`Place`]), of what kind ([`ListKind`]), what is left out |
//! | [`ListLimits`] | how much it may ask for |
//! | [`ListReport`], [`Reject`] | what became of its records |
//! | [`ListError`] | why the whole of it is no list: a web page, an error message, a quote that is not closed |
//!
//! A commercial feed is one more description:
//!
//! ```
//! use autosec_core::time::Timestamp;
//! use autosec_integrations::feed::list::{ListReader, ListSettings};
//!
//! let settings: ListSettings = serde_json::from_str(r#"{
//!     "name": "acme-c2",
//!     "format": { "type": "csv", "header": true },
//!     "value": "Indicator",
//!     "kind": { "by": "Type", "kinds": { "IP": "network", "FQDN": "hostname" } },
//!     "confidence": { "from": "Score", "out_of": 100 },
//!     "tags": ["c2"],
//!     "valid_for": "7d"
//! }"#)?;
//! let csv = "Indicator,Type,Score\n198.51.100.7,IP,90\nevil.example,FQDN,70\nnonsense,IP,99\n";
//! let mut found = Vec::new();
//! let fetched = Timestamp::parse("2026-11-22T12:00:00Z")?;
//! let report = ListReader::new(settings).read(csv.as_bytes(), fetched, &mut |indicator| found.push(indicator))?;
//! assert_eq!((report.indicators, report.rejected), (2, 1));
//! assert_eq!(found[0].confidence.to_string(), "0.90");
//! assert_eq!(report.rejects[0].to_string(), "record 4: `nonsense` is no network: it is neither an address nor a prefix");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod input;
mod kind;
mod place;
mod preset;
mod read;
mod record;
mod report;
mod settings;
mod time;
mod translate;

pub use kind::ListKind;
pub use place::Place;
pub use preset::{preset, presets};
pub use read::ListReader;
pub use report::{ListError, ListReport, Reject};
pub use settings::{Condition, Graded, KindSource, ListFormat, ListLimits, ListSettings, Places, Staged};
