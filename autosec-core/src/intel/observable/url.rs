use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{Key, name};
use crate::net;

/// Where the parts of a URL stand in its form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Parts {
    /// Where the scheme ends: from here on it is the form of the same URL without a scheme.
    pub(crate) bare: usize,
    /// The host: a name, an IPv4 address, or an IPv6 address without its brackets.
    pub(crate) host: Range<usize>,
}

/// Adds a URL in its one form: `scheme://host:port/path?query`, or without `scheme:` where none is given.
pub(crate) fn write(given: &str, key: &mut Key) -> Result<Parts, &'static str> {
    let given = given.trim();
    let (scheme, rest) = match given.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", given.strip_prefix("//").unwrap_or(given)),
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if !scheme.is_empty() {
        key.extend(scheme.bytes().map(|byte| byte.to_ascii_lowercase()));
        key.push(b':');
    }
    let bare = key.len();
    key.extend_from_slice(b"//");
    let host = write_authority(authority, scheme, key)?;
    let path = rest.split('#').next().unwrap_or_default();
    if !path.starts_with('/') {
        key.push(b'/');
    }
    escape(path.strip_prefix('\\').unwrap_or(path), key)?;
    Ok(Parts { bare, host })
}

/// The parts of a URL that is in its one form already. Asks less than [`write`] does: knows only those of a plain name after
/// `http` or `https`, without anything escaped.
#[inline]
pub(crate) fn plain(given: &str) -> Option<Parts> {
    let rest = given.strip_prefix("http").map(|rest| rest.strip_prefix('s').unwrap_or(rest))?;
    let rest = rest.strip_prefix("://")?.as_bytes();
    let (host, path) = rest.split_at_checked(name::plain_length(rest)?)?;
    let is_kept = |byte: &u8| matches!(byte, b'!'..=b'~') & !matches!(byte, b'%' | b'#');
    let is_plain = path.starts_with(b"/") && path.iter().fold(true, |all, byte| all & is_kept(byte));
    let first = given.len() - rest.len();
    is_plain.then(|| Parts { bare: first - 2, host: first..first + host.len() })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn write_authority(authority: &str, scheme: &str, key: &mut Key) -> Result<Range<usize>, &'static str> {
    let (user, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    if !user.is_empty() {
        escape(user, key)?;
        key.push(b'@');
    }
    let (host, port) = split_port(place)?;
    let first = key.len();
    let host = if let Some(inside) = host.strip_prefix('[') {
        let inside = inside.strip_suffix(']').ok_or("its host lacks a `]`")?;
        let address: Ipv6Addr = inside.parse().map_err(|_| "its host is no IPv6 address")?;
        write_address(net::canonical(IpAddr::V6(address)), key)
    } else if let Ok(address) = host.parse::<Ipv4Addr>() {
        write_address(IpAddr::V4(address), key)
    } else {
        name::write(host, key)?;
        first..key.len()
    };
    if let Some(port) = port.filter(|port| !is_default(scheme, *port)) {
        show(format_args!(":{port}"), key);
    }
    Ok(host)
}

fn write_address(address: IpAddr, key: &mut Key) -> Range<usize> {
    let (open, close) = if address.is_ipv6() { ("[", "]") } else { ("", "") };
    let first = key.len() + open.len();
    show(format_args!("{open}{address}{close}"), key);
    first..key.len() - close.len()
}

/// Adds what is displayed, without a text on the heap between.
fn show(arguments: fmt::Arguments<'_>, key: &mut Key) {
    struct Adding<'k>(&'k mut Key);

    impl Write for Adding<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }

    // It has no way to fail.
    let _ = Adding(key).write_fmt(arguments);
}

fn split_port(place: &str) -> Result<(&str, Option<u16>), &'static str> {
    match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => match port {
            "" => Ok((host, None)),
            digits => {
                digits.parse().map(|port| (host, Some(port))).map_err(|_| "its port is no number to 65535")
            }
        },
        _ => Ok((place, None)),
    }
}

fn is_default(scheme: &str, port: u16) -> bool {
    let is = |names: &[&str]| names.iter().any(|name| scheme.eq_ignore_ascii_case(name));
    match port {
        80 => is(&["", "http", "ws"]),
        443 => is(&["", "https", "wss"]),
        21 => is(&["ftp"]),
        _ => false,
    }
}

/// Adds a text with those characters escaped that have to be, digits of escapes in upper case, and nothing else escaped.
fn escape(text: &str, key: &mut Key) -> Result<(), &'static str> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let pair = || Some((ahead.next().and_then(digit)?, ahead.next().and_then(digit)?));
        let (byte, escaped) = match (byte == b'%').then(pair).flatten() {
            Some((high, low)) => {
                bytes.nth(1);
                (high << 4 | low, true)
            }
            None => (byte, false),
        };
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let plain = if escaped { unreserved } else { byte.is_ascii_graphic() };
        if !escaped && byte.is_ascii_control() {
            return Err("it has a control character");
        }
        if plain {
            key.push(byte);
        } else {
            let half = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
            key.extend_from_slice(&[b'%', half(byte >> 4), half(byte & 15)]);
        }
    }
    Ok(())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(given: &str) -> Result<String, &'static str> {
        let mut key = Key::new();
        write(given, &mut key).map(|_| String::from_utf8(key.to_vec()).unwrap())
    }

    #[test]
    fn has_one_form_for_each_url() {
        let cases = [
            ("HTTP://Example.ORG", "http://example.org/"),
            ("http://example.org:80/#top", "http://example.org/"),
            ("https://example.org:443?q=1", "https://example.org/?q=1"),
            ("https://example.org:80/", "https://example.org:80/"),
            ("http://EXAMPLE.org./A/%7euser/%2f%c3%bc", "http://example.org/A/~user/%2F%C3%BC"),
            ("http://bücher.example/ü b", "http://xn--bcher-kva.example/%C3%BC%20b"),
            ("http://[::ffff:192.0.2.1]:8080/", "http://192.0.2.1:8080/"),
            ("http://[2001:DB8:0::1]/", "http://[2001:db8::1]/"),
            ("http://u%40:p@example.org/", "http://u%40:p@example.org/"),
            ("example.org/a", "//example.org/a"),
            ("example.org:443/a", "//example.org/a"),
            ("http://example.org/100%", "http://example.org/100%"),
            ("http://example.org\\x", "http://example.org/x"),
        ];
        for (given, expected) in cases {
            assert_eq!(form(given).as_deref(), Ok(expected), "{given}");
            assert_eq!(form(expected).as_deref(), Ok(expected), "a form is its own form");
        }
        for wrong in [
            "",
            "107.183.86",
            "/a/b",
            "http://",
            "http:///a",
            "http://a b/",
            "http://x:99999/",
            "http://[::1/",
            "http://x/\u{7}",
        ] {
            assert!(form(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_is_its_own_form(given in "(https?|HTTP|ftp)?:?/{0,2}[a-z0-9.]{0,8}[a-zA-Z0-9._@:-]{0,8}[/?#]?[!-~ü]{0,12}( |#x)?") {
            let mut key = Key::new();
            if let Some(parts) = plain(&given) {
                prop_assert_eq!(write(&given, &mut key), Ok(parts));
                prop_assert_eq!(&key[..], given.as_bytes());
            }
        }
    }

    #[test]
    fn knows_what_is_plain() {
        for given in ["http://example.org/", "https://a-b.example_1.org/x/%"] {
            assert_eq!(plain(given).is_some(), !given.contains('%'), "{given}");
        }
        for other in [
            "http://example.org",
            "http://example.org:80/",
            "http://example.org./",
            "http://Example.org/",
            "http://192.0.2.1/",
            "http://u@example.org/",
            "http://example.org/ü",
            "http://example.org/ ",
            "http://example.org/#a",
            "http://.example.org/",
            "http:///",
            "ftp://example.org/",
            "example.org/",
        ] {
            assert_eq!(plain(other), None, "{other}");
        }
    }

    #[test]
    fn says_where_its_parts_are() {
        let mut key = Key::new();
        let parts = write("https://u@[2001:db8::1]:8443/x", &mut key).unwrap();
        assert_eq!(&key[parts.bare..parts.bare + 2], b"//");
        assert_eq!(&key[parts.host], b"2001:db8::1");
    }
}
