//! Event time and wall clock: [`Timestamp`], [`Clock`], waiting by the host's [`Timer`], and durations as people write
//! them.
//!
//! Two times are kept apart, and every signature says which of them it means.
//! *Event time* is what an event says of itself. Windows, the decay of risk, escalation and the guard's intervals run on
//! it alone, so that replaying a log gives the same findings, risks and decisions.
//! *Clock time* comes from the host's [`Clock`]. It says when a block ends and when a failed call is tried again, and it
//! bounds how far in the future an event may claim to be.
//!
//! | what | which time |
//! |---|---|
//! | [`Event::time`](crate::event::Event::time), [`Finding::time`](crate::finding::Finding), [`Decision::time`](crate::decision::Decision) | event time |
//! | [`Entry::until`](crate::enforce::Entry), pauses between tries | clock time |
//! | [`Observer::note`](crate::observe::Observer::note) | event time for detection, clock time for enforcement |
//!
//! Points in time are whole microseconds; spans are [`Duration`](std::time::Duration)s. In configurations and rules spans
//! are written as text ([`human`]), to the millisecond.

mod clock;
pub mod human;
mod stopwatch;
mod timer;
mod timestamp;
mod usual;

pub use clock::{Clock, ManualClock, SystemClock};
pub(crate) use stopwatch::Stopwatch;
pub use timer::{Sleep, Timer, TokioTimer};
pub use timestamp::{Timestamp, TimestampError};
