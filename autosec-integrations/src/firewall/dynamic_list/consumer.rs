use ipnet::IpNet;

/// What a device that fetches the list can take.
///
/// The default takes everything; vendors' limits depend on model and version, so look yours up: a PA-3200 reads 50,000
/// addresses, FortiOS 7.4.4 300,000 of all lists together.
///
/// ```
/// use autosec_integrations::firewall::dynamic_list::Consumer;
///
/// let branch_office = Consumer { capacity: Some(50_000), ipv6: false, ..Consumer::default() };
/// assert!(branch_office.prefixes);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Consumer {
    /// The most lines it reads; `None` is as many as there are.
    pub capacity: Option<usize>,
    /// Whether it reads prefixes, or single addresses only.
    pub prefixes: bool,
    /// Whether it reads IPv6.
    pub ipv6: bool,
    /// Whether single addresses are written as prefixes (`192.0.2.1/32`), as some readers insist.
    pub hosts_as_prefixes: bool,
}

impl Default for Consumer {
    fn default() -> Self {
        Self { capacity: None, prefixes: true, ipv6: true, hosts_as_prefixes: false }
    }
}

impl Consumer {
    /// Whether it can read this line at all.
    pub(super) fn takes(&self, target: &IpNet) -> bool {
        let is_host = target.prefix_len() == target.max_prefix_len();
        (self.ipv6 || matches!(target, IpNet::V4(_))) && (self.prefixes || is_host)
    }
}
