//! Netlink's messages and attributes: writing them, and reading them from bytes that are not trusted to be whole.
//!
//! ```text
//! message    length u32 | kind u16 | flags u16 | sequence u32 | port u32 | family u8 | version u8 | resource u16 | attributes
//! attribute  length u16 | type u16 | value | padding to 4 bytes            type: bit 15 nested, bit 14 network order
//! ```
//!
//! Lengths include the headers and not the padding. Headers are in the machine's order; the resource number and the values of
//! nearly all attributes are in network order.

const ALIGNMENT: usize = 4;
const HEADER: usize = 16;
const FAMILY_HEADER: usize = 4;
const NESTED: u16 = 0x8000;
/// The bits of an attribute's type that are not flags.
const TYPE_BITS: u16 = 0x3fff;

pub(in crate::firewall) const REQUEST: u16 = 0x1;
pub(in crate::firewall) const ACK: u16 = 0x4;
/// A whole listing is asked for.
pub(in crate::firewall) const DUMP: u16 = 0x300;
pub(in crate::firewall) const CREATE: u16 = 0x400;
pub(in crate::firewall) const APPEND: u16 = 0x800;
/// On a part of a dump: somebody changed the ruleset meanwhile.
pub(super) const INTERRUPTED: u16 = 0x10;

/// What stands before a message's attributes.
#[derive(Clone, Copy, Debug)]
pub(in crate::firewall) struct Head {
    pub(in crate::firewall) kind: u16,
    pub(in crate::firewall) flags: u16,
    pub(in crate::firewall) sequence: u32,
    pub(in crate::firewall) family: u8,
    pub(in crate::firewall) resource: u16,
}

/// Messages one after the other, as one send takes them.
#[derive(Debug, Default)]
pub(in crate::firewall) struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    pub(in crate::firewall) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(in crate::firewall) fn message(&mut self, head: Head, attributes: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&0_u32.to_ne_bytes());
        self.bytes.extend_from_slice(&head.kind.to_ne_bytes());
        self.bytes.extend_from_slice(&head.flags.to_ne_bytes());
        self.bytes.extend_from_slice(&head.sequence.to_ne_bytes());
        // The port: the kernel knows ours.
        self.bytes.extend_from_slice(&0_u32.to_ne_bytes());
        self.bytes.extend_from_slice(&[head.family, 0]);
        self.bytes.extend_from_slice(&head.resource.to_be_bytes());
        attributes(self);
        // A call too long for this field is refused before it is encoded.
        let length = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        self.patch(start, &length.to_ne_bytes());
    }

    /// Adds flags to the message that starts at byte `start`.
    pub(in crate::firewall) fn add_flags(&mut self, start: usize, flags: u16) {
        if let Some(before) = half(&self.bytes, start + 6) {
            self.patch(start + 6, &(before | flags).to_ne_bytes());
        }
    }

    pub(in crate::firewall) fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.attribute_of(kind, |encoder| encoder.bytes.extend_from_slice(value));
    }

    /// An attribute whose value is appended.
    pub(in crate::firewall) fn appended(&mut self, kind: u16, append: impl FnOnce(&mut Vec<u8>)) {
        self.attribute_of(kind, |encoder| append(&mut encoder.bytes));
    }

    /// Forgets what was written, and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(in crate::firewall) fn text(&mut self, kind: u16, value: &str) {
        self.attribute_of(kind, |encoder| {
            encoder.bytes.extend_from_slice(value.as_bytes());
            encoder.bytes.push(0);
        });
    }

    pub(in crate::firewall) fn number(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_be_bytes());
    }

    pub(in crate::firewall) fn nest(&mut self, kind: u16, attributes: impl FnOnce(&mut Self)) {
        self.attribute_of(kind | NESTED, attributes);
    }

    fn attribute_of(&mut self, kind: u16, value: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&0_u16.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        value(self);
        // Lists are split before they reach this bound; a false length would be refused.
        let length = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
        self.patch(start, &length.to_ne_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
    }

    fn patch(&mut self, at: usize, value: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    }
}

/// One message of a datagram.
#[derive(Clone, Copy, Debug)]
pub(in crate::firewall) struct Reply<'a> {
    pub(in crate::firewall) kind: u16,
    pub(in crate::firewall) flags: u16,
    pub(in crate::firewall) sequence: u32,
    body: &'a [u8],
}

impl<'a> Reply<'a> {
    /// The attributes behind the family header.
    pub(in crate::firewall) fn attributes(&self) -> Attributes<'a> {
        attributes(self.body.get(FAMILY_HEADER..).unwrap_or_default())
    }

    /// The error code of an error message: 0 is an acknowledgement.
    pub(in crate::firewall) fn code(&self) -> Option<i32> {
        Some(i32::from_ne_bytes(*self.body.first_chunk()?))
    }

    /// What an error message sends back of the message it is about, from its head on.
    pub(super) fn echo(&self) -> &'a [u8] {
        self.body.get(4..).unwrap_or_default()
    }
}

/// The messages of a datagram; ends at the first that is cut off.
pub(in crate::firewall) fn replies(datagram: &[u8]) -> impl Iterator<Item = Reply<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32::from_ne_bytes(*rest.first_chunk()?)).ok()?;
        let message = rest.get(..length)?;
        let reply = Reply {
            kind: half(message, 4)?,
            flags: half(message, 6)?,
            sequence: u32::from_ne_bytes(*message.get(8..)?.first_chunk()?),
            body: message.get(HEADER..)?,
        };
        rest = rest.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some(reply)
    })
}

/// Attributes as (type, value), in order; ends at the first that is cut off.
#[derive(Clone, Copy, Debug)]
pub(in crate::firewall) struct Attributes<'a> {
    rest: &'a [u8],
}

pub(in crate::firewall) fn attributes(bytes: &[u8]) -> Attributes<'_> {
    Attributes { rest: bytes }
}

impl<'a> Attributes<'a> {
    /// The value of the first attribute of this type.
    pub(in crate::firewall) fn find(mut self, kind: u16) -> Option<&'a [u8]> {
        Iterator::find(&mut self, |(found, _)| *found == kind).map(|(_, value)| value)
    }

    /// The attributes inside an attribute; none where it is absent.
    pub(in crate::firewall) fn inside(self, kind: u16) -> Attributes<'a> {
        attributes(self.find(kind).unwrap_or_default())
    }

    pub(in crate::firewall) fn text(self, kind: u16) -> Option<&'a str> {
        let bytes = self.find(kind)?;
        let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
        std::str::from_utf8(bytes).ok()
    }

    pub(in crate::firewall) fn number(self, kind: u16) -> Option<u32> {
        self.find(kind)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(in crate::firewall) fn long(self, kind: u16) -> Option<u64> {
        self.find(kind)?.try_into().ok().map(u64::from_be_bytes)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(half(self.rest, 0)?);
        let kind = half(self.rest, 2)? & TYPE_BITS;
        let value = self.rest.get(4..length)?;
        self.rest = self.rest.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some((kind, value))
    }
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn walk(attributes: Attributes<'_>, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        attributes.map(|(_, value)| 1 + walk(self::attributes(value), depth - 1)).sum()
    }

    proptest! {
        #[test]
        fn reading_ends_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            for reply in replies(&bytes) {
                let _ = reply.code();
                prop_assert!(walk(reply.attributes(), 4) <= bytes.len() * 4);
            }
            prop_assert!(walk(attributes(&bytes), 4) <= bytes.len() * 4);
        }

        #[test]
        fn reads_what_it_wrote(values in prop::collection::vec((1_u16..100, prop::collection::vec(any::<u8>(), 0..40)), 0..20)) {
            let head = Head { kind: 7, flags: REQUEST, sequence: 9, family: 1, resource: 10 };
            let mut encoder = Encoder::default();
            for _ in 0..2 {
                encoder.message(head, |message| {
                    message.nest(200, |list| values.iter().for_each(|(kind, value)| list.attribute(*kind, value)));
                });
            }
            for reply in replies(encoder.bytes()) {
                prop_assert_eq!((reply.kind, reply.flags, reply.sequence), (7, REQUEST, 9));
                let read: Vec<_> = reply.attributes().inside(200).map(|(kind, value)| (kind, value.to_vec())).collect();
                prop_assert_eq!(&read, &values);
            }
            prop_assert_eq!(replies(encoder.bytes()).count(), 2);
        }
    }

    #[test]
    fn a_length_below_its_own_header_ends_the_walk() {
        assert_eq!(attributes(&[3, 0, 1, 0, 9, 9, 9, 9]).count(), 0);
        assert_eq!(replies(&[0; 64]).count(), 0);
    }
}
