//! EVE JSON of Suricata, read straight into an event: no tree is built, and what is not wanted is stepped over.

mod meaning;
mod record;
mod scalar;

pub(super) use record::read;
