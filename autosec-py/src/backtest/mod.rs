//! Rules tried on a log.

mod input;
mod progress;
mod run;
mod walk;

pub(crate) use progress::Teller;
pub(crate) use run::{Trial, backtest};
pub(crate) use walk::{Wanted, walk};
