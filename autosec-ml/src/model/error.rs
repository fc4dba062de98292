/// Why bytes are not a model that can be used here, or why a model cannot be written.
///
/// ```
/// use autosec_ml::feature::FeatureSchema;
/// use autosec_ml::isolation::IsolationForest;
/// use autosec_ml::matrix::Matrix;
/// use autosec_ml::model::ModelError;
///
/// let schema = FeatureSchema::new("numbers", 1, ["number"])?;
/// let forest = IsolationForest::builder().fit(Matrix::new(&[1.0, 2.0, 3.0], 1)?)?;
/// let mut file = forest.to_bytes(&schema)?;
/// *file.last_mut().unwrap() ^= 1;
/// assert_eq!(IsolationForest::from_bytes(&file, &schema).unwrap_err(), ModelError::Damaged);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The bytes begin with something else.
    #[error("this is no model file: it begins with other bytes")]
    Foreign,
    /// It was written in another format, by a newer or an older version.
    #[error("the model file has the format {found}, and this version reads {known}: train the model anew")]
    Format {
        /// The format of the file.
        found: u16,
        /// The format that this version reads and writes.
        known: u16,
    },
    /// It holds another kind of model.
    #[error("the model file holds a model of kind {found}, and one of kind {wanted} is asked for")]
    Algorithm {
        /// The kind in the file.
        found: u16,
        /// The kind that was to be read.
        wanted: u16,
    },
    /// Some of it is missing, or something follows it.
    #[error(
        "the model file is to have {expected} bytes and has {found}: it was cut short, or something was added"
    )]
    Length {
        /// How many bytes it says it has.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// It is larger than [`MAX_BYTES`](super::MAX_BYTES).
    #[error(
        "the model file has {found} bytes, and the limit is {limit}: take fewer trees or smaller samples"
    )]
    Large {
        /// How many bytes it has.
        found: u64,
        /// The most a model may have.
        limit: u64,
    },
    /// The checksum is another: a byte has changed.
    #[error("the model file is damaged: its checksum is not that of its bytes; fetch or train it anew")]
    Damaged,
    /// It was trained on other features, or on these in another order.
    #[error(
        "the model was trained on other features than those of `{name}`, version {version}: train it anew"
    )]
    Schema {
        /// The name of the schema that was to be used.
        name: Box<str>,
        /// Its version.
        version: u32,
    },
    /// The schema has not as many columns as the model.
    #[error("the model has {model} columns, and the feature schema {schema}")]
    Columns {
        /// How many the model has.
        model: usize,
        /// How many the schema has.
        schema: usize,
    },
    /// The checksum is right, yet it says what no version ever writes.
    #[error("the model file was made by something else: in its section `{section}` there is {what}")]
    Malformed {
        /// The name of the section.
        section: &'static str,
        /// What stands there.
        what: &'static str,
    },
}
