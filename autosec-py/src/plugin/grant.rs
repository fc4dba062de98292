//! What a plugin may reach, as a host in Python says it.

use std::fmt::Write as _;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use crate::error;
use crate::event::mapping;

/// What the plugin may reach.
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "native", feature = "wasm")),
    expect(dead_code, reason = "nobody reads it in a wheel without plugins")
)]
pub(super) enum Granted {
    Nothing,
    AsAsked,
    /// What a file of TOML says.
    File(PathBuf),
    /// The same as a text.
    Text(String),
}

impl Granted {
    /// `True` is all that the manifest asks for, a path what a file says, a dict the same in Python, `None` or `False`
    /// nothing.
    pub(super) fn read(grant: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let Some(grant) = grant else { return Ok(Self::Nothing) };
        if let Ok(is_granted) = grant.extract::<bool>() {
            return Ok(if is_granted { Self::AsAsked } else { Self::Nothing });
        }
        if let Some(dict) = mapping(grant)? {
            return text(&dict).map(Self::Text);
        }
        let path = grant.extract();
        path.map(Self::File).map_err(|wrong: PyErr| error::about("grant", wrong, grant.py()))
    }
}

/// A dict as the TOML that would be in a file, so that what is wrong with either is said in the same words and shown where
/// it stands.
fn text(grant: &Bound<'_, PyDict>) -> PyResult<String> {
    let py = grant.py();
    let json: String = py.import("autosec._plugin")?.getattr("grant")?.call1((grant,))?.extract()?;
    let read = serde_json::from_str::<Map<String, Value>>(&json);
    let members = read.map_err(|wrong| error::config(py, format!("`grant`: {wrong}")))?;
    Ok(document(&members))
}

fn document(members: &Map<String, Value>) -> String {
    let (mut plain, mut tables) = (String::new(), String::new());
    for (name, value) in members {
        match value {
            Value::Object(table) => {
                let _ = writeln!(tables, "\n[{}]", key(name));
                entries(table, &mut tables);
            }
            Value::Array(each) if !each.is_empty() && each.iter().all(Value::is_object) => {
                for table in each.iter().filter_map(Value::as_object) {
                    let _ = writeln!(tables, "\n[[{}]]", key(name));
                    entries(table, &mut tables);
                }
            }
            value => entry(name, value, &mut plain),
        }
    }
    plain + &tables
}

fn entries(members: &Map<String, Value>, into: &mut String) {
    members.iter().for_each(|(name, value)| entry(name, value, into));
}

/// A key and its value; a key without one, which is `None` in Python, is as if it was not there.
fn entry(name: &str, value: &Value, into: &mut String) {
    if !value.is_null() {
        let _ = writeln!(into, "{} = {}", key(name), inline(value));
    }
}

fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quoted(name) }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(inline).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            let members: Vec<_> =
                members.map(|(name, value)| format!("{} = {}", key(name), inline(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        // No value of a grant is empty, so that this is said to be of the wrong type.
        Value::Null => "{}".to_owned(),
        plain => plain.to_string(),
    }
}

/// JSON's escapes are among those of TOML, which wants one character more escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
