//! Many patterns as one detector: which of them an event concerns, what they hold together, what a match says.
//!
//! `patterns` holds them and replaces them, `gate` and `need` say which an event can concern, from the fields that `source`
//! names, `entry` feeds one, `budget` bounds what all hold, `detector` and `finding` make findings, which the lists that `listed` finds
//! hold back.

mod budget;
mod detector;
mod entry;
mod finding;
mod gate;
mod indicator;
mod limits;
mod listed;
mod need;
mod patterns;
mod report;
mod source;

pub use indicator::PatternIndicator;
pub use limits::PatternLimits;
pub use patterns::LivePatterns;
pub use report::LiveReport;
