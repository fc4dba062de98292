//! JSON in: bytes to an [`Event`](super::Event), only the wanted fields, borrowed where they can be.
//!
//! The scanner is our own because this is the hot path: see the figures at [`JsonReader`].
//!
//! How the parts work together: `path` turns the wanted fields into a tree of names once; `scan` knows the grammar of JSON
//! and where each piece ends; `fill` walks both at the same time, steps over what the tree does not know, and hands
//! strings to `text` and times to `time`. Nothing is allocated but for strings with escapes or broken UTF-8, lists, and
//! events of more than sixteen fields.

mod error;
mod fill;
mod path;
mod reader;
mod scan;
mod text;
mod time;

pub use error::JsonError;
pub use reader::{JsonLimits, JsonReader, JsonReaderBuilder, JsonScratch};
pub use time::time_of;
