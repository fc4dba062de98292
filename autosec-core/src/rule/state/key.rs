use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;

use siphasher::sip;
use siphasher::sip128::{Hasher128, SipHasher13};
use smallvec::SmallVec;

use super::table::Key;
use crate::event::{Event, FieldId, Value};
use crate::net;

/// Turns field values into keys: 128-bit hashes that nobody without the seed can make collide.
#[derive(Clone, Debug)]
pub(crate) struct KeyHasher {
    seed: (u64, u64),
    ipv6_prefix: u8,
}

impl KeyHasher {
    /// Keys of this seed, or of one drawn at random.
    pub(crate) fn new(seed: Option<u64>, ipv6_prefix: u8) -> Self {
        let random = || RandomState::new().build_hasher().finish();
        // SipHash takes two halves; of a given seed the second is derived, which is no secret anyway.
        Self::of_seed(seed.map_or_else(|| (random(), random()), |seed| (seed, !seed)), ipv6_prefix)
    }

    /// Keys of both halves of a seed.
    pub(crate) fn of_seed(seed: (u64, u64), ipv6_prefix: u8) -> Self {
        Self { seed, ipv6_prefix }
    }

    /// Both halves of its seed.
    pub(crate) fn seed(&self) -> (u64, u64) {
        self.seed
    }

    /// The same seed with clients of another size.
    pub(crate) fn with_ipv6_prefix(self, ipv6_prefix: u8) -> Self {
        Self { ipv6_prefix, ..self }
    }

    /// How many bits of an IPv6 address stand for one client.
    pub(crate) fn ipv6_prefix(&self) -> u8 {
        self.ipv6_prefix
    }

    /// The key of the event by these fields; addresses count as their clients. `None` if a field is missing.
    pub(crate) fn key(&self, event: &Event<'_>, by: &[FieldId]) -> Option<Key> {
        // Made anew and not kept to be copied: so the compiler knows that nothing has been fed yet.
        let mut hasher = SipHasher13::new_with_keys(self.seed.0, self.seed.1);
        for field in by {
            feed(&mut hasher, event.get(*field)?, self.ipv6_prefix);
        }
        Some(hasher.finish128().as_u64())
    }

    /// The hash of the values of these fields, of addresses to their last bit. `None` if a field is missing.
    pub(crate) fn values(&self, event: &Event<'_>, of: &[FieldId]) -> Option<u64> {
        let mut hasher = sip::SipHasher13::new_with_keys(self.seed.0, self.seed.1);
        for field in of {
            feed(&mut hasher, event.get(*field)?, 128);
        }
        Some(hasher.finish())
    }
}

/// The keys of one event: each is hashed once, however many rules count by the same fields.
#[derive(Debug)]
pub(crate) struct Keys<'r> {
    hasher: &'r KeyHasher,
    known: SmallVec<[(&'r [FieldId], Option<Key>); 4]>,
}

impl<'r> Keys<'r> {
    /// No key yet.
    pub(crate) fn new(hasher: &'r KeyHasher) -> Self {
        Self { hasher, known: SmallVec::new() }
    }

    /// What hashes them.
    pub(crate) fn hasher(&self) -> &'r KeyHasher {
        self.hasher
    }

    /// The key of `event`, the same event each time, by these fields. `None` if a field is missing.
    pub(crate) fn key(&mut self, event: &Event<'_>, by: &'r [FieldId]) -> Option<Key> {
        if let Some((_, key)) = self.known.iter().find(|(known, _)| *known == by) {
            return *key;
        }
        let key = self.hasher.key(event, by);
        self.known.push((by, key));
        key
    }
}

/// Feeds a value so that no two sequences of values give the same bytes.
#[inline]
fn feed(hasher: &mut impl Hasher, value: &Value<'_>, ipv6_prefix: u8) {
    match value {
        Value::Address(IpAddr::V4(v4)) => {
            hasher.write_u8(4);
            hasher.write_u32(u32::from_ne_bytes(v4.octets()));
        }
        Value::Text(text) => {
            // The length first: else `ab`, `c` and `a`, `bc` would be one key.
            length(hasher, 5, text.len());
            hasher.write(text.as_bytes());
        }
        other => feed_seldom(hasher, other, ipv6_prefix),
    }
}

#[inline(never)]
fn feed_seldom(hasher: &mut impl Hasher, value: &Value<'_>, ipv6_prefix: u8) {
    match value {
        Value::Address(address) => match net::client(*address, ipv6_prefix).network() {
            IpAddr::V4(v4) => tagged(hasher, 4, &v4.octets()),
            IpAddr::V6(v6) => tagged(hasher, 6, &v6.octets()),
        },
        Value::Boolean(truth) => tagged(hasher, 1, &[u8::from(*truth)]),
        Value::Float(number) => tagged(hasher, 2, &number.to_bits().to_le_bytes()),
        Value::Integer(number) => tagged(hasher, 3, &number.to_le_bytes()),
        Value::Text(_) => feed(hasher, value, ipv6_prefix),
        Value::List(values) => {
            length(hasher, 7, values.len());
            values.iter().for_each(|value| feed(hasher, value, ipv6_prefix));
        }
    }
}

#[inline]
fn length(hasher: &mut impl Hasher, tag: u8, length: usize) {
    hasher.write_u8(tag);
    // The same bytes on every machine.
    hasher.write_u64((length as u64).to_le());
}

fn tagged(hasher: &mut impl Hasher, tag: u8, bytes: &[u8]) {
    hasher.write_u8(tag);
    hasher.write(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::field;
    use crate::time::Timestamp;

    #[test]
    fn tells_sequences_apart_and_clients_together() {
        let hasher = KeyHasher::new(Some(7), 64);
        let key = |a: &'static str, b: &'static str| {
            let event = Event::new(Timestamp::EPOCH).with(field::USER_NAME, a).with(field::HOST_NAME, b);
            hasher.key(&event, &[field::USER_NAME, field::HOST_NAME]).unwrap()
        };
        assert_ne!(key("ab", "c"), key("a", "bc"));
        assert_eq!(key("a", "b"), key("a", "b"));
        let address = |text: &str| {
            let event = Event::new(Timestamp::EPOCH).with(field::SOURCE_IP, text.parse::<IpAddr>().unwrap());
            hasher.key(&event, &[field::SOURCE_IP]).unwrap()
        };
        assert_eq!(address("2001:db8::1"), address("2001:db8::2"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(hasher.key(&Event::new(Timestamp::EPOCH), &[field::SOURCE_IP]), None);
    }
}
