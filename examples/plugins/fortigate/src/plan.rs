use std::collections::BTreeMap;
use std::net::IpAddr;

use autosec_plugin::{Failure, FailureKind, fail};

/// The longest time of a ban, in seconds: what fits the number that FortiOS reads.
pub(crate) const LONGEST: u32 = i32::MAX as u32;

/// How long a ban lasts, in seconds; `None` is for ever.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Time(pub(crate) Option<u32>);

impl Time {
    /// Nothing must be for ever by accident, which 0 would be.
    pub(crate) fn of(ttl: Option<u32>) -> Self {
        Self(ttl.map(|seconds| seconds.clamp(1, LONGEST)))
    }

    /// Whether the other is the same but for what passes between asking and reading, and for clocks that differ a little.
    pub(crate) fn is_about(self, other: Self) -> bool {
        match (self.0, other.0) {
            (Some(one), Some(other)) => one.abs_diff(other) <= 1,
            (one, other) => one == other,
        }
    }

    /// As the API wants it.
    pub(crate) fn expiry(self) -> u32 {
        self.0.unwrap_or(0)
    }
}

/// A single address; the FortiGate bans no prefixes.
pub(crate) fn target(text: &str) -> Result<IpAddr, Failure> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let unfit = |words: String| Err(fail(FailureKind::InvalidTarget, words));
    let Ok(address) = address.parse::<IpAddr>() else {
        return unfit(format!("`{text}` is no address"));
    };
    let whole = if address.is_ipv6() { "128" } else { "32" };
    match length {
        Some(length) if length != whole => unfit("a FortiGate bans single addresses only".to_owned()),
        _ => Ok(address),
    }
}

/// The addresses that have the same time.
pub(crate) fn by_time(wanted: &BTreeMap<IpAddr, Time>) -> BTreeMap<Time, Vec<IpAddr>> {
    let mut groups: BTreeMap<Time, Vec<IpAddr>> = BTreeMap::new();
    for (ip, time) in wanted {
        groups.entry(*time).or_default().push(*ip);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_addresses_are_banned() {
        for (text, address) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.7/32", Some("192.0.2.7")),
            ("2001:db8::1/128", Some("2001:db8::1")),
            ("192.0.2.0/24", None),
            ("2001:db8::/64", None),
            ("192.0.2.7/", None),
            ("fw.example", None),
            ("", None),
        ] {
            assert_eq!(target(text).ok(), address.map(|address| address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn times_are_never_for_ever_by_accident() {
        for (ttl, expiry) in [(Some(0), 1), (Some(60), 60), (Some(u32::MAX), LONGEST), (None, 0)] {
            assert_eq!(Time::of(ttl).expiry(), expiry);
        }
        assert!(!Time::of(Some(1)).is_about(Time(None)));
    }

    #[test]
    fn one_time_is_one_request() {
        let wanted = [("192.0.2.1", 60), ("192.0.2.2", 90), ("192.0.2.3", 60)];
        let wanted = wanted.map(|(ip, ttl)| (ip.parse().unwrap(), Time::of(Some(ttl))));
        assert_eq!(by_time(&wanted.into()).values().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    }
}
