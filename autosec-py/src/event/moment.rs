use autosec_core::event::time_of;
use autosec_core::time::Timestamp;
use pyo3::prelude::*;

use super::value::{is_plain, plain, text};
use crate::error;

/// The time that a host gives for events without one: a `datetime` that knows its zone, RFC 3339, or a number since 1970.
///
/// # Errors
/// It is none of them.
pub(crate) fn fallback(at: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Timestamp>> {
    let Some(at) = at else { return Ok(None) };
    let made = if is_plain(at) { Ok(Some(at.clone())) } else { plain(at) };
    let made = made.ok().flatten().filter(|made| !made.is_none());
    let read = made.and_then(|made| text(&made, true).ok().and_then(|text| time_of(&text)));
    let wrong = || {
        let message = "`at` is no time: use RFC 3339, a datetime that knows its zone, or seconds since 1970";
        error::event(at.py(), false, message, "event-time-unreadable", "at")
    };
    read.map(Some).ok_or_else(wrong)
}
