use autosec_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Up to where a collection was read; to be written down after what was read is kept, and given to the next run.
///
/// ```
/// use autosec_integrations::feed::taxii::Cursor;
///
/// let kept = r#"{"added_after":"2026-11-22T12:00:00Z"}"#;
/// let cursor: Cursor = serde_json::from_str(kept)?;
/// assert_eq!(serde_json::to_string(&cursor)?, kept);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cursor {
    /// Objects that were added after this time are to be read; all of them, if none.
    #[serde(with = "rfc3339")]
    pub added_after: Option<Timestamp>,
}

impl Cursor {
    /// Everything was read that was added until then.
    pub(super) fn after(last: Timestamp) -> Self {
        Self { added_after: Some(last) }
    }

    /// Something was read that was added then. There may be more that was added at the same moment, as objects of one
    /// submission are: they are asked for once more.
    pub(super) fn within(last: Timestamp) -> Self {
        Self { added_after: Some(Timestamp::from_micros(last.as_micros() - 1)) }
    }
}

mod rfc3339 {
    use autosec_core::time::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.collect_str(time),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Timestamp::parse(&text).map_err(de::Error::custom)).transpose()
    }
}
