use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Whom a request goes to, in the one form that is compared: an address, or a name in small letters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum HostName {
    Address(IpAddr),
    Name(String),
}

impl HostName {
    /// Reads a host as it stands in a URL: an IPv6 address in brackets.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address: Ipv6Addr = inside.parse().map_err(|_| "no IPv6 address stands in its brackets")?;
            return Ok(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse() {
            let IpAddr::V4(address) = address else { return Err("an IPv6 address stands in brackets") };
            return Ok(Self::Address(address.into()));
        }
        let name = text.to_ascii_lowercase();
        if name.is_empty() || name.len() > 253 {
            return Err("a name of a host has 1 to 253 bytes");
        }
        if !name.is_ascii() {
            return Err("names outside ASCII are written in punycode");
        }
        if !name.split('.').all(is_label) {
            return Err(
                "the parts of a name have 1 to 63 letters, digits, `-` and `_`, and no `-` at an end",
            );
        }
        // `127.1`, `0x7f000001` and `2130706433` are addresses to a resolver.
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("a name ends in letters, and an IPv4 address has four plain numbers");
        }
        Ok(Self::Name(name))
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let edge = !label.starts_with('-') && !label.ends_with('-');
    (1..=63).contains(&label.len()) && edge && label.bytes().all(inner)
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn has_one_form_for_each_host() {
        for (text, form) in [
            ("API.Example.COM", "api.example.com"),
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:DB8:0::1]", "[2001:db8::1]"),
            ("[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]"),
            ("localhost", "localhost"),
            ("_x.example", "_x.example"),
            ("xn--nxasmq6b.example", "xn--nxasmq6b.example"),
        ] {
            assert_eq!(HostName::parse(text).unwrap().to_string(), form);
        }
    }

    #[test]
    fn refuses_everything_with_two_meanings() {
        for text in [
            "",
            ".",
            "a..b",
            "a.",
            ".a",
            "-a",
            "a-",
            "a b",
            "ä.example",
            "a%2eb",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.1.",
            "1.2.3.4.5",
            "2001:db8::1",
            "[fe80::1%eth0]",
            "[192.0.2.1]",
            "a\\b",
            "a@b",
            "a:80",
            "[::1",
            "::1]",
            "a\0",
            "*",
        ] {
            assert!(HostName::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_form_is_its_own_form(text in "[a-zA-Z0-9._:\\[\\]-]{0,20}") {
            if let Ok(host) = HostName::parse(&text) {
                prop_assert_eq!(HostName::parse(&host.to_string()), Ok(host));
            }
        }
    }
}
