use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

/// The length of `::ffff:0:0/96`, under which IPv6 holds the IPv4 addresses.
const MAPPED: u8 = 96;

/// A text that is neither an address nor a prefix.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is neither an IP address nor a prefix in CIDR notation such as 192.0.2.0/24")]
pub struct NetworkError {
    text: String,
}

/// Reads an address or a prefix, in its canonical form: `192.0.2.7/24` is `192.0.2.0/24` (see [`canonical_network`]).
///
/// # Errors
/// The text is neither.
///
/// ```
/// use autosec_core::net;
///
/// assert_eq!(net::network("192.0.2.7")?.to_string(), "192.0.2.7/32");
/// assert_eq!(net::network("192.0.2.7/24")?.to_string(), "192.0.2.0/24");
/// assert_eq!(net::network("::ffff:192.0.2.7")?, net::network("192.0.2.7")?);
/// assert!(net::network("example.org").is_err());
/// # Ok::<(), net::NetworkError>(())
/// ```
pub fn network(text: &str) -> Result<IpNet, NetworkError> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(canonical(address)));
    }
    text.parse::<IpNet>()
        .map(canonical_network)
        .map_err(|_| NetworkError { text: text.chars().take(64).collect() })
}

/// Reads an address as it is written; none if it is none.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    // Most are of one form, and the parser tries every form at every place: this takes half the instructions.
    dotted(text).map(IpAddr::V4).or_else(|| text.parse().ok())
}

/// Four numbers up to 255, without zeros in front, with points between them.
fn dotted(text: &str) -> Option<Ipv4Addr> {
    let (first, rest) = octet(text.as_bytes())?;
    let (second, rest) = octet(rest.strip_prefix(b".")?)?;
    let (third, rest) = octet(rest.strip_prefix(b".")?)?;
    let (fourth, rest) = octet(rest.strip_prefix(b".")?)?;
    rest.is_empty().then(|| Ipv4Addr::new(first, second, third, fourth))
}

/// The number in front, and what follows it.
fn octet(text: &[u8]) -> Option<(u8, &[u8])> {
    let value = |digit: &u8| u32::from(*digit - b'0');
    let (number, rest) = match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            (value(a) * 100 + value(b) * 10 + value(c), rest)
        }
        [a @ b'1'..=b'9', b @ b'0'..=b'9', rest @ ..] => (value(a) * 10 + value(b), rest),
        [a @ b'0'..=b'9', rest @ ..] => (value(a), rest),
        _ => return None,
    };
    Some((u8::try_from(number).ok()?, rest))
}

/// The address as IPv4 where it is an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`), else as it is.
///
/// ```
/// use std::net::IpAddr;
///
/// let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
/// assert_eq!(autosec_core::net::canonical(mapped).to_string(), "192.0.2.1");
/// ```
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The one form a prefix is compared in: an IPv4-mapped one (`::ffff:192.0.2.0/120`) as IPv4 (`192.0.2.0/24`), and
/// without host bits. Two prefixes of equal addresses differ otherwise, and what is allowed in one form would be
/// blocked in the other.
pub fn canonical_network(network: IpNet) -> IpNet {
    let network = network.trunc();
    let mapped = match network {
        IpNet::V6(v6) => v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(MAPPED)),
        IpNet::V4(_) => None,
    };
    mapped.and_then(|(v4, length)| IpNet::new(IpAddr::V4(v4), length).ok()).unwrap_or(network)
}

/// The prefix that stands for one client: an IPv4 address itself, an IPv6 address's prefix of `ipv6_prefix` bits
/// (at most 128), because one IPv6 client usually holds a whole /64.
///
/// ```
/// use autosec_core::net;
///
/// assert_eq!(net::client("2001:db8:1:2::abcd".parse()?, 64).to_string(), "2001:db8:1:2::/64");
/// assert_eq!(net::client("192.0.2.7".parse()?, 64).to_string(), "192.0.2.7/32");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn client(address: IpAddr, ipv6_prefix: u8) -> IpNet {
    match canonical(address) {
        IpAddr::V4(v4) => IpNet::from(IpAddr::V4(v4)),
        IpAddr::V6(v6) => IpNet::new(IpAddr::V6(v6), ipv6_prefix.min(128))
            .map_or(IpNet::from(IpAddr::V6(v6)), |net| net.trunc()),
    }
}

/// A host without its prefix length (`192.0.2.1`), a prefix with it (`192.0.2.0/24`).
///
/// ```
/// use autosec_core::net;
///
/// assert_eq!(net::display("192.0.2.1/32".parse()?), "192.0.2.1");
/// assert_eq!(net::display("192.0.2.0/24".parse()?), "192.0.2.0/24");
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
pub fn display(network: IpNet) -> String {
    match network {
        IpNet::V4(v4) if v4.prefix_len() == v4.max_prefix_len() => display_v4(v4.addr()),
        IpNet::V6(v6) if v6.prefix_len() == v6.max_prefix_len() => v6.addr().to_string(),
        prefix => prefix.to_string(),
    }
}

/// Without the machinery of `Display`, which takes ten times as many instructions.
fn display_v4(address: Ipv4Addr) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        for (power, digit) in [(100, octet / 100), (10, octet / 10 % 10), (1, octet % 10)] {
            if octet >= power || power == 1 {
                text.push(char::from(b'0' + digit));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clears_host_bits_and_refuses_the_rest() {
        assert_eq!(network("192.0.2.7/24").unwrap().to_string(), "192.0.2.0/24");
        assert_eq!(network("::ffff:192.0.2.1").unwrap().to_string(), "192.0.2.1/32");
        for wrong in ["", "192.0.2.0/33", "example.org", "192.0.2", "10.0.0.0/ 8"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn has_one_form_for_each_prefix() {
        let cases = [
            ("::ffff:192.0.2.7/128", "192.0.2.7/32"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
            ("::ffff:192.0.2.7/96", "0.0.0.0/0"),
            ("::ffff:192.0.2.7/95", "::fffe:0:0/95"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("2001:db8::7/64", "2001:db8::/64"),
            ("::192.0.2.7/128", "::c000:207/128"),
        ];
        for (given, form) in cases {
            assert_eq!(canonical_network(given.parse().unwrap()).to_string(), form);
            assert_eq!(network(given).unwrap().to_string(), form);
        }
    }

    #[test]
    fn reads_addresses_as_the_parser_does() {
        let parts = [
            "",
            "0",
            "00",
            "7",
            "07",
            "99",
            "100",
            "255",
            "256",
            "999",
            "1000",
            "4294967297",
            "a",
            "-1",
            "1 ",
            "١",
        ];
        let texts = parts.iter().flat_map(|one| {
            parts.iter().flat_map(move |other| {
                let forms =
                    ["A.B.0.1", "192.A.2.B", "B.0.2.A", "A.B", "A.B.3", "1.2.A.4.B", ".A.2.3.B", "A.2.3.B."];
                forms.map(|form| form.replace('A', one).replace('B', other))
            })
        });
        let more = ["::1", "2001:db8::7", "::ffff:192.0.2.1", "1.2.3.4:80", "١.2.3.4"].map(str::to_owned);
        let mut read = 0;
        for text in texts.chain(more) {
            assert_eq!(address(&text), text.parse().ok(), "{text}");
            read += usize::from(dotted(&text).is_some());
        }
        assert!(read > 50, "{read}");
    }

    #[test]
    fn displays_as_addresses_do() {
        for bits in (0..=255).map(|octet| octet << 24 | octet << 8 | (255 - octet)) {
            let address = Ipv4Addr::from_bits(bits);
            assert_eq!(display(IpAddr::V4(address).into()), address.to_string());
        }
        for given in ["2001:db8::7", "2001:db8::/64", "192.0.2.0/31", "0.0.0.0/0"] {
            assert_eq!(display(network(given).unwrap()), given);
        }
    }

    #[test]
    fn groups_ipv6_clients() {
        assert_eq!(client("2001:db8::7".parse().unwrap(), 64).to_string(), "2001:db8::/64");
        assert_eq!(client("192.0.2.7".parse().unwrap(), 64).to_string(), "192.0.2.7/32");
    }
}
