//! Rules tried on a log before they are trusted: what they would have found, what they cost, and what another rule set
//! would have found instead.
//!
//! `run` feeds events to fresh copies of the sets and keeps book; `track` is what is kept of one rule, in bounded memory;
//! `cost` measures rules one by one on a sample of the events; `compare` tells what two sets do differently, event by
//! event; `report` is the result and `display` its form for people.

mod compare;
mod cost;
mod display;
mod report;
mod run;
mod track;

pub use report::{BacktestReport, Cost, Difference, Moved, RuleDifference, RuleReport, Sample};
pub use run::{Backtest, Progress};
