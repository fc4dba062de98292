//! Longest-prefix match: which of a million prefixes an address belongs to, and what that one says.

mod build;
mod forest;
mod line;
mod map;
mod table;
mod v4;
mod v6;
mod values;

pub use map::PrefixMap;
pub use table::{PrefixTable, TooManyPrefixes};
