use std::collections::BTreeMap;
use std::io::Read;

use super::MispError;
use super::feed::is_uuid;
use super::input::whole;
use super::settings::MispLimits;

/// Digests of all values of a feed: `hashes.csv`, lines of the MD5 of a value and the uuid of its event.
///
/// It answers which events of a feed speak of a value without fetching any of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FeedHashes {
    events: BTreeMap<[u8; 16], Vec<Box<str>>>,
}

impl FeedHashes {
    /// Reads the digests within the [default limits](MispLimits).
    ///
    /// # Errors
    /// It is too large, or a line of it is something else.
    pub fn read(input: impl Read) -> Result<Self, MispError> {
        let limits = MispLimits::default();
        let bytes = whole(input, limits.bytes)?;
        let mut hashes = Self::default();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let line = String::from_utf8_lossy(line);
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let found = || line.chars().take(64).flat_map(char::escape_debug).collect();
            let (digest, uuid) =
                record(line).ok_or_else(|| MispError::Line { line: number, found: found() })?;
            if number > limits.parts {
                return Err(MispError::TooMany { found: number, limit: limits.parts });
            }
            let events = hashes.events.entry(digest).or_default();
            if !events.iter().any(|known| **known == *uuid) {
                events.push(uuid.into());
            }
        }
        Ok(hashes)
    }

    /// The uuids of the events that have a value with this MD5.
    pub fn events(&self, md5: [u8; 16]) -> impl Iterator<Item = &str> {
        self.events.get(&md5).into_iter().flatten().map(|uuid| &**uuid)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

fn record(line: &str) -> Option<([u8; 16], &str)> {
    let (digest, uuid) = line.split_once(',')?;
    let is_digest = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(digest, 16).ok().filter(|_| is_digest && is_uuid(uuid))?;
    Some((number.to_be_bytes(), uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_events_of_a_value() {
        let text = "d41d8cd98f00b204e9800998ecf8427e,54d3a6f6-61c8-4c50-a6a8-4bd6950d210b\r\n\
            d41d8cd98f00b204e9800998ecf8427e,54d3a6f6-61c8-4c50-a6a8-4bd6950d210c\n";
        let hashes = FeedHashes::read(text.as_bytes()).unwrap();
        let empty = 0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e_u128.to_be_bytes();
        assert_eq!((hashes.len(), hashes.events(empty).count(), hashes.events([0; 16]).count()), (1, 2, 0));
        let error = FeedHashes::read("\nx,y".as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 2 is no digest and event, but `x,y`");
        assert!(matches!(FeedHashes::read("<html>".as_bytes()), Err(MispError::WebPage)));
    }
}
