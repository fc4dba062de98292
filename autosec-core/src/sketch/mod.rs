//! Bounded structures that windows, memories and guards count with.

mod bounded;
mod cardinality;
mod count;
mod distinct;
mod shape;

pub use bounded::BoundedMap;
pub use cardinality::Cardinality;
pub use count::CountWindow;
pub use distinct::DistinctWindow;
pub use shape::{ShapeError, WindowShape};
