//! Longest-prefix match: which of a million prefixes an address belongs to, and what that one says.
//!
//! `flatten` turns nested prefixes into boundaries, `v4` and `v6` make them quick to search, `table` is what the rest of
//! the crate sees and `map` carries values of any type.

mod flatten;
mod map;
mod table;
mod v4;
mod v6;

pub use map::PrefixMap;
pub use table::{PrefixTable, TooManyPrefixes};
