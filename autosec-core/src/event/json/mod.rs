//! JSON in: bytes to an [`Event`](super::Event), only the wanted fields, borrowed where they can be.
//!
//! The scanner is our own because this is the hot path: see the figures at [`JsonReader`].

mod error;
mod fill;
mod path;
mod reader;
mod scan;
mod text;
mod time;

pub use error::JsonError;
pub use reader::{JsonLimits, JsonReader, JsonReaderBuilder};
