//! How far each value of a row lies from what its column usually holds.
//!
//! A [`StatisticalModel`] holds two numbers a column: its median, and the median distance from it. A row's score is the sum
//! over columns of ln(1 + z²), where z is the robust z-value: the surprise of a Cauchy distribution. So one absurd
//! value does not drown the others, and a far one still counts for more than a near one.
//!
//! # Why this one
//! Mean ROC-AUC and average precision of rankings of this kind over the 22 sets with anomalies beside the repository,
//! trained and scored on all rows (2026-11-22):
//!
//! | sum over columns of | ROC-AUC | average precision |
//! |---|---|---|
//! | **ln(1 + z²)** | **0.776** | **0.380** |
//! | \|z\| | 0.774 | 0.344 |
//! | z² | 0.768 | 0.334 |
//! | the largest \|z\| alone | 0.757 | 0.329 |
//! | surprise of a histogram of 10 bins (HBOS) | 0.756 | 0.354 |
//! | surprise of a smoothed histogram of 20 bins with open ends | 0.761 | 0.358 |
//! | surprise of the tail of the empirical distribution (ECOD) | 0.752 | 0.338 |
//! | ln(1 + z²) and the smoothed histogram | 0.776 | 0.379 |
//!
//! ECOD and histograms keep, in effect, sorted training values, take 20 times the memory and more, and rank worse.
//!
//! It looks at each column by itself: a row whose values are usual one by one and unusual together is for the
//! [isolation forest](crate::isolation). It is exact, needs no seed, and scores a row in 10 to 20 ns a column
//! (2026-11-22, 2-core x86-64 VM, busy).

mod fit;
mod model;
mod record;
mod spread;

pub use fit::{FitError, Progress};
pub use model::StatisticalModel;
pub(crate) use record::check_columns;
pub(crate) use spread::{Spread, add_up, on_grid};
