//! Values that the host gives a name.

mod named;
mod values;

pub use named::ListError;
pub(crate) use named::NamedList;
pub use values::List;
