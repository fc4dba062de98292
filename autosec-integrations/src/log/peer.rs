//! Who was at the other end. [`Peer::off_end`] is for text in which a stranger's words stand before the address,
//! [`Peer::off_start`] for text in which they cannot; which of the two a message needs is the reader's knowledge.

use std::net::IpAddr;
use std::str;

use autosec_core::event::field;

use super::draft::Draft;
use super::scan::{cut, cut_last, digits, number, word};

/// The other end of a connection as a log names it: an address or a host name, perhaps a port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer<'a> {
    host: &'a [u8],
    port: Option<i64>,
}

impl<'a> Peer<'a> {
    /// Takes `A port P` off the end of a text; gives what stands before, without the space between.
    ///
    /// What an attacker chose stands before it, so whatever that imitates, the true address is the last one.
    pub(super) fn off_end(text: &'a [u8]) -> Option<(&'a [u8], Self)> {
        let (rest, port) = cut_last(text, b' ')?;
        let port = port_number(port)?;
        let rest = rest.strip_suffix(b" port")?;
        let (before, host) = cut_last(rest, b' ').unwrap_or((&[], rest));
        (!host.is_empty()).then_some((before, Self { host, port: Some(port) }))
    }

    /// Takes `A`, `A:` or `A port P` off the start of a text; gives what stands behind.
    pub(super) fn off_start(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (host, rest) = word(text);
        let host = host.strip_suffix(b":").unwrap_or(host);
        if host.is_empty() {
            return None;
        }
        if let Some(tail) = rest.strip_prefix(b"port ") {
            let (port, tail) = digits(tail);
            return Some((Self { host, port: port_number(port) }, tail));
        }
        Some((Self { host, port: None }, rest))
    }

    /// A word that is an address or a host name, with or without brackets, a zone and a port.
    pub(super) fn word(host: &'a [u8]) -> Option<Self> {
        let plain = !host.is_empty() && !host.contains(&b' ');
        plain.then_some(Self { host, port: None })
    }

    /// Fills `source.ip` and `source.port`, or `source.address` for what is no address.
    pub(super) fn fill(self, draft: &mut Draft<'a, '_>) {
        let mut port = self.port;
        if draft.wants(field::SOURCE_IP) || draft.wants(field::SOURCE_ADDRESS) {
            match address(self.host) {
                Some((ip, glued)) => {
                    draft.set(field::SOURCE_IP, ip);
                    port = port.or(glued);
                }
                None => draft.text(field::SOURCE_ADDRESS, self.host),
            }
        }
        if let Some(port) = port {
            draft.set(field::SOURCE_PORT, port);
        }
    }
}

/// Reads an address as logs write it: also `[2001:db8::1]`, `[2001:db8::1]:443`, `192.0.2.1:443` and
/// `fe80::1%eth0`, whose zone is dropped.
pub(super) fn address(text: &[u8]) -> Option<(IpAddr, Option<i64>)> {
    if let Some(inner) = text.strip_prefix(b"[") {
        let (inner, tail) = cut(inner, b']')?;
        let port = match tail {
            [] => None,
            [b':', port @ ..] => Some(port_number(port)?),
            _ => return None,
        };
        return Some((bare(inner)?, port));
    }
    if let Some(ip) = bare(text) {
        return Some((ip, None));
    }
    let (host, port) = cut(text, b':')?;
    match bare(host)? {
        ip @ IpAddr::V4(_) => Some((ip, Some(port_number(port)?))),
        IpAddr::V6(_) => None,
    }
}

fn bare(text: &[u8]) -> Option<IpAddr> {
    let (text, zoned) = cut(text, b'%').map_or((text, false), |(text, _zone)| (text, true));
    let ip = str::from_utf8(text).ok()?.parse::<IpAddr>().ok()?;
    (!zoned || ip.is_ipv6()).then(|| ip.to_canonical())
}

fn port_number(text: &[u8]) -> Option<i64> {
    number(text).filter(|port| *port <= 65_535)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_as_logs_write_them() {
        for (text, ip, port) in [
            ("192.0.2.1", "192.0.2.1", None),
            ("192.0.2.1:443", "192.0.2.1", Some(443)),
            ("::ffff:192.0.2.1", "192.0.2.1", None),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:443", "2001:db8::1", Some(443)),
            ("fe80::1%eth0", "fe80::1", None),
        ] {
            assert_eq!(address(text.as_bytes()), Some((ip.parse().unwrap(), port)), "{text}");
        }
        for wrong in [
            "",
            "host",
            "192.0.2",
            "192.0.2.1:",
            "192.0.2.1:99999",
            "[192.0.2.1",
            "192.0.2.1%eth0",
            "%",
            "::1]:1",
        ] {
            assert_eq!(address(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(address(&[b'1'; 100]), None);
        assert_eq!(address(&[0xff; 20]), None);
    }

    #[test]
    fn takes_the_last_from_the_end() {
        let (before, peer) =
            Peer::off_end(b"root from 192.0.2.10 port 22 from 198.51.100.7 port 4711").unwrap();
        assert_eq!(before, b"root from 192.0.2.10 port 22 from");
        assert_eq!((peer.host, peer.port), (&b"198.51.100.7"[..], Some(4711)));
        for wrong in ["", "port 22", " port 22", "A port", "A port x", "A port 70000", "A  22"] {
            assert!(Peer::off_end(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn takes_the_first_from_the_start() {
        let (peer, rest) = Peer::off_start(b"192.0.2.1 port 22:11: bye").unwrap();
        assert_eq!((peer.host, peer.port, rest), (&b"192.0.2.1"[..], Some(22), &b":11: bye"[..]));
        let (peer, rest) = Peer::off_start(b"2001:db8::1: 11: bye").unwrap();
        assert_eq!((peer.host, peer.port, rest), (&b"2001:db8::1"[..], None, &b"11: bye"[..]));
    }
}
