use std::fmt;

use super::ast::Expr;
use super::error::PatternError;
use super::{check, parse};

/// A pattern of the right form.
///
/// ```
/// use autosec_core::intel::pattern::{Pattern, Version};
///
/// let pattern = Pattern::parse("[url:value = 'http://198.51.100.7/a'] START t'2026-11-22T00:00:00Z' STOP t'2026-11-23T00:00:00Z'")?;
/// assert_eq!(pattern.version(), Version::V21);
///
/// let old = "[url:value = 'http://198.51.100.7/a'] START '2026-11-22T00:00:00Z' STOP '2026-11-23T00:00:00Z'";
/// assert!(Pattern::parse(old).is_err() && Pattern::parse_as(old, Version::V20).is_ok());
/// # Ok::<(), autosec_core::intel::pattern::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub(super) text: Box<str>,
    pub(super) version: Version,
    pub(super) expr: Expr,
}

/// The version of the language. In 2.0 START and STOP take texts, `EXISTS` is an ordinary name, an observation may have two
/// qualifiers of one kind, and objects like `malware` can be asked about.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Version {
    /// STIX 2.0.
    V20,
    /// STIX 2.1.
    #[default]
    V21,
}

impl Pattern {
    /// Reads a pattern of STIX 2.1.
    ///
    /// # Errors
    /// The pattern is not of the form the language has, names a hash that cannot be one, or exceeds a limit.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Self::parse_as(text, Version::V21)
    }

    /// Reads a pattern of the given version.
    ///
    /// # Errors
    /// The same.
    pub fn parse_as(text: &str, version: Version) -> Result<Self, PatternError> {
        let placed = |issue| PatternError::placed(issue, text);
        let expr = parse::parse(text, version).map_err(placed)?;
        check::check(&expr, version).map_err(placed)?;
        Ok(Self { text: text.into(), version, expr })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The version it was read as.
    pub fn version(&self) -> Version {
        self.version
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
