use std::sync::LazyLock;

use ipnet::IpNet;

use super::canonical_network;

/// IANA's registries of special-purpose addresses, IPv4 and IPv6, and multicast; as of November 2026.
///
/// Left out are the ranges for documentation and benchmarks (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 198.18.0.0/15,
/// 2001:db8::/32, 3fff::/20): nothing real is there, so a block of them hurts nobody and an example needs one.
const SPECIAL: [(&str, &str); 28] = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared (carrier-grade NAT)"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignment"),
    ("192.31.196.0/24", "AS112 name service"),
    ("192.52.193.0/24", "AMT relay"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112 name service"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved or broadcast"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard-only"),
    ("100:0:0:1::/64", "dummy"),
    ("2001::/23", "protocol assignment"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112 name service"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
];

/// The name of the special range that `network` overlaps, if any: ranges where a block hurts the host itself
/// or can never be right. Documentation and benchmark ranges are ordinary here.
///
/// A prefix counts as soon as one of its addresses is special.
///
/// ```
/// use autosec_core::net;
///
/// assert_eq!(net::special_range("10.1.2.3/32".parse()?), Some("private"));
/// assert_eq!(net::special_range("0.0.0.0/0".parse()?), Some("this network"));
/// assert_eq!(net::special_range("203.0.113.7/32".parse()?), None);
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
pub fn special_range(network: IpNet) -> Option<&'static str> {
    static PARSED: LazyLock<Vec<(IpNet, &str)>> = LazyLock::new(|| {
        SPECIAL.iter().filter_map(|(range, name)| Some((range.parse().ok()?, *name))).collect()
    });
    let network = canonical_network(network);
    let overlaps = |range: &IpNet| range.contains(&network) || network.contains(range);
    PARSED.iter().find(|(range, _)| overlaps(range)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::super::network;
    use super::*;

    #[test]
    fn names_special_ranges() {
        assert_eq!(special_range(network("10.1.2.3").unwrap()), Some("private"));
        assert_eq!(special_range(network("0.0.0.0/0").unwrap()), Some("this network"));
        assert_eq!(special_range(network("203.0.113.0/24").unwrap()), None);
        assert_eq!(special_range(network("2001:db8::/32").unwrap()), None);
    }

    #[test]
    fn knows_every_range_by_its_edges() {
        for (range, _) in SPECIAL {
            let range: IpNet = range.parse().unwrap();
            for edge in [range.network(), range.broadcast()].map(IpNet::from) {
                // The mapped range is all of IPv4 in another form.
                let is_mapped = canonical_network(edge) != edge;
                assert!(is_mapped || special_range(edge).is_some(), "{edge} of {range}");
            }
        }
        for ordinary in [
            "1.0.0.0",
            "9.255.255.255",
            "192.0.1.0",
            "223.255.255.255",
            "2001:200::",
            "2003::",
            "2620:4f:8001::",
        ] {
            assert_eq!(special_range(network(ordinary).unwrap()), None, "{ordinary}");
        }
    }

    #[test]
    fn sees_through_the_mapped_form() {
        assert_eq!(special_range("::ffff:10.1.2.3/128".parse().unwrap()), Some("private"));
        assert_eq!(special_range("::ffff:203.0.113.9/128".parse().unwrap()), None);
    }
}
