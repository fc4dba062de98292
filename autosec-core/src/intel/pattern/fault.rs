use crate::entity::printable;

/// Why there is no answer. Nothing here is a match: a fault is neither yes nor no.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatchFault {
    /// A limit ended the search before it had an answer.
    #[error("undecided: more than {limit} {what}")]
    Undecided {
        /// What there was too much of, such as `search steps`.
        what: &'static str,
        /// How much is allowed; see [`MatchLimits`](super::MatchLimits).
        limit: usize,
    },
    /// A property that is compared with a timestamp holds a text that is none.
    #[error("`{0}` is compared with a timestamp and is none")]
    BadTime(String),
    /// A property that is compared with a prefix holds a text that is neither an address nor a prefix, or the pattern names
    /// an address where only a prefix can hold others.
    #[error("`{0}` cannot be compared as an address or a prefix")]
    BadNetwork(String),
    /// A property whose name ends in `_hex` or `_bin` does not hold hexadecimal digits or base64.
    #[error("`{0}` does not hold what its name says")]
    BadBytes(String),
    /// A property whose name ends in `_ref` does not hold an identifier, or one in `_refs` no list of them.
    #[error("`{0}` does not refer to objects")]
    BadReference(String),
}

impl MatchFault {
    /// Whether a limit is the reason, not what was observed.
    pub fn is_undecided(&self) -> bool {
        matches!(self, MatchFault::Undecided { .. })
    }
}

/// A stranger's text as it is shown in a fault.
pub(super) fn shown(text: &str) -> String {
    printable(text).into_owned()
}
