//! Addresses and prefixes as `ISSUBSET` and `ISSUPERSET` compare them: host bits count for nothing.

use std::net::IpAddr;

use ipnet::IpNet;

/// An address or a prefix as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Network {
    net: IpNet,
    is_prefix: bool,
}

impl Network {
    /// Reads `198.51.100.7`, `198.51.100.7/20` or the same of IPv6. A prefix of length 0, which holds everything, is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self { net: IpNet::from(address), is_prefix: false });
        }
        let net = text.parse::<IpNet>().ok().filter(|net| net.prefix_len() > 0)?;
        Some(Self { net: net.trunc(), is_prefix: true })
    }

    /// Without its host bits.
    pub(super) fn net(self) -> IpNet {
        self.net
    }

    /// Whether it was written with its length.
    pub(super) fn is_prefix(self) -> bool {
        self.is_prefix
    }

    /// Whether all of `other` lies in it; none if it is an address, which holds nothing.
    pub(super) fn holds(self, other: Self) -> Option<bool> {
        self.is_prefix.then(|| self.net.contains(&other.net))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_host_bits() {
        let network = |text| Network::parse(text).unwrap();
        assert!(network("11.22.41.123/20").holds(network("11.22.33.44")) == Some(true));
        assert!(network("2001:db8::1/32").holds(network("2001:db8:ffff::/48")) == Some(true));
        assert!(network("11.22.33.44").holds(network("11.22.33.44")).is_none());
        assert!(network("0.0.0.0/1").holds(network("::1")) == Some(false));
        assert!(network("1.2.3.4/32").is_prefix() && !network("1.2.3.4").is_prefix());
        assert!(
            ["", "a", "1.2.3/8", "1.2.3.4/0", "::/0", "1.2.3.4/33"]
                .iter()
                .all(|text| Network::parse(text).is_none())
        );
    }
}
