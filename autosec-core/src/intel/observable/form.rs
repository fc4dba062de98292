use std::net::IpAddr;

use ipnet::IpNet;
use smallvec::SmallVec;

use super::{ObservableKind, name, text, url};
use crate::net;

/// The longest value, in bytes; real URLs of feeds stay below it, and so does what a look-up reads.
pub(crate) const LONGEST: usize = 2_048;

/// A value in its one form, on the stack.
pub(crate) type Key = SmallVec<[u8; LONGEST]>;

/// Adds the one form of `text` as a value of this kind to `key`, or says what is wrong with it.
///
/// | kind | form |
/// |---|---|
/// | network | family, address, length of the prefix; IPv4-mapped as IPv4, no host bits |
/// | hostname, domain | lower case, punycode, no final dot; for a domain no leading `*.` |
/// | url | scheme and host in lower case, the host as above, no default port, no fragment, escapes only where needed |
/// | email | lower case, its domain as above |
/// | digests | bytes |
/// | fuzzy hashes, user agents, file names | as given, without blanks around |
/// | numbers | big-endian bytes |
pub(crate) fn write(kind: ObservableKind, given: &str, key: &mut Key) -> Result<(), &'static str> {
    let given = given.trim();
    if given.len() > LONGEST {
        return Err("it is longer than 2,048 bytes");
    }
    if given.is_empty() {
        return Err("it is empty");
    }
    match kind {
        ObservableKind::Network => {
            write_network(net::network(given).map_err(|_| "it is neither an address nor a prefix")?, key);
            Ok(())
        }
        ObservableKind::Hostname => name::write(given, key).map(|_| ()),
        ObservableKind::Domain => name::write_domain(given, key),
        ObservableKind::Url => url::write(given, key).map(|_| ()),
        ObservableKind::Email => text::email(given, key),
        ObservableKind::UserAgent | ObservableKind::FileName => {
            key.extend_from_slice(given.as_bytes());
            Ok(())
        }
        ObservableKind::Ssdeep => text::ssdeep(given, key),
        ObservableKind::Tlsh => text::tlsh(given, key),
        ObservableKind::Ja4 => text::ja4(given, key),
        ObservableKind::AutonomousSystem => text::autonomous_system(given, key),
        ObservableKind::Port => text::port(given, key),
        digest => text::digest(given, digest.digest_bytes().unwrap_or(0), key),
    }
}

pub(super) fn write_network(network: IpNet, key: &mut Key) {
    match network.addr() {
        IpAddr::V4(v4) => key.extend_from_slice(&v4.octets()),
        IpAddr::V6(v6) => key.extend_from_slice(&v6.octets()),
    }
    key.push(network.prefix_len());
}

pub(super) fn read_network(key: &[u8]) -> Option<IpNet> {
    let (length, octets) = key.split_last()?;
    let address = match octets.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(octets).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(octets).ok()?),
    };
    IpNet::new(address, *length).ok()
}
