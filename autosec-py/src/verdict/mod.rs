//! What comes back: verdicts by themselves and in batches.

mod batch;
mod record;
mod single;

pub(crate) use batch::{Unread, Verdicts};
pub(crate) use single::Verdict;
