//! A transaction: messages the kernel applies all or none.
//!
//! ```text
//! BEGIN (generation) │ message 1 │ message 2 │ … │ message n, asks for an answer │ END
//! ```
//!
//! All of it is one send. Messages are numbered one after the other, so the number in an error tells which message it is
//! about, and, where that message carries a single item, which of the caller's items.

use crate::firewall::netlink::{ACK, Encoder, Head, REQUEST};

/// The number of nftables among netfilter's subsystems.
pub(super) const SUBSYSTEM: u16 = 10;
/// Family `inet`: IPv4 and IPv6 in one table.
pub(super) const INET: u8 = 1;

const BEGIN: u16 = 0x10;
const END: u16 = 0x11;
const GENERATION: u16 = 1;

/// A message's operation. The numbers are the kernel's; those from 25 on are younger than many systems' headers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u16)]
pub(super) enum Operation {
    NewTable = 0,
    ReadTable = 1,
    DeleteTable = 2,
    NewChain = 3,
    ReadChain = 4,
    DeleteChain = 5,
    NewRule = 6,
    ReadRules = 7,
    DeleteRules = 8,
    NewSet = 9,
    ReadSets = 10,
    NewElements = 12,
    ReadElements = 13,
    DeleteElements = 14,
    ReadGeneration = 16,
    DestroyElements = 30,
}

impl Operation {
    pub(super) fn kind(self) -> u16 {
        SUBSYSTEM << 8 | self as u16
    }
}

/// The messages of one transaction, numbered in order.
#[derive(Debug)]
pub(super) struct Batch {
    encoder: Encoder,
    first: u32,
    /// For each message behind the first, the index of the caller's item where it carries exactly one.
    items: Vec<Option<usize>>,
    /// Where the last message begins among the bytes.
    last: usize,
}

impl Batch {
    /// A transaction whose messages are numbered from `first`. With a `generation` it is refused (`ERESTART`) unless
    /// the ruleset is still that one.
    pub(super) fn begin(first: u32, generation: Option<u32>) -> Self {
        let mut encoder = Encoder::default();
        encoder.message(frame(BEGIN, first), |begin| {
            if let Some(generation) = generation {
                begin.number(GENERATION, generation);
            }
        });
        Self { encoder, first, items: Vec::new(), last: 0 }
    }

    pub(super) fn message(
        &mut self,
        operation: Operation,
        flags: u16,
        attributes: impl FnOnce(&mut Encoder),
    ) {
        self.message_for(None, operation, flags, attributes);
    }

    pub(super) fn message_for(
        &mut self,
        item: Option<usize>,
        operation: Operation,
        flags: u16,
        attributes: impl FnOnce(&mut Encoder),
    ) {
        self.items.push(item);
        let sequence = self.sequence(self.items.len());
        let head =
            Head { kind: operation.kind(), flags: REQUEST | flags, sequence, family: INET, resource: 0 };
        self.last = self.encoder.bytes().len();
        self.encoder.message(head, attributes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The finished bytes. The last message asks for an acknowledgement: on the closing frame itself older kernels
    /// do not answer one.
    pub(super) fn end(&mut self) -> &[u8] {
        self.encoder.add_flags(self.last, ACK);
        let sequence = self.sequence(self.items.len() + 1);
        self.encoder.message(frame(END, sequence), |_| {});
        self.encoder.bytes()
    }

    /// How many numbers the transaction uses.
    pub(super) fn length(&self) -> u32 {
        number(self.items.len() + 2)
    }

    pub(super) fn position(&self, sequence: u32) -> Position {
        let offset = sequence.wrapping_sub(self.first);
        match usize::try_from(offset).unwrap_or(usize::MAX) {
            0 => Position::Begin,
            at if at == self.items.len() => Position::Last(self.item(at)),
            at if at < self.items.len() => Position::Inside(self.item(at)),
            _ => Position::Elsewhere,
        }
    }

    fn item(&self, at: usize) -> Option<usize> {
        self.items.get(at.checked_sub(1)?).copied().flatten()
    }

    fn sequence(&self, at: usize) -> u32 {
        self.first.wrapping_add(number(at))
    }
}

/// Where in a transaction an answer belongs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Position {
    /// The transaction as a whole.
    Begin,
    /// A message before the last, and the item it carries where it carries one.
    Inside(Option<usize>),
    /// The last message.
    Last(Option<usize>),
    /// An earlier exchange, which timed out.
    Elsewhere,
}

fn number(count: usize) -> u32 {
    // At most three messages an item and `element::BATCH` items: far below 2^32.
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn frame(kind: u16, sequence: u32) -> Head {
    Head { kind, flags: REQUEST, sequence, family: 0, resource: SUBSYSTEM }
}
