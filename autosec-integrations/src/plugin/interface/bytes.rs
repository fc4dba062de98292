//! Bytes in formats that people read: a text where they are one, else a list of numbers. Either is read.
//!
//! Native plugins that are not written in Rust speak JSON, and most bodies are texts.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match str::from_utf8(bytes) {
        Ok(text) if serializer.is_human_readable() => serializer.serialize_str(text),
        _ => bytes.serialize(serializer),
    }
}

pub(crate) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Either)
    } else {
        Vec::deserialize(deserializer)
    }
}

/// Bytes that stand by themselves.
#[derive(Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Bytes(#[serde(with = "self")] pub(crate) Vec<u8>);

struct Either;

impl<'d> Visitor<'d> for Either {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of bytes")
    }

    fn visit_str<E>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_vec())
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut list: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = list.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts_and_other_bytes_are_numbers() {
        for (bytes, written) in [(&b"{\"a\"}"[..], r#""{\"a\"}""#), (&[0xff, 1], "[255,1]"), (b"", r#""""#)] {
            let json = serde_json::to_string(&Bytes(bytes.to_vec())).unwrap_or_default();
            assert_eq!(json, written);
            let read: Bytes = serde_json::from_str(&json).unwrap_or(Bytes(vec![9]));
            assert_eq!(read.0, bytes);
            let short = postcard::to_allocvec(&Bytes(bytes.to_vec())).ok();
            assert_eq!(short, postcard::to_allocvec(bytes).ok(), "the short form is a plain list");
        }
        assert!(
            serde_json::from_str::<Bytes>("[256]").is_err() && serde_json::from_str::<Bytes>("{}").is_err()
        );
    }
}
