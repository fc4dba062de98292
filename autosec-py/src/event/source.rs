use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyMapping, PyString};

use super::value::{replaced, wants_out};

/// Bytes that stay as they are while they are read.
#[derive(Debug)]
pub(crate) enum JsonBytes<'py> {
    /// Python's own, which nobody can change.
    Shared(Bound<'py, PyBytes>),
    /// A text, which Python keeps as UTF-8 too.
    Text(Bound<'py, PyString>),
    /// A copy of what somebody may change, or of a text with half a surrogate pair.
    Copied(Vec<u8>),
}

impl JsonBytes<'_> {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            JsonBytes::Shared(bytes) => bytes.as_bytes(),
            JsonBytes::Text(text) => text.to_str().unwrap_or_default().as_bytes(),
            JsonBytes::Copied(bytes) => bytes,
        }
    }
}

/// An event that is a dict, or another mapping, as one.
///
/// # Errors
/// What the mapping raised.
pub(crate) fn as_dict<'py>(event: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    event.cast::<PyDict>().map_or_else(|_| mapping(event), |dict| Ok(Some(dict.clone())))
}

/// A mapping that is no dict, as one. Texts and bytes are none, which is said without a look at Python's abstract classes.
///
/// # Errors
/// What the mapping raised.
pub(crate) fn mapping<'py>(given: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let is_json = given.is_instance_of::<PyBytes>() || given.is_instance_of::<PyString>();
    if is_json || given.cast::<PyMapping>().is_err() {
        return Ok(None);
    }
    let py = given.py();
    let made = py.get_type::<PyDict>().call1((given,));
    made.and_then(|made| Ok(Some(made.cast_into()?)))
        .inspect_err(|raised| wants_out(py, raised.clone_ref(py)))
}

/// The bytes of `bytes`, `bytearray`, `memoryview`, `mmap`, or a text.
///
/// # Errors
/// It is none of them.
pub(crate) fn json_bytes<'py>(given: &Bound<'py, PyAny>) -> PyResult<JsonBytes<'py>> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(JsonBytes::Shared(bytes.clone()));
    }
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(match text.to_str() {
            Ok(_) => JsonBytes::Text(text.clone()),
            Err(_) => JsonBytes::Copied(replaced(text).into_bytes()),
        });
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Ok(JsonBytes::Copied(bytes.to_vec()));
    }
    let name = given.get_type().name()?.to_string();
    if matches!(name.as_str(), "memoryview" | "mmap") {
        let view = given.py().import("builtins")?.getattr("bytes")?.call1((given,))?;
        return Ok(JsonBytes::Shared(view.cast_into()?));
    }
    Err(PyTypeError::new_err(format!("an event is a dict, bytes or a text of JSON, not `{name}`")))
}
