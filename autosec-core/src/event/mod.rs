//! What a host hands in: an [`Event`] with ECS fields and borrowed values, the [`Schema`] that names the fields,
//! the [`FieldMask`] that says which of them anybody reads.
//!
//! A host makes events itself ([`Event::with`]), reads them from JSON ([`JsonReader`]), or takes them from the log readers
//! of the integrations crate. Whichever it is, three rules hold:
//!
//! - **Names are fixed before the first event.** A field is a number in a [`Schema`]; rules, readers and events share the
//!   schema, so looking a field up costs no comparison of texts. The built-in fields ([`field`]) have the same numbers in
//!   every schema.
//! - **Only what somebody reads is filled.** Detectors say which fields they read; their union is a [`FieldMask`], which
//!   readers take ([`Engine::fields`](crate::engine::Engine::fields)).
//! - **Values borrow.** An event lives as long as the line it was read from and no longer; a detector copies what it
//!   wants to keep.

pub mod field;

mod json;
mod mask;
mod record;
mod schema;
mod value;

pub use json::{JsonError, JsonLimits, JsonReader, JsonReaderBuilder, JsonScratch, time_of};
pub use mask::FieldMask;
pub use record::Event;
pub use schema::{FieldId, Kind, Schema, SchemaError};
pub use value::Value;
