//! What a host hands in: an [`Event`] with ECS fields and borrowed values, the [`Schema`] that names the fields,
//! the [`FieldMask`] that says which of them anybody reads.

pub mod field;

mod json;
mod mask;
mod record;
mod schema;
mod value;

pub use json::{JsonError, JsonLimits, JsonReader, JsonReaderBuilder};
pub use mask::FieldMask;
pub use record::Event;
pub use schema::{FieldId, Kind, Schema, SchemaError};
pub use value::Value;
