use autosec_core::event::JsonError;
use pyo3::prelude::*;

use crate::error;
use crate::verdict::Unread;

/// Why something handed in is no event.
#[derive(Debug)]
pub(crate) struct ReadError {
    /// Whether it is beyond a limit.
    limit: bool,
    message: String,
    code: &'static str,
    /// The names on the way to the value, the innermost first; or the place as it is.
    path: Vec<String>,
}

/// The most characters of a name, and the most names of a path, that an error quotes.
const QUOTED: usize = 64;

impl ReadError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { limit: false, message: message.into(), code, path: Vec::new() }
    }

    pub(crate) fn limit(code: &'static str, message: impl Into<String>) -> Self {
        Self { limit: true, ..Self::new(code, message) }
    }

    /// An event without a time.
    pub(crate) fn time_missing() -> Self {
        let message = "the event has no time: put one at `@timestamp`, or say `at=`";
        Self::new("event-time-missing", message).within("@timestamp")
    }

    /// An event whose time is none.
    pub(crate) fn time_unreadable(text: &str) -> Self {
        let text: String = text.chars().take(QUOTED).collect();
        let message = format!(
            "`{text}` is no time: use RFC 3339, a datetime that knows its zone, or seconds since 1970"
        );
        Self::new("event-time-unreadable", message).within("@timestamp")
    }

    /// Bytes that are no UTF-8 from this one on.
    pub(crate) fn text(offset: usize) -> Self {
        let path = vec![format!("byte {offset}")];
        Self { path, ..Self::new("json-text", format!("no UTF-8 from byte {offset} on")) }
    }

    /// The same, found on this line of a log, counted from 1.
    pub(crate) fn on_line(mut self, number: usize) -> Self {
        self.message = format!("line {number}: {}", self.message);
        self.path = self.path.iter().map(|place| format!("line {number}, {place}")).collect();
        self
    }

    /// The same, found under this name.
    pub(crate) fn within(mut self, name: &str) -> Self {
        if self.path.len() < QUOTED {
            self.path.push(name.chars().take(QUOTED).collect());
        }
        self
    }

    /// As one of many.
    pub(crate) fn unread(self, index: usize) -> Unread {
        let place = self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join(".");
        let message = match place.as_str() {
            "" => self.message,
            place if place.contains("byte ") || self.message.contains(place) => self.message,
            place => format!("`{place}`: {}", self.message),
        };
        Unread { index, limit: self.limit, message, code: self.code, place }
    }

    pub(crate) fn exception(self, py: Python<'_>) -> PyErr {
        let Unread { limit, message, code, place, .. } = self.unread(0);
        error::event(py, limit, &message, code, &place)
    }
}

impl From<JsonError> for ReadError {
    fn from(wrong: JsonError) -> Self {
        let limit = matches!(wrong, JsonError::TooDeep { .. } | JsonError::TooLong { .. });
        let path = vec![format!("byte {}", wrong.offset())];
        // What hosts in Rust do by another call is an argument here.
        let message =
            wrong.to_string().replace("read it with a fallback time", "put one there, or say `at=`");
        Self { limit, message, code: wrong.code(), path }
    }
}
