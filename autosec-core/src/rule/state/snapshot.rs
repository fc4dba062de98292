//! The form of snapshots: a head with a version and the seed of keys, rules with what they remember, a checksum.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::codec::{Reader, Writer};

const HEAD: &[u8] = b"AutoSec\0state\0\0\0";
const VERSION: u64 = 1;

/// Why a snapshot of state was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes are something else.
    #[error("these bytes are no snapshot of a rule set")]
    Foreign,
    /// A later version wrote it.
    #[error("the snapshot has version {version}, and version 1 is known")]
    Version {
        /// The version it says.
        version: u64,
    },
    /// Bytes are missing, were added or have changed.
    #[error("the snapshot is damaged")]
    Damaged,
    /// Its keys were hashed with another seed, so that they mean nothing here.
    #[error(
        "the snapshot's keys have another seed: build the rule set with `resume`, or both with one `seed`"
    )]
    Seed,
}

/// A snapshot of which head and checksum are right.
#[derive(Debug)]
pub(crate) struct Snapshot<'b> {
    seed: (u64, u64),
    ipv6_prefix: u64,
    rules: Vec<Part<'b>>,
}

/// What one rule remembers.
#[derive(Debug)]
pub(crate) struct Part<'b> {
    pub(crate) id: &'b str,
    pub(crate) digest: u64,
    pub(crate) state: Reader<'b>,
}

impl<'b> Snapshot<'b> {
    /// Reads the head, finds the parts and compares the checksum.
    ///
    /// # Errors
    /// The bytes are no snapshot, damaged, or of a version that is not known.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, SnapshotError> {
        let body = bytes.strip_prefix(HEAD).ok_or(SnapshotError::Foreign)?;
        let version = Reader(body).number().ok_or(SnapshotError::Damaged)?;
        if version != VERSION {
            return Err(SnapshotError::Version { version });
        }
        let length = bytes.len().saturating_sub(size_of::<u64>());
        let (content, checksum) = bytes.split_at_checked(length).ok_or(SnapshotError::Damaged)?;
        if digest(content).to_le_bytes() != *checksum {
            return Err(SnapshotError::Damaged);
        }
        Self::parts(content.get(HEAD.len()..).unwrap_or_default()).ok_or(SnapshotError::Damaged)
    }

    /// Both halves of the seed its keys were hashed with.
    pub(crate) fn seed(&self) -> (u64, u64) {
        self.seed
    }

    /// How many bits of an IPv6 address its keys were made of.
    pub(crate) fn ipv6_prefix(&self) -> u64 {
        self.ipv6_prefix
    }

    /// What each rule remembers.
    pub(crate) fn rules(&self) -> &[Part<'b>] {
        &self.rules
    }

    fn parts(body: &'b [u8]) -> Option<Self> {
        let mut from = Reader(body);
        from.number()?;
        let seed = (from.fixed()?, from.fixed()?);
        let ipv6_prefix = from.number()?;
        let mut rules = Vec::new();
        for _ in 0..from.length()? {
            let (id, digest) = (from.text()?, from.fixed()?);
            let length = from.length()?;
            rules.push(Part { id, digest, state: Reader(from.bytes(length)?) });
        }
        from.0.is_empty().then_some(Self { seed, ipv6_prefix, rules })
    }
}

/// Writes a snapshot of rules, each with its id, its digest and what writes down what it remembers.
pub(crate) fn write<'a, W: FnOnce(&mut Writer)>(
    seed: (u64, u64),
    ipv6_prefix: u8,
    rules: impl ExactSizeIterator<Item = (&'a str, u64, W)>,
) -> Vec<u8> {
    let mut to = Writer(HEAD.to_vec());
    to.number(VERSION);
    to.fixed(seed.0);
    to.fixed(seed.1);
    to.number(u64::from(ipv6_prefix));
    to.length(rules.len());
    for (id, digest, state) in rules {
        to.text(id);
        to.fixed(digest);
        let mut part = Writer::default();
        state(&mut part);
        to.length(part.0.len());
        to.0.extend(part.0);
    }
    let checksum = digest(&to.0);
    to.fixed(checksum);
    to.0
}

/// A hash that is the same on every machine and in every version.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(bytes);
    hasher.finish()
}
