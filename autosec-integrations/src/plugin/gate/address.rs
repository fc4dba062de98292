use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use autosec_core::net;

use crate::plugin::manifest::Capabilities;

/// What else no plugin reaches unless a network of its grant holds it, beside the special ranges that the core knows.
const ALSO: [(&str, &str); 5] = [
    // Azure's platform service answers metadata at a public address.
    ("168.63.129.16/32", "metadata"),
    ("198.18.0.0/15", "benchmarking"),
    // Addresses that hold an IPv4 address in the obsolete way.
    ("::/96", "IPv4-compatible"),
    // What translators make of an IPv4 address in the old way; not the mapped form, which is read as IPv4.
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("fec0::/10", "site-local"),
];

/// The address to connect to.
///
/// # Errors
/// It is special, and no grant names a network that it is in.
pub(super) fn checked(address: IpAddr, capabilities: &Capabilities) -> Result<IpAddr, String> {
    let address = net::canonical(address);
    for reached in [Some(address), behind(address)].into_iter().flatten() {
        if let Some(range) = special(reached).filter(|_| !capabilities.may_reach(reached)) {
            return Err(format!("{reached} is {range}, and in no network of the grant"));
        }
    }
    Ok(address)
}

fn special(address: IpAddr) -> Option<&'static str> {
    let also = ALSO
        .iter()
        .find(|(network, _)| network.parse::<ipnet::IpNet>().is_ok_and(|network| network.contains(&address)));
    net::special_range(address.into()).or(also.map(|(_, name)| *name))
}

/// The IPv4 address that a translator makes of an address.
fn behind(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let bits = address.to_bits();
    let nat64 = bits >> 32 == Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0).to_bits() >> 32;
    let embedded = if nat64 {
        bits
    } else if address.segments().first() == Some(&0x2002) {
        bits >> 80
    } else {
        return None;
    };
    Some(Ipv4Addr::from_bits(u32::try_from(embedded & u128::from(u32::MAX)).unwrap_or_default()).into())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::plugin::manifest::{Excess, Grant, Manifest};

    fn capabilities(networks: &[&str]) -> Capabilities {
        let manifest = format!(
            "[plugin]\nid='a'\nversion='1'\napi='autosec:firewall@0.1'\nkind='wasm'\nfile='a'\nsha256='{}'\n",
            "0".repeat(64)
        );
        let manifest = Manifest::parse("plugin.toml", &manifest).unwrap();
        let networks = networks.iter().map(|network| network.parse().unwrap());
        let grant = Grant::nothing().with_networks(networks);
        Capabilities::new(&manifest, &[&grant], &Value::Null, Excess::Refuse).unwrap()
    }

    #[test]
    fn special_addresses_need_a_grant() {
        let none = capabilities(&[]);
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "0.0.0.0",
            "::",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fe80::1",
            "fc00::1",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:0:7f00:1::1",
            "::ffff:0:127.0.0.1",
            "fec0::1",
            "ff0e::1",
            "240.0.0.1",
            "198.18.0.1",
        ] {
            assert!(checked(address.parse().unwrap(), &none).is_err(), "{address}");
        }
        for address in ["1.1.1.1", "2606:4700::1111", "203.0.113.7", "::ffff:1.1.1.1"] {
            assert!(checked(address.parse().unwrap(), &none).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_grant_names_networks() {
        let inside = capabilities(&["10.20.0.0/16", "64:ff9b::/96"]);
        let reached =
            |address: &str| checked(address.parse().unwrap(), &inside).map(|found| found.to_string());
        assert_eq!(reached("10.20.1.1").as_deref(), Ok("10.20.1.1"));
        assert_eq!(reached("::ffff:10.20.1.1").as_deref(), Ok("10.20.1.1"));
        assert!(reached("10.21.1.1").is_err());
        // Through a translator only what could be reached without it.
        assert!(reached("64:ff9b::101:101").is_ok() && reached("64:ff9b::a14:101").is_ok());
        assert_eq!(
            reached("64:ff9b::7f00:1").unwrap_err(),
            "127.0.0.1 is loopback, and in no network of the grant"
        );
    }
}
