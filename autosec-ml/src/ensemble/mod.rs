//! Several kinds of models as one: an isolation forest, clusters, a statistical model and, where a column tells the time, a
//! seasonal one, run together.
//!
//! Each member's score becomes a [surprise](crate::calibrate::Conformal::surprise) in nats by a calibration of its own,
//! so that they can be added; the ensemble's score is their weighted mean, and has a calibration of its own again.
//!
//! # What counts, and why
//! Differences to the forest alone in thousandths, over the 22 sets with anomalies beside the repository, thinned out to
//! 20,000 rows, five seeds (`cargo bench --bench model_quality`, 2026-11-22):
//!
//! | weights | ROC-AUC | average precision |
//! |---|---|---|
//! | **forest alone counts (the default)** | **+1.4** | **+0.6** |
//! | forest 0.8, statistical 0.2 | +2.8 | −9.4 |
//! | forest 0.8, statistical 0.1, clusters 0.1 | +1.7 | −20.5 |
//! | a third each | −7.2 | −53.1 |
//!
//! By themselves the forest has a ROC-AUC of 0.790, the statistical model 0.776 and 8 clusters 0.589. Weights that were
//! best on a random half of the sets lost 2.2 thousandths on the other half (mean of 400 halves, from −11.4 to +2.1), and
//! 21 of average precision. So by default clusters and the statistical model count for nothing in the score: they are heard
//! for [`confidence`](Judgement::confidence), and for who has data on which they help ([`Weights`]).
//!
//! A seasonal member counts a fifth where there is one. No public set tells the time; on made-up requests by hour of the
//! week, with as many at night as are usual by day, ROC-AUC rose from 0.875 to 0.964 at that weight.
//!
//! ```
//! use autosec_ml::anomaly::AnomalyModel;
//! use autosec_ml::ensemble::Ensemble;
//! use autosec_ml::matrix::Matrix;
//!
//! let rows: Vec<f64> = (0..1_200).flat_map(|n| [f64::from(n % 17), f64::from(n % 23)]).collect();
//! let ensemble = Ensemble::builder().seed(1).fit(Matrix::new(&rows, 2)?)?;
//! let odd = ensemble.judge(&[90.0, 3.0]);
//! assert!(odd.is_anomaly(0.05) && odd.confidence < 0.9); // The members do not agree by how much.
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
