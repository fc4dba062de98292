//! From errors to the exceptions of `autosec._errors`, which are classes written in Python.

use std::borrow::Cow;

use autosec_core::rule::{Diagnostic, RuleErrors};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// The codes of rule errors that say that something is more than it may be.
const LIMIT_CODES: [&str; 5] = ["E012", "E013", "E014", "E108", "E109"];

/// Rules that were refused, as a `RuleError` of the first that holds the others.
pub(crate) fn rules(py: Python<'_>, errors: &RuleErrors) -> PyErr {
    let Some((first, rest)) = errors.diagnostics().split_first() else {
        return plain(py, "RuleError", errors.to_string());
    };
    let rest = rest.iter().map(|diagnostic| rule(py, diagnostic, Vec::new())).collect::<PyResult<_>>();
    match rest.and_then(|rest| rule(py, first, rest)) {
        Ok(made) => PyErr::from_value(made),
        Err(error) => error,
    }
}

/// One thing wrong with a rule, as an exception that is not raised yet.
pub(crate) fn rule<'py>(
    py: Python<'py>,
    diagnostic: &Diagnostic,
    others: Vec<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let limit = LIMIT_CODES.contains(&diagnostic.code());
    let given = PyDict::new(py);
    given.set_item("code", diagnostic.code())?;
    given.set_item("source", diagnostic.source())?;
    given.set_item("rule", diagnostic.rule())?;
    given.set_item("line", diagnostic.position().map(|(line, _)| line))?;
    given.set_item("column", diagnostic.position().map(|(_, column)| column))?;
    given.set_item("help", diagnostic.help_line().map(in_python))?;
    given.set_item("rendered", rendered(diagnostic))?;
    given.set_item("others", PyTuple::new(py, others)?)?;
    class(py, if limit { "RuleLimitError" } else { "RuleError" })?.call((diagnostic.title(),), Some(&given))
}

/// What is wrong with the lines of the source, which stay as they are, and what to do in the words of Python.
fn rendered(diagnostic: &Diagnostic) -> String {
    let is_source =
        |line: &str| line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
    let text = diagnostic.to_string();
    let lines =
        text.split('\n').map(|line| if is_source(line) { Cow::Borrowed(line) } else { in_python(line) });
    lines.collect::<Vec<_>>().join("\n")
}

/// An event that cannot be read: what is wrong, a stable code, and the place.
pub(crate) fn event(py: Python<'_>, limit: bool, message: &str, code: &str, place: &str) -> PyErr {
    let name = if limit { "EventLimitError" } else { "EventError" };
    let made = class(py, name).and_then(|class| class.call1((message, code, place)));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// A setting that cannot be used.
pub(crate) fn config<'a>(py: Python<'_>, message: impl Into<Cow<'a, str>>) -> PyErr {
    plain(py, "ConfigError", message.into())
}

/// What is wrong with the value of an argument, by its name: of the same class, and at least a `TypeError`.
pub(crate) fn about(name: &str, wrong: PyErr, py: Python<'_>) -> PyErr {
    if !wrong.is_instance_of::<PyTypeError>(py) && !wrong.is_instance_of::<PyOverflowError>(py) {
        return wrong;
    }
    let text = wrong.value(py).to_string();
    if text.contains(name) {
        return wrong;
    }
    let message = format!("`{name}`: {text}");
    if wrong.is_instance_of::<PyTypeError>(py) { PyTypeError::new_err(message) } else { config(py, message) }
}

/// What to do in the words of Python: hosts in Rust say the same to a builder.
pub(crate) fn in_python(text: &str) -> Cow<'_, str> {
    const SAID: &str = "`RuleSetBuilder::";
    let Some((before, rest)) = text.split_once(SAID) else { return Cow::Borrowed(text) };
    let Some((call, after)) = rest.split_once('`') else { return Cow::Borrowed(text) };
    let call = match call.split_once('(').map_or((call, None), |(name, of)| (name, Some(of))) {
        ("list", _) => "lists={name: […]}".to_owned(),
        ("placeholder", Some(of)) => format!("placeholders={{{}: […]}}", of.trim_end_matches(", …)")),
        (other, _) => format!("{other}="),
    };
    Cow::Owned(format!("{before}`{call}`{}", in_python(after)))
}

/// An exception with nothing but a text.
pub(crate) fn plain<'a>(py: Python<'_>, name: &str, message: impl Into<Cow<'a, str>>) -> PyErr {
    let made = class(py, name).and_then(|class| class.call1((message.into(),)));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// An error with all that caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        // Some say in their own words what caused them.
        if !text.contains(&why) {
            text.push_str(": ");
            text.push_str(&why);
        }
        cause = error.source();
    }
    text
}

fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("autosec._errors")?.getattr(name)
}
