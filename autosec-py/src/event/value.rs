//! The second step of reading a dict: Python's values as an event has them.

use std::borrow::Cow;

use autosec_core::event::{Kind, Value};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::ReadError;
use crate::guard;

/// Whether it is a text, a number, a boolean or `None`, and of no class of somebody's own: costs no call.
pub(super) fn is_exactly_plain(value: &Bound<'_, PyAny>) -> bool {
    value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_none()
}

/// Whether it is a text, a number, a boolean or `None`.
pub(super) fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    is_exactly_plain(value)
        || value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyInt>()
        || value.is_instance_of::<PyFloat>()
}

/// Something else as a plain value: addresses, times, paths and the like as texts, numbers of numpy as Python's.
///
/// # Errors
/// It is of a type that says nothing.
pub(super) fn plain<'py>(value: &Bound<'py, PyAny>) -> Result<Option<Bound<'py, PyAny>>, ReadError> {
    let kind = value.get_type();
    let module =
        kind.module().ok().and_then(|module| module.to_str().map(str::to_owned).ok()).unwrap_or_default();
    let made = match module.split('.').next().unwrap_or_default() {
        "datetime" => value.call_method0("isoformat"),
        "ipaddress" | "uuid" | "pathlib" | "decimal" => value.str().map(Bound::into_any),
        "numpy" => value.call_method0("item"),
        _ => return Err(wrong_type(value)),
    };
    let made = made.map_err(|raised| wants_out(value.py(), raised)).ok();
    made.filter(is_plain).map(Some).ok_or_else(|| wrong_type(value))
}

/// Keeps what a value raised and is meant for the whole program; what it raised otherwise only says that it is unreadable.
pub(super) fn wants_out(py: Python<'_>, raised: PyErr) {
    if !raised.is_instance_of::<PyException>(py) {
        guard::keep(raised);
    }
}

fn wrong_type(value: &Bound<'_, PyAny>) -> ReadError {
    let name = value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    let name: String = name.chars().take(64).collect();
    let message =
        format!("a value of type `{name}`: use text, a number, a boolean, `None`, a list or a dict");
    ReadError::new("event-type", message)
}

/// The text, if it is an ordinary one and can be borrowed.
#[inline]
pub(super) fn plain_text<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    value.cast_exact::<PyString>().ok()?.to_str().ok()
}

/// A plain value as a field of this kind has it.
pub(super) fn read<'a>(
    value: &'a Bound<'_, PyAny>,
    kind: Kind,
    strict: bool,
) -> Result<Value<'a>, ReadError> {
    // First without the call that asks for a class's flags.
    if let Ok(text) = value.cast_exact::<PyString>().or_else(|_| value.cast::<PyString>()) {
        return string(text, strict).map(|text| Value::read(text, kind));
    }
    if kind == Kind::Integer
        && value.is_instance_of::<PyInt>()
        && !value.is_instance_of::<PyBool>()
        && let Ok(number) = value.extract::<i64>()
    {
        return Ok(Value::Integer(number));
    }
    text(value, strict).map(|text| Value::read(text, kind))
}

/// A plain value as text, as JSON would write it.
pub(super) fn text<'a>(value: &'a Bound<'_, PyAny>, strict: bool) -> Result<Cow<'a, str>, ReadError> {
    if let Ok(text) = value.cast_exact::<PyString>().or_else(|_| value.cast::<PyString>()) {
        return string(text, strict);
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Cow::Borrowed(if truth.is_true() { "true" } else { "false" }));
    }
    if value.is_instance_of::<PyInt>() {
        if let Ok(number) = value.extract::<i64>() {
            return Ok(Cow::Owned(number.to_string()));
        }
        let digits = value.str().ok().and_then(|digits| digits.to_str().map(str::to_owned).ok());
        return digits.map(Cow::Owned).ok_or_else(|| {
            ReadError::limit("event-number", "an integer of so many digits that Python does not write it")
        });
    }
    value.extract::<f64>().map(|number| Cow::Owned(decimal(number))).map_err(|_| wrong_type(value))
}

/// The number as Python and its JSON write it: `1.5`, `1e+16`, `1e-05`.
pub(crate) fn decimal(number: f64) -> String {
    let written = format!("{number:?}");
    match written.split_once('e') {
        None => written,
        Some((digits, exponent)) => {
            let (sign, exponent) =
                exponent.strip_prefix('-').map_or(("+", exponent), |exponent| ("-", exponent));
            format!("{}e{sign}{exponent:0>2}", digits.strip_suffix(".0").unwrap_or(digits))
        }
    }
}

/// The text; a surrogate without its other half becomes U+FFFD as in JSON, or is refused where that is asked for.
fn string<'a>(text: &'a Bound<'_, PyString>, strict: bool) -> Result<Cow<'a, str>, ReadError> {
    match text.to_str() {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) if strict => {
            Err(ReadError::new("event-text", "a text with half a surrogate pair, which no UTF-8 can hold"))
        }
        Err(_) => Ok(Cow::Owned(replaced(text))),
    }
}

/// A text that is no Unicode as the JSON reader would have it: whole pairs as their character, halves as U+FFFD.
pub(super) fn replaced(text: &Bound<'_, PyString>) -> String {
    let encoded = text.call_method1("encode", ("utf-16-le", "surrogatepass"));
    let units = encoded.and_then(|encoded| encoded.extract::<Vec<u8>>()).unwrap_or_default();
    let units: Vec<u16> =
        units.as_chunks().0.iter().map(|unit: &[u8; 2]| u16::from_le_bytes(*unit)).collect();
    String::from_utf16_lossy(&units)
}
