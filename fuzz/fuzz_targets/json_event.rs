//! Any bytes give an event or an error that names a byte of them; what `serde_json` takes as an object is an event.
#![no_main]

use std::sync::LazyLock;

use autosec_core::event::{FieldMask, JsonError, JsonReader, Schema, field};
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static READER: LazyLock<JsonReader> = LazyLock::new(|| {
    let schema = Schema::ecs();
    JsonReader::new(&schema, &FieldMask::all(&schema))
});

fuzz_target!(|bytes: &[u8]| {
    let read = READER.read_at(bytes, Timestamp::EPOCH);
    if let Err(error) = &read {
        assert!(error.offset() <= bytes.len(), "{error}");
    }
    let Ok(Value::Object(tree)) = serde_json::from_slice(bytes) else { return };
    match read {
        Ok(event) => {
            // The last of equal keys wins on both sides.
            if let Some(Value::String(theirs)) = tree.get("message") {
                assert_eq!(event.text(field::MESSAGE), Some(theirs.as_str()));
            }
        }
        Err(JsonError::TooDeep { .. } | JsonError::TooLong { .. }) => {}
        Err(error) => panic!("{error}"),
    }
});
