//! What hosts hand in, as events: dicts by [`DictReader`], bytes and texts of JSON by the reader of core.
//!
//! A dict is read in two steps, because an event borrows its texts: first the wanted values are [gathered](gather), each
//! with a reference that keeps it alive whatever Python code does meanwhile, then they are made the event's
//! [values](value).

mod dict;
mod error;
mod gather;
mod moment;
mod source;
mod tree;
mod value;

pub(crate) use dict::DictReader;
pub(crate) use error::ReadError;
pub(crate) use moment::fallback;
pub(crate) use source::{as_dict, json_bytes, mapping};
pub(crate) use tree::{Node, Target, Tree};
pub(crate) use value::decimal;
