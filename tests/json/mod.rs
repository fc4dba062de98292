//! JSON into events: shapes, refusals, and the same values as `serde_json` on any document.

mod corpus;
mod property;
mod reference;
mod shape;

use autosec_core::event::{FieldMask, JsonReader, Schema};
use autosec_core::time::Timestamp;

const NOON: Timestamp = Timestamp::from_secs(1_800_000_000);

fn everything() -> JsonReader {
    let schema = Schema::ecs();
    JsonReader::new(&schema, &FieldMask::all(&schema))
}
