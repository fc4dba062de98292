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
//! | [`online`] | the isolation forest for streams: learns and forgets |
//! | [`cluster`] | k-means: groups of rows, and how far a row is from them |
//! | [`statistic`] | how far values lie from what is usual |
//! | [`temporal`] | what is unusual for the time of the week |
//! | [`anomaly`] | what every model can do |
//! | [`calibrate`] | from scores to p-values and probabilities |
//! | [`ensemble`] | several kinds of models as one |
//! | [`evaluate`] | how good scores are: ROC, precision and recall, with intervals; reports |
//! | [`detector`] | models that look at events, and keep rows to train on |
//! | [`drift`] | whether rows still are like those a model was trained on |
//! | [`champion`] | a new model tried beside the one in force |
//! | [`model`] | the file that a trained model is kept in |
//! | [`feature`] | what a model's columns are called, and what fills them from events |
//! | [`simulate`] | logins of users and attackers, from a seed |
//! | [`matrix`] | rows of numbers, the input of every model |
//!
//! Imports go one way: `random`, `matrix` < `feature` < `model` < `isolation` < `anomaly` < `online`, `cluster`,
//! `statistic` < `temporal` < `calibrate` < `ensemble` < `detector`, `drift`, `champion`; `evaluate` stands by itself, and
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
pub mod calibrate;
pub mod champion;
pub mod cluster;
pub mod detector;
pub mod drift;
pub mod ensemble;
pub mod evaluate;
pub mod feature;
pub mod isolation;
pub mod matrix;
pub mod model;
pub mod online;
mod order;
mod random;
pub mod simulate;
pub mod statistic;
pub mod temporal;
