//! Bounded structures that windows, memories and guards count with.

mod bounded;
mod cardinality;

pub use bounded::BoundedMap;
pub use cardinality::Cardinality;
