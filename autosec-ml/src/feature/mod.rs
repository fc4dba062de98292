//! What a model's columns are called, and what fills them from events.
//!
//! A [`FeatureSet`] says which [`Column`]s make a row: how often, how many different, how new, how large, when. It is made in
//! a few lines of code, read from a configuration, or taken ready-made ([`FeatureSet::login`], [`FeatureSet::http`],
//! [`FeatureSet::flow`], [`FeatureSet::process`]). A [`FeatureExtractor`] turns each event into a row by it. Its
//! [`FeatureSchema`] names the columns; a model file carries the schema's hash and is refused under another one.
//!
//! ```
//! use std::time::Duration;
//!
//! use autosec_core::event::{Event, Schema, field};
//! use autosec_core::time::Timestamp;
//! use autosec_ml::feature::{Column, FeatureExtractor, FeatureSet};
//!
//! let set = FeatureSet::new("tries", 1, "source.ip").with([
//!     Column::Failures(Duration::from_secs(60)),
//!     Column::Surprise("user.name".into()),
//! ]);
//! let extractor = FeatureExtractor::new(&set, &Schema::ecs())?;
//! let columns: Vec<&str> = extractor.schema().columns().collect();
//! assert_eq!(columns, ["failures.1m", "surprise.user.name"]);
//!
//! let mut row = [0.0; 2];
//! for (second, user) in [(0, "ann"), (1, "ann"), (2, "bob")] {
//!     let event = Event::new(Timestamp::from_secs(1_700_000_000 + second))
//!         .with(field::SOURCE_IP, "203.0.113.7".parse::<std::net::IpAddr>()?)
//!         .with(field::EVENT_OUTCOME, "failure")
//!         .with(field::USER_NAME, user);
//!     extractor.extract(&event, &mut row).unwrap();
//! }
//! assert_eq!(row[0], 3.0, "three failures within a minute");
//! assert!(row[1] > 0.6, "another name than the one before: {}", row[1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds of every row
//! - **Missing is NaN**: what an event does not say, what an entity has no history for, what came too late.
//! - **Event time only.** The same events in the same order make the same rows, to the last bit, on every machine.
//! - **Bounded.** A budget of entities ([`Limits`]), a fixed most for each; who floods pushes out what was of use longest
//!   ago, and [`FeatureExtractor::evicted`] counts it.
//! - **Each row is of the moment it was made**: it holds the event itself and what came before it.
//!
//! History here learns from every event, an attacker's among them. What is to be learnt from clean events only belongs to
//! the baselines in `autosec_core`.

mod burst;
mod column;
mod extractor;
mod familiar;
mod history;
mod level;
mod measure;
mod plan;
mod ready;
mod rhythm;
mod schema;
mod set;
mod shift;

pub use column::Column;
pub use extractor::{FeatureExtractor, Limits, Sighted};
pub use schema::{FeatureSchema, MAX_NAME, SchemaError};
pub use set::{Condition, FeatureSet, FeatureSetError};
