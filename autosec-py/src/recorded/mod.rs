//! Events that are recorded: a path, bytes, or events themselves, read while the host is told and may stop it.

mod input;
mod walk;

pub(crate) use input::{Given, Log, given};
pub(crate) use walk::{Wanted, read_one, walk};
