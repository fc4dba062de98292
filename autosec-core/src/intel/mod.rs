//! Threat intelligence.

pub mod pattern;
