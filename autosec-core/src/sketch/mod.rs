//! Mergeable, bounded structures: what windows and guards count with.

mod cardinality;
mod count;
mod distinct;
mod shape;

pub use cardinality::Cardinality;
pub use count::CountWindow;
pub use distinct::DistinctWindow;
pub use shape::{ShapeError, WindowShape};
