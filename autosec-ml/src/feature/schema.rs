use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::matrix::MAX_COLUMNS;

/// The longest name of a schema or of a column, in bytes.
pub const MAX_NAME: usize = 256;

/// The columns a model was trained on, by name and in order, and the version of the code that fills them.
///
/// A model file carries the schema's hash, and is refused under another schema: a model that reads columns in another
/// order than it was trained on scores nonsense without a sign of it.
///
/// ```
/// use autosec_ml::feature::FeatureSchema;
///
/// let schema = FeatureSchema::new("login", 1, ["hour", "failures", "distance_km"])?;
/// let swapped = FeatureSchema::new("login", 1, ["hour", "distance_km", "failures"])?;
/// assert_ne!(schema.hash(), swapped.hash());
/// assert_eq!(schema.column(2), Some("distance_km"));
/// # Ok::<(), autosec_ml::feature::SchemaError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FeatureSchema {
    name: Box<str>,
    version: u32,
    columns: Box<[Box<str>]>,
}

/// Why names are no schema.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There are no columns, or more than [`MAX_COLUMNS`].
    #[error("a feature schema has from 1 to {MAX_COLUMNS} columns, and not {0}")]
    Columns(usize),
    /// A name is empty or longer than [`MAX_NAME`] bytes.
    #[error("a name in a feature schema has from 1 to {MAX_NAME} bytes, and not {0}")]
    Name(usize),
    /// Two columns have one name.
    #[error("two columns of a feature schema are called `{0}`")]
    Twice(Box<str>),
}

impl FeatureSchema {
    /// A schema of this name and version with these columns, in this order.
    ///
    /// # Errors
    /// When a name is empty, too long or used for two columns, or when there are no columns or too many.
    pub fn new<N: Into<Box<str>>>(
        name: impl Into<Box<str>>,
        version: u32,
        columns: impl IntoIterator<Item = N>,
    ) -> Result<Self, SchemaError> {
        let columns: Box<[Box<str>]> = columns.into_iter().take(MAX_COLUMNS + 1).map(Into::into).collect();
        let schema = Self { name: name.into(), version, columns };
        if !(1..=MAX_COLUMNS).contains(&schema.columns.len()) {
            return Err(SchemaError::Columns(schema.columns.len()));
        }
        let names = schema.columns.iter().chain([&schema.name]);
        if let Some(name) = names.into_iter().find(|name| !(1..=MAX_NAME).contains(&name.len())) {
            return Err(SchemaError::Name(name.len()));
        }
        let mut sorted: Vec<&str> = schema.columns.iter().map(AsRef::as_ref).collect();
        sorted.sort_unstable();
        match sorted.iter().zip(sorted.iter().skip(1)).find(|(name, next)| name == next) {
            Some((name, _)) => Err(SchemaError::Twice((*name).into())),
            None => Ok(schema),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the code that fills the columns.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(AsRef::as_ref)
    }

    /// The name of the column of this number, counted from 0.
    pub fn column(&self, number: usize) -> Option<&str> {
        self.columns.get(number).map(AsRef::as_ref)
    }

    /// A hash of all of it that stays the same between machines and versions: SipHash-1-3 with a key of zeros of every
    /// name after its length.
    pub fn hash(&self) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(0, 0);
        hasher.write(&self.version.to_le_bytes());
        for name in [&self.name].into_iter().chain(&self.columns) {
            hasher.write(&(name.len() as u64).to_le_bytes());
            hasher.write(name.as_bytes());
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_schema() {
        let none: [&str; 0] = [];
        assert_eq!(FeatureSchema::new("a", 1, none).unwrap_err(), SchemaError::Columns(0));
        assert_eq!(FeatureSchema::new("", 1, ["b"]).unwrap_err(), SchemaError::Name(0));
        let long = "x".repeat(MAX_NAME + 1);
        assert_eq!(FeatureSchema::new("a", 1, [long]).unwrap_err(), SchemaError::Name(MAX_NAME + 1));
        let twice = FeatureSchema::new("a", 1, ["b", "c", "b"]).unwrap_err();
        assert_eq!(twice.to_string(), "two columns of a feature schema are called `b`");
        let many = (0..=MAX_COLUMNS).map(|number| number.to_string());
        assert_eq!(FeatureSchema::new("a", 1, many).unwrap_err(), SchemaError::Columns(MAX_COLUMNS + 1));
    }

    #[test]
    fn every_part_changes_the_hash() {
        let hash = |name: &str, version, columns: &[&str]| {
            FeatureSchema::new(name, version, columns.to_vec()).unwrap().hash()
        };
        let all = [
            hash("a", 1, &["b", "c"]),
            hash("a", 1, &["c", "b"]),
            hash("a", 2, &["b", "c"]),
            hash("ab", 1, &["c"]),
            hash("a", 1, &["bc"]),
        ];
        let distinct: std::collections::HashSet<u64> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
        // Files hold it: it may not change between versions.
        assert_eq!(all[0], FeatureSchema::new("a", 1, ["b", "c"]).unwrap().hash());
    }
}
