use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::ObservableKind;
use super::form::{self, Key, read_network};
use crate::entity::printable;
use crate::net;

/// A value in its one form: two spellings of one value are equal.
///
/// ```
/// use autosec_core::intel::{Observable, ObservableKind};
///
/// let listed = Observable::new(ObservableKind::Url, "HTTP://Bücher.example:80/%7Eeve#top")?;
/// let seen = Observable::new(ObservableKind::Url, "http://xn--bcher-kva.example/~eve")?;
/// assert_eq!(listed, seen);
/// assert_eq!(seen.to_string(), "http://xn--bcher-kva.example/~eve");
/// let wrong = Observable::new(ObservableKind::Domain, "107.183.86").unwrap_err();
/// assert_eq!(wrong.to_string(), "`107.183.86` is no domain: its last label is a number, so it is no domain name");
/// # Ok::<(), autosec_core::intel::ValueError>(())
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Observable {
    kind: ObservableKind,
    key: Box<[u8]>,
}

/// A text that is no value of its kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no {kind}: {why}")]
pub struct ValueError {
    kind: ObservableKind,
    text: String,
    why: &'static str,
}

impl Observable {
    /// Reads a value of this kind and brings it to its one form; at most 2,048 bytes.
    ///
    /// # Errors
    /// The text is no value of this kind, or too long.
    pub fn new(kind: ObservableKind, text: &str) -> Result<Self, ValueError> {
        let mut key = Key::new();
        match form::write(kind, text, &mut key) {
            Ok(()) => Ok(Self { kind, key: Box::from(&key[..]) }),
            Err(why) => Err(ValueError::new(kind, text, why)),
        }
    }

    /// The value of an address or a prefix.
    pub fn network(network: IpNet) -> Self {
        let mut key = Key::new();
        form::write_network(net::canonical_network(network), &mut key);
        Self { kind: ObservableKind::Network, key: Box::from(&key[..]) }
    }

    /// The value of an address.
    pub fn address(address: IpAddr) -> Self {
        Self::network(IpNet::from(address))
    }

    /// Of what kind it is.
    pub fn kind(&self) -> ObservableKind {
        self.kind
    }

    /// The prefix, if it is one.
    pub fn as_network(&self) -> Option<IpNet> {
        if self.kind == ObservableKind::Network { read_network(&self.key) } else { None }
    }

    /// The value as it is usually written, whole.
    pub(crate) fn text(&self) -> String {
        text_of(self.kind, &self.key)
    }

    pub(crate) fn from_key(kind: ObservableKind, key: &[u8]) -> Self {
        Self { kind, key: Box::from(key) }
    }

    /// What is stored and compared.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }
}

impl ValueError {
    pub(crate) fn new(kind: ObservableKind, text: &str, why: &'static str) -> Self {
        Self { kind, text: text.chars().take(64).collect(), why }
    }
}

/// The value as it is usually written; texts of strangers without what hides in them, and bounded.
impl fmt::Display for Observable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.text()))
    }
}

/// The value of a key as it is usually written, whole.
pub(crate) fn text_of(kind: ObservableKind, key: &[u8]) -> String {
    match kind {
        ObservableKind::Url => text(key.strip_prefix(b"//").unwrap_or(key)),
        ObservableKind::Hostname
        | ObservableKind::Domain
        | ObservableKind::Email
        | ObservableKind::UserAgent
        | ObservableKind::FileName
        | ObservableKind::Ssdeep
        | ObservableKind::Ja4 => text(key),
        ObservableKind::Network => read_network(key).map(net::display).unwrap_or_default(),
        ObservableKind::AutonomousSystem | ObservableKind::Port => {
            key.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)).to_string()
        }
        _ => text(key.iter().copied().map(hex).collect::<Vec<_>>().as_flattened()),
    }
}

/// Keys of texts are UTF-8, as texts are.
fn text(key: &[u8]) -> String {
    std::str::from_utf8(key).map_or_else(|_| String::from_utf8_lossy(key).into_owned(), str::to_owned)
}

/// The two digits of a byte.
#[inline]
pub(crate) fn hex(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|half| half + if half < 10 { b'0' } else { b'a' - 10 })
}

impl fmt::Debug for Observable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_its_one_form() {
        let cases = [
            (ObservableKind::Network, "::ffff:192.0.2.7", "192.0.2.7"),
            (ObservableKind::Network, "192.0.2.7/24", "192.0.2.0/24"),
            (ObservableKind::Network, "2001:DB8::/32", "2001:db8::/32"),
            (ObservableKind::Hostname, " WWW.Example.org. ", "www.example.org"),
            (ObservableKind::Domain, "*.Example.org", "example.org"),
            (ObservableKind::Email, "Eve@Bücher.Example", "eve@xn--bcher-kva.example"),
            (ObservableKind::Md5, "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"),
            (ObservableKind::Ssdeep, "3::", "3::"),
            (
                ObservableKind::Ja4,
                "t13d1516h2_8daaf6152771_B186095E22B6",
                "t13d1516h2_8daaf6152771_b186095e22b6",
            ),
            (ObservableKind::AutonomousSystem, "AS64500", "64500"),
            (ObservableKind::Port, "0443", "443"),
            (ObservableKind::FileName, "a\u{7}.exe", r"a\u{7}.exe"),
            (ObservableKind::Url, "example.org/a", "example.org/a"),
        ];
        for (kind, given, shown) in cases {
            assert_eq!(Observable::new(kind, given).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn refuses_what_is_none() {
        let long = "x".repeat(2_049);
        let cases = [
            (ObservableKind::Network, "192.0.2"),
            (ObservableKind::Domain, "org"),
            (ObservableKind::Url, "107.183.86"),
            (ObservableKind::Email, "eve"),
            (ObservableKind::Email, "@example.org"),
            (ObservableKind::Md5, "d41d8cd98f00b204e9800998ecf8427"),
            (ObservableKind::Sha256, "d41d8cd98f00b204e9800998ecf8427e"),
            (ObservableKind::Sha1, "zz39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (ObservableKind::Ssdeep, "abc"),
            (ObservableKind::Ja4, "t13d1516h2"),
            (ObservableKind::AutonomousSystem, "ASx"),
            (ObservableKind::Port, "65536"),
            (ObservableKind::UserAgent, " "),
            (ObservableKind::FileName, long.as_str()),
        ];
        for (kind, given) in cases {
            let refused = Observable::new(kind, given).unwrap_err().to_string();
            assert!(refused.starts_with('`') && refused.len() < 200, "{refused}");
        }
    }
}
