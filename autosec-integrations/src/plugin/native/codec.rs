//! Arguments and answers as bytes, in the encoding that a plugin speaks.

use autosec_plugin_runner::abi::{Encoding, code};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of a value.
pub(super) fn encode(encoding: Encoding, value: &impl Serialize) -> Result<Vec<u8>, i32> {
    match encoding {
        Encoding::Postcard => postcard::to_allocvec(value).map_err(|_| code::ARGUMENTS),
        Encoding::Json => serde_json::to_vec(value).map_err(|_| code::ARGUMENTS),
    }
}

/// The value of these bytes, all of them.
pub(super) fn decode<T: DeserializeOwned>(encoding: Encoding, bytes: &[u8]) -> Result<T, i32> {
    match encoding {
        Encoding::Postcard => match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            _ => Err(code::ARGUMENTS),
        },
        Encoding::Json => serde_json::from_slice(bytes).map_err(|_| code::ARGUMENTS),
    }
}
