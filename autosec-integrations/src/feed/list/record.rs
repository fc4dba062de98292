use std::borrow::Cow;

use autosec_core::intel::IndicatorValue;
use serde_json::Value;

use super::Place;

/// One record of a list, whatever the list's shape.
pub(super) enum Record<'r> {
    /// A value alone.
    Text(&'r str),
    /// A value that was found in prose.
    Found(&'r IndicatorValue),
    /// Columns, and their names if there is a header.
    Columns(&'r csv::StringRecord, Option<&'r csv::StringRecord>),
    /// An item of JSON.
    Json(&'r Value),
}

impl<'r> Record<'r> {
    /// The text at a place; none if nothing stands there.
    pub(super) fn text(&self, place: &Place) -> Option<Cow<'r, str>> {
        let found = match (self, place) {
            (Record::Columns(columns, _), Place::Column(number)) => {
                columns.get(number.checked_sub(1)?).map(|text| Cow::Borrowed(text.trim()))
            }
            (Record::Columns(columns, Some(header)), Place::Name(name)) => {
                let column = header.iter().position(|column| column.trim().eq_ignore_ascii_case(name))?;
                columns.get(column).map(|text| Cow::Borrowed(text.trim()))
            }
            (Record::Json(item), Place::Name(path)) => scalar(walk(item, path)?),
            _ => None,
        };
        found.filter(|text| !text.is_empty())
    }

    /// The value where no place is named.
    pub(super) fn whole(&self) -> Option<Cow<'r, str>> {
        match self {
            Record::Text(text) => Some(Cow::Borrowed(*text)),
            Record::Found(_) => None,
            Record::Columns(columns, _) => columns.get(0).map(|text| Cow::Borrowed(text.trim())),
            Record::Json(item) => scalar(item),
        }
    }

    /// So many of the words at a place: of a list its items, of a text what commas and spaces separate.
    pub(super) fn words(&self, place: &Place, most: usize) -> Vec<String> {
        if let (Record::Json(item), Place::Name(path)) = (self, place)
            && let Some(Value::Array(items)) = walk(item, path)
        {
            return items.iter().filter_map(scalar).filter_map(word).take(most).collect();
        }
        let text = self.text(place).unwrap_or_default();
        text.split([',', ' ', '|']).filter_map(|text| word(text.into())).take(most).collect()
    }
}

/// The longest tag, in bytes; a longer one is no word but a text.
const LONGEST_WORD: usize = 128;

fn word(text: Cow<'_, str>) -> Option<String> {
    let text = text.trim();
    (1..=LONGEST_WORD).contains(&text.len()).then(|| text.to_owned())
}

/// What stands at the end of a path of keys joined by dots; a key may itself hold dots.
pub(super) fn walk<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(at, _)| walk(value.get(path.get(..at)?)?, path.get(at + 1..)?))
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text.trim())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
