//! The STIX patterning language, 2.1 and 2.0: what one observation must show, and how several must stand to each other.
//!
//! ```text
//! [process:name = 'a.exe'] FOLLOWEDBY [network-traffic:dst_ref.value ISSUBSET '198.51.100.0/24'] WITHIN 300 SECONDS
//! ```
//!
//! [`Pattern::parse`] reads a pattern or says what is wrong with it, [`Matcher::new`] makes it run, [`Matcher::find`] asks
//! it about [observations](Observation), and a [`PatternStream`] is fed them one by one, in bounded memory.
//! [`LivePatterns`] do so for many indicators and every event of an engine.
//! A plain pattern, one observation with values that are equal to some, needs none of this: [`Pattern::plain`]
//! takes it apart for an index.
//!
//! # Meaning
//! A match is a *binding*: each bracket, written out as often as `REPEATS` says, gets an observation of its own; an
//! observation that was seen `n` times serves `n` brackets. Every part of the language has the meaning that the
//! standard's reference matcher gives it:
//!
//! | part | meaning |
//! |---|---|
//! | `[a AND b]`, `[a OR b]` | one object of the observation passes both, or one of them |
//! | a path that is missing | passes nothing, not even under `NOT` or `!=`; a JSON `null` does pass these |
//! | kinds that differ | `=` and `IN` are false and `!=` is true; orders are false, also under `NOT` |
//! | `=`, `IN` | texts as they are; `LIKE` and `MATCHES` compose both sides first (NFC) |
//! | `…_hex`, `…_bin` | bytes; a text compares with bytes if each of its characters is one |
//! | `…_ref`, `…_refs` | the objects of the same observation that are referred to; unknown ones are left out |
//! | `A FOLLOWEDBY B` | all of A began no later than any of B ended |
//! | `WITHIN d` | all meet the `d` seconds after the earliest end |
//! | `START s STOP e` | all overlap from `s` to before `e` |
//!
//! Beyond the reference: `ISSUBSET` and `ISSUPERSET` know IPv6, `EXISTS path` is true if the path selects anything, and
//! regular expressions are searched in linear time, so look-around and back-references are refused
//! ([`PATTERN_CODES`]).
//!
//! # Cost
//! Whether a binding exists is a matter of assignment, not of trying them all: see the module `solve`. Where `OR` and
//! `REPEATS` make it hard in earnest, [`MatchLimits`] end the search, and the answer is a fault that says so: never a yes.

mod ast;
mod check;
mod compile;
mod error;
mod event;
mod fault;
mod instant;
mod lexer;
mod limits;
mod live;
mod matcher;
mod network;
mod observation;
mod parse;
mod path;
mod plain;
mod program;
mod record;
mod solve;
mod stream;
mod test;
mod text;
mod token;

pub use error::{PATTERN_CODES, PatternError};
pub use fault::MatchFault;
pub use limits::MatchLimits;
pub use live::{LivePatterns, LiveReport, PatternIndicator, PatternLimits};
pub use matcher::{Binding, Matcher};
pub use observation::{Observation, ObservationError};
pub use record::{Pattern, Version};
pub use stream::{PatternStream, StreamLimits};
