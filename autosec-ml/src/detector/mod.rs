//! Models that look at events: every [`AnomalyModel`](crate::anomaly::AnomalyModel) becomes a
//! [`Detector`](autosec_core::finding::Detector).
//!
//! A [`ModelDetector`] turns each event into a row by a [`FeatureExtractor`](crate::feature::FeatureExtractor), scores it, and
//! finds something where the score is too high: by a chance, if there is a [`Calibration`], else by the score itself. What
//! it finds names the columns that made it so, and they add up exactly.
//!
//! ```
//! use std::time::Duration;
//!
//! use autosec_core::engine::Engine;
//! use autosec_core::event::{Event, Schema, field};
//! use autosec_core::time::Timestamp;
//! use autosec_ml::detector::{ModelDetector, Threshold, Trained};
//! use autosec_ml::feature::{Column, FeatureExtractor, FeatureSet};
//! use autosec_ml::isolation::IsolationForest;
//!
//! let set = FeatureSet::new("downloads", 1, "user.name")
//!     .with([Column::Count(Duration::from_secs(3_600)), Column::Log("http.response.bytes".into())]);
//! let extractor = FeatureExtractor::new(&set, &Schema::ecs())?;
//! let detector = ModelDetector::builder("downloads", "Unusual downloads", extractor)
//!     .threshold(Threshold::Score(0.57))
//!     .collect(1_000, 7)
//!     .build()?;
//! let detector = std::sync::Arc::new(detector);
//! let engine = Engine::builder().detector(std::sync::Arc::clone(&detector)).build()?;
//! let download = |minute: i64, bytes: i64| {
//!     Event::new(Timestamp::from_secs(1_700_000_000 + 60 * minute))
//!         .with(field::USER_NAME, "ann")
//!         .with(field::HTTP_RESPONSE_BYTES, bytes)
//! };
//! // Without a model it only looks, and keeps some of what it sees.
//! for minute in 0..500 {
//!     assert!(engine.process(download(minute, 1_000 + 37 * (minute % 50))).is_quiet());
//! }
//! let seen = detector.collected().expect("it was asked to");
//! let forest = IsolationForest::builder().fit(seen.rows()?)?;
//! detector.replace(Trained::new(forest))?;
//!
//! assert!(engine.process(download(500, 2_000)).is_quiet());
//! let verdict = engine.process(download(501, 40_000_000_000));
//! assert!(verdict.explain().to_string().contains("log.http.response.bytes"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod model;
mod reason;
mod reservoir;
mod trained;

pub use builder::{DetectorError, ModelDetectorBuilder, Threshold};
pub use model::ModelDetector;
pub use reservoir::Reservoir;
pub use trained::{Calibration, Trained};
