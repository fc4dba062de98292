use std::time::Duration;

/// How [`Ipset`](super::Ipset) is set up.
///
/// ```
/// use autosec_core::enforce::{EnforceError, FirewallIntegration};
/// use autosec_integrations::firewall::ipset::{Ipset, IpsetConfig};
///
/// let config = IpsetConfig { set: "my set".to_owned(), ..IpsetConfig::default() };
/// let refused = Ipset::open(config).unwrap_err();
/// assert!(matches!(refused, EnforceError::Rejected { .. }), "a space has no place in a set's name");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IpsetConfig {
    /// The firewall's name in reports; default `ipset`.
    pub name: String,
    /// What the names of the two sets begin with, before `_v4` and `_v6`: a letter, then letters, digits, `_` and `-`, at
    /// most 24; default `autosec`.
    pub set: String,
    /// The most entries of each of the two sets, 1 to 100,000,000; default 1,000,000. It applies to sets made from then
    /// on.
    pub capacity: u32,
    /// Whether IPv6 is blocked too; `None` (the default) is where this kernel has IPv6. Where it is not, IPv6 blocks are
    /// [`Unsupported`](autosec_core::enforce::Status::Unsupported) and `ip6tables` is never run.
    pub ipv6: Option<bool>,
    /// How long an answer of the kernel is waited for; default 5 s, at least 1 ms.
    pub timeout: Duration,
    /// How long `iptables` waits for others that hold its lock, in seconds, 1 to 60; default 2. Has to be shorter than the
    /// enforcer's time limit.
    pub lock_wait: u32,
    /// The program for IPv4, a name or a path; default `iptables`. `iptables-legacy` or `iptables-nft` picks one of the
    /// two where a machine has both.
    pub iptables: String,
    /// The program for IPv6; default `ip6tables`.
    pub ip6tables: String,
}

impl Default for IpsetConfig {
    fn default() -> Self {
        Self {
            name: "ipset".to_owned(),
            set: "autosec".to_owned(),
            capacity: 1_000_000,
            ipv6: None,
            timeout: Duration::from_secs(5),
            lock_wait: 2,
            iptables: "iptables".to_owned(),
            ip6tables: "ip6tables".to_owned(),
        }
    }
}

impl IpsetConfig {
    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let mut letters = self.set.chars();
        let first = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic());
        let rest = letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-');
        if !first || !rest || self.set.len() > 24 {
            return Some("a set's name is a letter, then letters, digits, `_` and `-`, at most 24 in all");
        }
        if !(1..=100_000_000).contains(&self.capacity) {
            return Some("the capacity must be 1 to 100000000");
        }
        if !(1..=60).contains(&self.lock_wait) {
            return Some("the wait for the lock must be 1 to 60 s");
        }
        (self.timeout < Duration::from_millis(1)).then_some("the timeout must be at least 1 ms")
    }
}
