use std::fmt;

use smallvec::SmallVec;

use super::{Observable, ObservableKind, ValueError};

/// What an indicator says is bad: one value, or several that must all be in one event.
///
/// ```
/// use autosec_core::intel::{IndicatorValue, Observable, ObservableKind};
///
/// let control = IndicatorValue::all([
///     Observable::new(ObservableKind::Network, "192.0.2.7")?,
///     Observable::new(ObservableKind::Port, "4444")?,
/// ])?;
/// assert_eq!(control.to_string(), "192.0.2.7 and 4444");
///
/// let port = Observable::new(ObservableKind::Port, "4444")?;
/// assert!(IndicatorValue::all([port]).is_err(), "a port alone says nothing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct IndicatorValue {
    parts: SmallVec<[Observable; 1]>,
}

/// Why values are not one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompositeError {
    /// None but ports, or nothing at all.
    #[error("a value needs more than ports: give an address, a name or a digest beside them")]
    Nothing,
    /// More than [`IndicatorValue::MOST_PARTS`].
    #[error("{given} values are joined to one, at most {} can be", IndicatorValue::MOST_PARTS)]
    TooMany {
        /// How many there are.
        given: usize,
    },
}

impl IndicatorValue {
    /// The most values that are joined to one.
    pub const MOST_PARTS: usize = 8;

    /// A single value; ports cannot stand alone.
    ///
    /// # Errors
    /// The text is no value of this kind.
    pub fn new(kind: ObservableKind, text: &str) -> Result<Self, ValueError> {
        let observable = Observable::new(kind, text)?;
        if kind == ObservableKind::Port {
            return Err(ValueError::new(kind, text, "a port says nothing without an address or a name"));
        }
        Ok(Self { parts: SmallVec::from_iter([observable]) })
    }

    /// Values that must all be in one event, as a file's name and its digest, or an address and a port. A port is that
    /// of the address or name beside it.
    ///
    /// # Errors
    /// There are only ports, or more than [`MOST_PARTS`](Self::MOST_PARTS) values.
    pub fn all(parts: impl IntoIterator<Item = Observable>) -> Result<Self, CompositeError> {
        let parts: SmallVec<[Observable; 1]> = parts.into_iter().take(Self::MOST_PARTS + 1).collect();
        if parts.len() > Self::MOST_PARTS {
            return Err(CompositeError::TooMany { given: parts.len() });
        }
        if parts.iter().all(|part| part.kind() == ObservableKind::Port) {
            return Err(CompositeError::Nothing);
        }
        Ok(Self { parts })
    }

    /// The values it is made of, at least one.
    pub fn parts(&self) -> &[Observable] {
        &self.parts
    }
}

/// Joined by `and`.
impl fmt::Display for IndicatorValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            let gap = if index == 0 { "" } else { " and " };
            write!(f, "{gap}{part}")?;
        }
        Ok(())
    }
}
