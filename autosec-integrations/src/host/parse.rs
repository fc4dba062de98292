//! What Linux and its resolver write about addresses, routes and name servers. Lines that are not understood say nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The flag of a route that leads over a gateway, and that is up.
const UP_OVER_GATEWAY: u32 = 0x3;

/// Gateways of default routes in `/proc/net/route`.
pub(super) fn ipv4_gateways(text: &str) -> impl Iterator<Item = IpAddr> + '_ {
    text.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let (destination, gateway, flags) = (columns.next()?, columns.next()?, columns.next()?);
        let mask = columns.nth(3)?;
        let over_gateway = u32::from_str_radix(flags, 16).ok()? & UP_OVER_GATEWAY == UP_OVER_GATEWAY;
        let is_default = destination == "00000000" && mask == "00000000";
        let gateway = u32::from_str_radix(gateway, 16).ok().filter(|_| over_gateway && is_default)?;
        // The kernel prints the four bytes as they lie in memory, read as a number of this machine's.
        Some(IpAddr::V4(Ipv4Addr::from(gateway.to_ne_bytes())))
    })
}

/// Gateways of default routes in `/proc/net/ipv6_route`.
pub(super) fn ipv6_gateways(text: &str) -> impl Iterator<Item = IpAddr> + '_ {
    text.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[destination, length, _, _, gateway, _, _, _, flags, ..] = columns.as_slice() else {
            return None;
        };
        let is_default = ipv6(destination)?.is_unspecified() && length == "00";
        let over_gateway = u32::from_str_radix(flags, 16).ok()? & UP_OVER_GATEWAY == UP_OVER_GATEWAY;
        ipv6(gateway).filter(|_| is_default && over_gateway).map(IpAddr::V6)
    })
}

/// The host's own addresses in `/proc/net/fib_trie`: a leaf, and below it that it is local.
pub(super) fn ipv4_addresses(text: &str) -> impl Iterator<Item = IpAddr> + '_ {
    let mut leaf = None;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse::<Ipv4Addr>().ok();
            return None;
        }
        leaf.filter(|_| line == "/32 host LOCAL").map(IpAddr::V4)
    })
}

/// The host's own addresses in `/proc/net/if_inet6`.
pub(super) fn ipv6_addresses(text: &str) -> impl Iterator<Item = IpAddr> + '_ {
    text.lines().filter_map(|line| ipv6(line.split_ascii_whitespace().next()?)).map(IpAddr::V6)
}

/// Name servers in `/etc/resolv.conf`.
pub(super) fn resolvers(text: &str) -> impl Iterator<Item = IpAddr> + '_ {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|word| *word == "nameserver")?;
        // A link-local one may name its interface behind a percent sign.
        words.next()?.split('%').next()?.parse().ok()
    })
}

/// The client in `SSH_CONNECTION`: its address, its port, the server's address, the server's port.
pub(super) fn ssh_client(text: &str) -> Option<IpAddr> {
    text.split_ascii_whitespace().next()?.split('%').next()?.parse().ok()
}

/// 32 hexadecimal digits.
fn ipv6(digits: &str) -> Option<Ipv6Addr> {
    let is_whole = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(digits, 16).ok().filter(|_| is_whole).map(Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: impl Iterator<Item = IpAddr>) -> Vec<String> {
        found.map(|address| address.to_string()).collect()
    }

    #[test]
    fn reads_routes() {
        let gateway = format!("{:08X}", u32::from_ne_bytes([203, 0, 113, 1]));
        let network = format!("{:08X}", u32::from_ne_bytes([203, 0, 113, 0]));
        let text = format!(
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
             eth0\t00000000\t{gateway}\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             eth0\t{network}\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
             eth1\t00000000\t{network}\t0002\t0\t0\t0\t00000000\t0\t0\t0\n\
             eth2\t{network}\t{gateway}\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0\nbroken\n"
        );
        assert_eq!(texts(ipv4_gateways(&text)), ["203.0.113.1"]);
        let zero = "0".repeat(32);
        let text = format!(
            "20010db8000000000000000000000000 40 {zero} 00 {zero} 00000100 1 0 00000001 eth0\n\
             {zero} 00 {zero} 00 20010db8000000000000000000000001 00000400 2 0 00000003 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n"
        );
        assert_eq!(texts(ipv6_gateways(&text)), ["2001:db8::1"]);
    }

    #[test]
    fn reads_addresses() {
        let text = "Local:\n  +-- 203.0.113.0/30 2 0 2\n     |-- 203.0.113.0\n        /24 link UNICAST\n\
                    |-- 203.0.113.2\n        /32 host LOCAL\n     |-- 203.0.113.255\n        /32 link BROADCAST\n";
        assert_eq!(texts(ipv4_addresses(text)), ["203.0.113.2"]);
        let text = "20010db8000000000000000000000002 02 40 00 80 eth0\nfe80 02\n+0010db8000000000000000000000002 x\n";
        assert_eq!(texts(ipv6_addresses(text)), ["2001:db8::2"]);
    }

    #[test]
    fn reads_resolvers_and_sessions() {
        let text = "# nameserver 192.0.2.1\nsearch example.org\nnameserver 192.0.2.53\n\tnameserver fe80::1%eth0\nnameserver\nnameserver x\n";
        assert_eq!(texts(resolvers(text)), ["192.0.2.53", "fe80::1"]);
        assert_eq!(ssh_client("198.51.100.7 50022 203.0.113.2 22"), "198.51.100.7".parse().ok());
        assert_eq!(ssh_client("fe80::7%eth0 50022 fe80::2 22"), "fe80::7".parse().ok());
        assert_eq!(ssh_client(""), None);
    }
}
