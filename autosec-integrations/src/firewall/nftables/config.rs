use std::time::Duration;

/// How [`Nftables`](super::Nftables) is set up.
///
/// ```
/// use autosec_core::enforce::{EnforceError, FirewallIntegration};
/// use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};
///
/// let config = NftablesConfig { table: "my table".to_owned(), ..NftablesConfig::default() };
/// let refused = Nftables::open(config).unwrap_err();
/// assert!(matches!(refused, EnforceError::Rejected { .. }), "a space has no place in a table's name");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NftablesConfig {
    /// The firewall's name in reports; default `nftables`.
    pub name: String,
    /// The table, in family `inet`, that is AutoSec's alone: a letter, then letters, digits and `_`, at most 64;
    /// default `autosec`.
    pub table: String,
    /// The priority of the chain at hook prerouting: lower comes first; default -310, before connection tracking
    /// and before every table of the usual tools, so that traffic to containers is covered.
    pub priority: i32,
    /// The most entries a set holds, each address family and prefix length for itself; `None` (the default) is as
    /// many as memory holds. It applies to sets made from then on.
    pub capacity: Option<u32>,
    /// How long an answer of the kernel is waited for; default 5 s, at least 1 ms.
    pub timeout: Duration,
    /// Whether the kernel has the idempotent delete (Linux 6.3); `None` (the default) asks it once.
    pub destroy: Option<bool>,
}

impl Default for NftablesConfig {
    fn default() -> Self {
        Self {
            name: "nftables".to_owned(),
            table: "autosec".to_owned(),
            priority: -310,
            capacity: None,
            timeout: Duration::from_secs(5),
            destroy: None,
        }
    }
}

impl NftablesConfig {
    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let mut letters = self.table.chars();
        let first = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic());
        let rest = letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !first || !rest || self.table.len() > 64 {
            return Some("a table's name is a letter, then letters, digits and `_`, at most 64 in all");
        }
        (self.timeout < Duration::from_millis(1)).then_some("the timeout must be at least 1 ms")
    }
}
