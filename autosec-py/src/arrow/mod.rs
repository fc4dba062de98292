//! Columns in, through the Arrow C data interface: nothing is copied and nobody's package is needed.
//!
//! [`import`] takes batches over from their producer and holds the crate's only unsafe code, [`plan`] finds the wanted
//! columns, [`cell`] reads one value of one row.

mod cell;
mod import;
mod plan;

pub(crate) use import::import;
pub(crate) use plan::Plan;
