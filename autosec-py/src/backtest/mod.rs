//! Rules tried on a log.

mod input;
mod progress;
mod run;

pub(crate) use progress::Teller;
pub(crate) use run::{Trial, backtest};
