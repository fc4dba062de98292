//! Rules.

pub mod model;
