//! Mergeable, bounded structures: what windows and guards count with.

mod cardinality;

pub use cardinality::Cardinality;
