//! Models that learn what is normal, say how unusual something is, and why.
//!
//! ```
//! use autosec_ml::feature::FeatureSchema;
//! use autosec_ml::isolation::IsolationForest;
//! use autosec_ml::matrix::Matrix;
//!
//! // What a login looks like: the hour of day, and how many failed before it.
//! let schema = FeatureSchema::new("login", 1, ["hour", "failures"])?;
//! let usual: Vec<f64> = (0..500).flat_map(|n| [f64::from(8 + n % 10), f64::from(n % 7 / 5)]).collect();
//! let forest = IsolationForest::builder().seed(7).fit(Matrix::new(&usual, 2)?)?;
//!
//! let (noon, night) = ([12.0, 0.0], [3.0, 0.0]);
//! assert!(forest.score(&night) > forest.score(&noon));
//! let why = forest.attribute(&night);
//! assert_eq!(schema.column(why.ranked()[0].0), Some("hour"));
//!
//! let file = forest.to_bytes(&schema)?;
//! assert_eq!(IsolationForest::from_bytes(&file, &schema)?, forest);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The modules, in reading order
//! | module | what it is for |
//! |---|---|
//! | [`isolation`] | the isolation forest: training, scores, attribution |
//! | [`evaluate`] | how good scores are: ROC, precision and recall, with intervals |
//! | [`model`] | the file that a trained model is kept in |
//! | [`feature`] | what a model's columns are called |
//! | [`simulate`] | logins of users and attackers, from a seed |
//! | [`matrix`] | rows of numbers, the input of every model |
//!
//! Imports go one way: `random`, `matrix` < `feature` < `model` < `isolation`; `evaluate` stands by itself.
//! `simulate` needs nothing but `random`.
//!
//! # Principles
//! - **The same everywhere.** A seed makes the same model, bit for bit, on every machine: the generator is our own, and
//!   logarithms and powers are not the platform's.
//! - **Bounded.** Input, memory and files have limits, each with a typed error.
//! - **Scoring cannot fail.** Whatever a row holds, it has a score: missing values, infinities and rows that are too short
//!   included.

#![forbid(unsafe_code)]

pub mod anomaly;
pub mod evaluate;
pub mod feature;
pub mod isolation;
pub mod matrix;
pub mod model;
mod random;
pub mod simulate;
