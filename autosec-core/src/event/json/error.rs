/// Why some bytes are no event. Each names the byte, counted from 0, where reading ended.
///
/// An error never quotes more of the input than 64 characters of a time, so it may be logged as it is.
///
/// ```
/// use autosec_core::event::{FieldMask, JsonError, JsonReader, Schema};
///
/// let reader = JsonReader::new(&Schema::ecs(), &FieldMask::default());
/// let error = reader.read(br#"{"@timestamp":"2026-11-22T14:02:11Z","a":01}"#).unwrap_err();
/// assert_eq!(error, JsonError::Malformed { offset: 42, expected: "`,` or `}`" });
/// assert_eq!((error.code(), error.offset()), ("json-malformed", 42));
/// assert_eq!(error.to_string(), "expected `,` or `}` at byte 42");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The bytes do not follow the JSON grammar.
    #[error("expected {expected} at byte {offset}")]
    Malformed {
        /// The byte that does not fit.
        offset: usize,
        /// What would fit there.
        expected: &'static str,
    },
    /// The bytes are something other than an object.
    #[error("expected a JSON object at byte {offset}: an event is one object")]
    NotAnObject {
        /// The first byte behind leading white space.
        offset: usize,
    },
    /// The time is missing.
    #[error("no time at `{path}` in the object ending at byte {offset}: read it with a fallback time")]
    TimeMissing {
        /// Where the object ends.
        offset: usize,
        /// The path where the time was looked for.
        path: Box<str>,
    },
    /// The time is there and no time.
    #[error("`{text}` before byte {offset} is no time: use RFC 3339 text or seconds since 1970")]
    TimeUnreadable {
        /// Where the value ends.
        offset: usize,
        /// The value, at most 64 characters of it.
        text: Box<str>,
    },
    /// More levels of objects and arrays than the limit.
    #[error("more than {limit} nested objects and arrays at byte {offset}")]
    TooDeep {
        /// Where the first level too many opens.
        offset: usize,
        /// The most levels allowed.
        limit: usize,
    },
    /// More bytes than the limit.
    #[error("event of {length} bytes goes on after byte {offset}, where the limit is")]
    TooLong {
        /// The limit: nothing was read.
        offset: usize,
        /// How many bytes were given.
        length: usize,
    },
    /// Something stands behind the object.
    #[error("expected the end of input at byte {offset}: give one event at a time")]
    Trailing {
        /// The first byte behind the object that is no white space.
        offset: usize,
    },
    /// The bytes end before the object does.
    #[error("input ends at byte {offset}, inside the object")]
    Truncated {
        /// How many bytes there are.
        offset: usize,
    },
}

impl JsonError {
    /// A stable name of the kind of error, for counters and logs.
    pub fn code(&self) -> &'static str {
        match self {
            JsonError::Malformed { .. } => "json-malformed",
            JsonError::NotAnObject { .. } => "json-not-an-object",
            JsonError::TimeMissing { .. } => "json-time-missing",
            JsonError::TimeUnreadable { .. } => "json-time-unreadable",
            JsonError::TooDeep { .. } => "json-too-deep",
            JsonError::TooLong { .. } => "json-too-long",
            JsonError::Trailing { .. } => "json-trailing",
            JsonError::Truncated { .. } => "json-truncated",
        }
    }

    /// The byte, counted from 0, where reading ended.
    pub fn offset(&self) -> usize {
        match *self {
            JsonError::Malformed { offset, .. }
            | JsonError::NotAnObject { offset }
            | JsonError::TimeMissing { offset, .. }
            | JsonError::TimeUnreadable { offset, .. }
            | JsonError::TooDeep { offset, .. }
            | JsonError::TooLong { offset, .. }
            | JsonError::Trailing { offset }
            | JsonError::Truncated { offset } => offset,
        }
    }
}
