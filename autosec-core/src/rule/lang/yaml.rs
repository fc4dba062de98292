//! Reading YAML into a value with diagnostics of our own: the reader's errors become codes, titles and help lines that
//! speak of rules and settings and not of the reader's types. JSON is YAML, so one reader serves both. Depth and aliases
//! are bounded by the reader's defaults, the length by [`SOURCE_LIMIT`].

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Location};

use super::diagnostic::Diagnostic;
use super::issue::{Code, Issue, quoted};
use super::suggest::did_you_mean;

/// The largest source, in bytes.
pub(crate) const SOURCE_LIMIT: usize = 1 << 20;

/// Reads a value from YAML or JSON; an empty source gives the default. `hint` helps with a key that is missing.
pub(crate) fn read<T: Default + DeserializeOwned>(
    name: &str,
    text: &str,
    hint: fn(&str) -> &'static str,
) -> Result<T, Diagnostic> {
    if text.len() > SOURCE_LIMIT {
        let title = format!("the source is {} bytes long, and the limit is {SOURCE_LIMIT}", text.len());
        return Err(Diagnostic::new(Code::LargeSource, title, name).help("split it into several sources"));
    }
    let options = serde_saphyr::options! { with_snippet: false };
    let value: Result<Option<T>, Error> = serde_saphyr::from_str_with_options(text, options);
    value.map(Option::unwrap_or_default).map_err(|error| diagnostic(&error, name, text, hint))
}

/// The bytes of `text` that a location stands for; of several lines the first.
pub(crate) fn span(location: &Location, text: &str) -> Option<Range<usize>> {
    let (start, length) = match location.span().byte_offset() {
        Some(start) => (start, location.span().byte_len().unwrap_or(0)),
        None => (offset(location, text)?, 0),
    };
    let start = text.floor_char_boundary(usize::try_from(start).ok()?.min(text.len()));
    let end =
        text.ceil_char_boundary(start.saturating_add(usize::try_from(length).ok()?.max(1)).min(text.len()));
    let first_line = text.get(start..end)?.find('\n').map_or(end, |newline| start + newline);
    Some(start..first_line)
}

/// The byte offset of a line and a column, both from 1.
fn offset(location: &Location, text: &str) -> Option<u64> {
    let line = usize::try_from(location.line()).ok()?.checked_sub(1)?;
    let column = usize::try_from(location.column()).ok()?.checked_sub(1)?;
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let inside: usize = text.get(before..)?.chars().take(column).map(char::len_utf8).sum();
    u64::try_from(before + inside).ok()
}

fn diagnostic(error: &Error, name: &str, text: &str, hint: fn(&str) -> &'static str) -> Diagnostic {
    let error = error.without_snippet();
    let mut issue = issue(error, hint);
    match error.location().and_then(|location| span(&location, text)) {
        Some(span) => issue.labels.iter_mut().for_each(|label| label.0 = span.clone()),
        None => issue.labels.clear(),
    }
    Diagnostic::placed(issue, name, text)
}

/// What the error is; its label still needs its place.
fn issue(error: &Error, hint: fn(&str) -> &'static str) -> Issue {
    let issue = |code, title: String, label: &str| Issue::new(code, title, 0..0, label);
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            issue(Code::UnknownKey, format!("unknown key {}", quoted(field)), "there is no such key here")
                .help(format!("the keys are {}", expected.join(", ")))
                .help_if(did_you_mean(field, expected.iter().copied()))
        }
        Error::SerdeMissingField { field, .. } => {
            issue(Code::MissingKey, format!("missing key `{field}`"), "it belongs here").help(hint(field))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            issue(Code::UnknownWord, format!("unknown word {}", quoted(variant)), "")
                .help(format!("possible here: {}", expected.join(", ")))
                .help_if(did_you_mean(variant, expected.iter().copied()))
        }
        Error::SerdeInvalidType { unexpected, expected, .. } => issue(
            Code::WrongType,
            format!("expected {expected}, found {unexpected}"),
            "this has another type",
        ),
        Error::InvalidScalar { ty, .. } => {
            issue(Code::WrongType, format!("expected {}", kind(ty)), "this has another type")
        }
        Error::Unexpected { expected, .. } => {
            let help = "a list is written `[source.ip]`, or with a `-` before each item; a rule file is a list of rules";
            issue(Code::WrongType, format!("expected {}", kind(expected)), "this has another type")
                .help_if((*expected == "sequence start").then(|| help.to_owned()))
        }
        Error::SerdeInvalidValue { unexpected, expected, .. } => {
            issue(Code::BadValue, format!("expected {expected}, found {unexpected}"), "")
        }
        Error::Message { msg, .. } => issue(Code::BadValue, msg.clone(), ""),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or_default();
            issue(Code::DuplicateKey, format!("the key {} is given twice", quoted(key)), "the second is here")
        }
        other => {
            let text = other.to_string();
            let title =
                text.lines().next().and_then(|line| line.split(" at line ").next()).unwrap_or_default();
            issue(Code::NotYaml, title.to_owned(), "")
        }
    }
}

/// What the reader calls a kind of value, in words for people.
fn kind(name: &str) -> &str {
    match name {
        "sequence start" => "a list",
        "mapping start" => "keys and values",
        "string scalar" => "text",
        "u32" => "a whole number between 0 and 4294967295",
        "f64" => "a number",
        other => other,
    }
}
