//! What is unusual for the time of the week.
//!
//! Time matters in three ways, and each has its place:
//!
//! - **What is usual at this hour?** A [`SeasonalModel`], trained on rows with the column
//!   [`HourOfWeek`](crate::feature::Column::HourOfWeek): how rare the hour is, and how far each other column lies from
//!   what it holds at that hour.
//! - **Is it suddenly more, or lastingly other, than this entity was?** The columns
//!   [`Burst`](crate::feature::Column::Burst), [`Level`](crate::feature::Column::Level) and
//!   [`Shift`](crate::feature::Column::Shift), which an extractor keeps for each entity in bounded memory. They need no
//!   training, and every model can use them; [`HourSurprise`](crate::feature::Column::HourSurprise) is their sister for the
//!   hours of one entity. The ready-made set [`FeatureSet::rhythm`](crate::feature::FeatureSet::rhythm)
//!   has most of them.
//! - **Is the model still right?** That is drift, and no business of an event.
//!
//! ```
//! use autosec_ml::anomaly::AnomalyModel;
//! use autosec_ml::matrix::Matrix;
//! use autosec_ml::temporal::SeasonalModel;
//!
//! // Hour of the week, and requests: a hundred in office hours, next to none otherwise.
//! let requests = |hour: u32| if (8..18).contains(&(hour % 24)) && hour < 120 { 100.0 } else { 2.0 };
//! let rows: Vec<f64> = (0..1_680_u32)
//!     .flat_map(|n| [f64::from(n % 168), requests(n % 168) + f64::from(n % 5)])
//!     .collect();
//! let model = SeasonalModel::fit(Matrix::new(&rows, 2)?, 0)?;
//! let (monday_noon, sunday_night) = (12.0, 147.0);
//! assert!(model.score(&[sunday_night, 102.0]) > 4.0 * model.score(&[monday_noon, 102.0]));
//! assert!(model.score(&[sunday_night, 3.0]) < 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fit;
mod model;
mod record;
mod week;

pub use model::SeasonalModel;
