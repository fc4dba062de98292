//! Several kinds of models as one: an isolation forest, clusters, a statistical model and, where a column tells the time, a
//! seasonal one, run together.
//!
//! Each member's score becomes a [surprise](crate::calibrate::Conformal::surprise) in nats by a calibration of its own,
//! so that they can be added; the ensemble's score is their weighted mean, and has a calibration of its own again.
//!
//! ```
//! use autosec_ml::anomaly::AnomalyModel;
//! use autosec_ml::ensemble::Ensemble;
//! use autosec_ml::matrix::Matrix;
//!
//! let rows: Vec<f64> = (0..1_200).flat_map(|n| [f64::from(n % 17), f64::from(n % 23)]).collect();
//! let ensemble = Ensemble::builder().seed(1).fit(Matrix::new(&rows, 2)?)?;
//! let odd = ensemble.judge(&[90.0, 3.0]);
//! assert!(odd.is_anomaly(0.01) && odd.confidence > 0.5);
//! let columns = ensemble.contributions(&[90.0, 3.0]);
//! assert_eq!(columns.iter().sum::<f64>(), odd.score);
//! assert!(columns[0] > columns[1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod divide;
mod member;
mod model;
mod record;

pub use builder::{EnsembleBuilder, EnsembleError, Progress, Weights};
pub use member::Member;
pub use model::{Ensemble, Judgement, Opinion, Share};
