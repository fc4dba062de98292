//! Bytes of strangers as one JSON document, bounded.

use std::io::Read;

use serde::de::DeserializeOwned;

use super::MispError;

/// A whole input of at most so many bytes, without a byte order mark.
pub(super) fn whole(input: impl Read, limit: u64) -> Result<Vec<u8>, MispError> {
    let mut bytes = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(MispError::Large(limit));
    }
    match bytes.as_slice() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [b'{' | b'[', 0, ..] => return Err(MispError::Utf16),
        [0xef, 0xbb, 0xbf, ..] => bytes.drain(..3).for_each(drop),
        _ => {}
    }
    match bytes.trim_ascii_start().first() {
        Some(b'<') => Err(MispError::WebPage),
        _ => Ok(bytes),
    }
}

/// The document in bytes, if it has at most so many parts. A part takes a brace, so there are never more than braces;
/// memory is thereby bounded before anything is read.
pub(super) fn parsed<T: DeserializeOwned>(bytes: &[u8], parts: u64) -> Result<T, MispError> {
    let found = memchr::memchr_iter(b'{', bytes).count() as u64;
    if found > parts {
        return Err(MispError::TooMany { found, limit: parts });
    }
    serde_json::from_slice(bytes).map_err(|error| MispError::Json(error.to_string()))
}
