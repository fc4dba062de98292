use std::io;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

/// The most characters of an exception's text that are kept.
const QUOTED: usize = 200;

/// An exception in one line: its type, and the beginning of its text.
pub(super) fn in_words(py: Python<'_>, error: &PyErr) -> String {
    let kind = error.get_type(py).name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
    let text = error.value(py).str().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED).collect();
    if text.is_empty() { format!("it raised {kind}") } else { format!("it raised {kind}: {text}") }
}

/// Whether it only says that a part failed, and is nothing that wants the program to end.
pub(super) fn is_ordinary(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyException>(py)
}

/// An exception as an input or output that failed.
pub(super) fn failed(py: Python<'_>, error: &PyErr) -> io::Error {
    io::Error::other(in_words(py, error))
}

/// What is told when the interpreter has ended under a part.
pub(super) const ENDING: &str = "the interpreter is ending";
