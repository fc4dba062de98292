//! Compiled code, kept from one start of the host to the next.

mod compiled;
mod folder;

pub use compiled::Cache;
pub use folder::CacheError;
