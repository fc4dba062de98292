use serde::Deserialize;

/// Where in a record something stands: a column by its number, from 1, or by the name in the header; a key of a JSON object,
/// with dots into objects inside it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(untagged)]
pub enum Place {
    /// A column of a list of values with delimiters.
    Column(usize),
    /// A column by its name, or a path of keys.
    Name(String),
}

impl From<usize> for Place {
    fn from(column: usize) -> Self {
        Self::Column(column)
    }
}

impl From<&str> for Place {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}
