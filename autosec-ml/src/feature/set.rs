use autosec_core::event::{Kind, Schema};
use serde::{Deserialize, Serialize};

use super::column::Reads;
use super::{Column, FeatureSchema, SchemaError};

/// Which columns make a row, of which entity, from which events: what is written in a configuration.
///
/// ```
/// use autosec_ml::feature::FeatureSet;
///
/// let set: FeatureSet = serde_json::from_str(r#"{
///     "name": "downloads", "version": 1, "entity": "user.name",
///     "when": [{ "field": "event.category", "is": "web" }],
///     "columns": [
///         "hour",
///         { "count": "1h" },
///         { "distinct": { "of": "url.domain", "within": "1d" } },
///         { "level": "http.response.bytes" }
///     ]
/// }"#)?;
/// assert_eq!(set.schema()?.columns().last(), Some("level.http.response.bytes"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FeatureSet {
    /// Its name, such as `login`.
    pub name: Box<str>,
    /// Raised by whoever writes the set when a column is to mean something else under the same name.
    #[serde(default = "first_version")]
    pub version: u32,
    /// The field that says whose event it is, such as `user.name`, `source.ip` or `host.name`. An event without it makes
    /// no row.
    pub entity: Box<str>,
    /// What an event has to be to make a row: all of these. Any event if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
    /// The columns, in order.
    pub columns: Vec<Column>,
}

/// What an event has to be to make a row.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Condition {
    /// A field that it must have.
    pub field: Box<str>,
    /// The text that one of the field's values must be; any value if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Box<str>>,
}

/// Why rows cannot be made by a set.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureSetError {
    /// The names of the columns are no schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// There is no such field.
    #[error("`{place}` asks for the field `{field}`, which the schema of events does not have")]
    UnknownField {
        /// The column that asks for it, or `entity` or `when`.
        place: Box<str>,
        /// Its name.
        field: Box<str>,
    },
    /// The field holds something else.
    #[error("`{place}` needs {needs}, and the field `{field}` holds {holds}")]
    Kind {
        /// The column.
        place: Box<str>,
        /// The field.
        field: Box<str>,
        /// What the column needs.
        needs: &'static str,
        /// What the field holds.
        holds: Kind,
    },
    /// A window that cannot be kept.
    #[error("`{place}` asks for a window that cannot be kept: {why}")]
    Window {
        /// The column.
        place: Box<str>,
        /// Why not.
        why: autosec_core::sketch::ShapeError,
    },
    /// More columns than [`FeatureSet::MOST_COLUMNS`].
    #[error("a feature set has from 1 to {most} columns, and not {0}", most = FeatureSet::MOST_COLUMNS)]
    Columns(usize),
}

impl FeatureSet {
    /// The most columns a set may have: each costs time with every event, and memory for every entity.
    pub const MOST_COLUMNS: usize = 256;

    /// The version of the code that fills columns. It is part of every schema, so that a model trained on what an older
    /// version filled is refused.
    const CODE: u32 = 1;

    /// A set without columns, of the entity that this field names.
    pub fn new(name: impl Into<Box<str>>, version: u32, entity: impl Into<Box<str>>) -> Self {
        Self { name: name.into(), version, entity: entity.into(), when: Vec::new(), columns: Vec::new() }
    }

    /// The same with these columns behind those that it has.
    #[must_use]
    pub fn with(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.columns.extend(columns);
        self
    }

    /// The same, of events only in which one of the field's values is this text.
    #[must_use]
    pub fn only_when(mut self, field: impl Into<Box<str>>, is: impl Into<Box<str>>) -> Self {
        self.when.push(Condition { field: field.into(), is: Some(is.into()) });
        self
    }

    /// The same, of events only that have this field.
    #[must_use]
    pub fn only_with(mut self, field: impl Into<Box<str>>) -> Self {
        self.when.push(Condition { field: field.into(), is: None });
        self
    }

    /// The same columns of another entity: per address instead of per user, say.
    #[must_use]
    pub fn by(self, entity: impl Into<Box<str>>) -> Self {
        Self { entity: entity.into(), ..self }
    }

    /// The names of the columns. Entity and conditions are part of the schema's name: they change what a column means.
    ///
    /// # Errors
    /// When there are no columns or too many, two of one name, or names that are empty or too long.
    pub fn schema(&self) -> Result<FeatureSchema, FeatureSetError> {
        if !(1..=Self::MOST_COLUMNS).contains(&self.columns.len()) {
            return Err(FeatureSetError::Columns(self.columns.len()));
        }
        let mut name = format!("{} by {}", self.name, self.entity);
        for Condition { field, is } in &self.when {
            let is = is.as_ref().map_or_else(String::new, |is| format!(" is {is}"));
            name.push_str(&format!(" when {field}{is}"));
        }
        name.push_str(&format!(" (code {})", Self::CODE));
        Ok(FeatureSchema::new(name, self.version, self.columns.iter().flat_map(Column::names))?)
    }

    /// That every field exists and holds what is asked of it.
    pub(super) fn check(&self, fields: &Schema) -> Result<(), FeatureSetError> {
        let known = |place: &str, field: &str| match fields.field(field) {
            Some(id) => Ok(fields.kind(id)),
            None => Err(FeatureSetError::UnknownField { place: place.into(), field: cut(field) }),
        };
        known("entity", &self.entity)?;
        self.when.iter().try_for_each(|condition| known("when", &condition.field).map(drop))?;
        for column in &self.columns {
            let place = column.names().into_iter().next().unwrap_or_default();
            for (field, reads) in column.fields() {
                let holds = known(&place, field)?;
                if let Some(needs) = refusal(reads, holds) {
                    let (place, field) = (place.into(), cut(field));
                    return Err(FeatureSetError::Kind { place, field, needs, holds });
                }
            }
        }
        Ok(())
    }
}

fn first_version() -> u32 {
    1
}

/// A name as it is shown in an error.
fn cut(name: &str) -> Box<str> {
    name.chars().take(64).collect::<String>().into()
}

/// What is needed instead, if this kind is not it.
fn refusal(reads: Reads, holds: Kind) -> Option<&'static str> {
    match (reads, holds) {
        (Reads::Number, Kind::Integer | Kind::Float | Kind::Boolean)
        | (Reads::Text, Kind::Text)
        | (Reads::Anything, _) => None,
        (Reads::Number, _) => Some("a number"),
        (Reads::Text, _) => Some("text"),
    }
}
