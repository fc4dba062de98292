use std::net::IpAddr;

use super::super::observable::{ObservableKind, parents};
use super::super::table::{Filter, Hashed, Keys, Networks};
use super::about::About;
use super::packed::{Part, Record, anchor};
use super::spaces::{Spaces, space};

/// Indicators that were loaded together, and what finds them. It never changes.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    /// The records, one after another.
    pub(super) arena: Box<[u8]>,
    pub(super) abouts: Box<[About]>,
    pub(super) about_bytes: usize,
    /// By source and id.
    pub(super) ids: Hashed,
    /// By every value but addresses.
    pub(super) values: Hashed,
    /// What of `values` cannot be there.
    pub(super) filter: Filter,
    pub(super) networks: Networks,
    /// Bit n is set when a domain of n labels is listed with all below it.
    pub(super) depths: u128,
    /// Of which kinds values are listed.
    pub(super) spaces: Spaces,
    /// How many records there are, marks of what is gone among them.
    pub(super) records: usize,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'k> {
    Address(IpAddr),
    /// A name with all above it.
    Name(&'k [u8]),
    /// A URL, and where it begins without its scheme.
    Url(&'k [u8], usize),
    Other(ObservableKind, &'k [u8]),
}

/// What was asked, with its hashes: they are the same for every segment.
pub(super) enum Probe<'k> {
    Address(IpAddr),
    /// A key of a space, and its hash.
    Text {
        space: u8,
        key: &'k [u8],
        hash: u64,
    },
    /// A name above the one asked for, the number of its labels, and its hash.
    Above {
        key: &'k [u8],
        labels: u32,
        hash: u64,
    },
}

impl<'k> Asked<'k> {
    /// Calls back with everything that has to be looked for.
    #[inline]
    pub(super) fn probes(self, keys: &Keys, spaces: Spaces, depths: u128, mut each: impl FnMut(&Probe<'k>)) {
        let mut text = |kind: ObservableKind, key: &'k [u8]| {
            let space = space(kind);
            each(&Probe::Text { space, key, hash: keys.hash(space, key) });
        };
        match self {
            Asked::Address(address) => each(&Probe::Address(address)),
            Asked::Other(kind, key) => text(kind, key),
            Asked::Url(key, bare) => {
                text(ObservableKind::Url, key);
                if let Some(bare) = key.get(bare..).filter(|_| bare > 0 && spaces.has_bare_urls()) {
                    text(ObservableKind::Url, bare);
                }
            }
            Asked::Name(name) => {
                text(ObservableKind::Hostname, name);
                if depths == 0 {
                    return;
                }
                let space = space(ObservableKind::Domain);
                for (key, labels) in parents(name).filter(|(_, labels)| has_depth(depths, *labels)) {
                    each(&Probe::Above { key, labels, hash: keys.hash(space, key) });
                }
            }
        }
    }
}

impl Segment {
    /// Calls back with every record one of whose values has what is looked for, and where it is.
    #[inline]
    pub(super) fn find<'s>(&'s self, probe: &Probe<'_>, mut each: impl FnMut(u32, Record<'s>)) {
        match *probe {
            Probe::Address(address) => {
                self.networks.find(address).for_each(|at| each(at, self.record(at)));
            }
            Probe::Text { space: asked, key, hash } => {
                let is_it = |part: Part<'_>| space(part.kind) == asked && part.key == key;
                self.verified(hash, is_it, each);
            }
            Probe::Above { key, labels, hash } if has_depth(self.depths, labels) => {
                let is_it = |part: Part<'_>| part.kind == ObservableKind::Domain && part.key == key;
                self.verified(hash, is_it, each);
            }
            Probe::Above { .. } => {}
        }
    }

    #[inline]
    fn verified<'s>(
        &'s self,
        hash: u64,
        is_it: impl Fn(Part<'_>) -> bool,
        mut each: impl FnMut(u32, Record<'s>),
    ) {
        if !self.filter.may_have(hash) {
            return;
        }
        for at in self.values.find(hash) {
            let record = self.record(at);
            if record.values().any(|parts| anchor(&parts).is_some_and(&is_it)) {
                each(at, record);
            }
        }
    }

    #[inline]
    pub(crate) fn record(&self, at: u32) -> Record<'_> {
        Record::read(&self.arena, at)
    }

    pub(crate) fn about(&self, record: &Record<'_>) -> Option<&About> {
        self.abouts.get(record.about as usize)
    }

    /// Whether it may have an id of this hash, which it nearly certainly has then.
    pub(super) fn may_have_id(&self, hash: u64) -> bool {
        self.ids.find(hash).next().is_some()
    }

    /// Where the record of this id is.
    pub(super) fn find_id(&self, hash: u64, source: &str, id: &[u8]) -> Option<u32> {
        self.ids.find(hash).find(|at| {
            let record = self.record(*at);
            self.about(&record).is_some_and(|about| &*about.source == source) && record.id()[..] == *id
        })
    }

    /// Every record and where it is.
    pub(super) fn records(&self) -> impl Iterator<Item = (u32, Record<'_>)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            if at as usize >= self.arena.len() {
                return None;
            }
            let (here, record) = (at, self.record(at));
            at += u32::try_from(record.length(&self.arena, at)).unwrap_or(u32::MAX);
            Some((here, record))
        })
    }

    /// How many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.arena.len()
            + self.about_bytes
            + self.ids.bytes()
            + self.values.bytes()
            + self.filter.bytes()
            + self.networks.bytes()
    }
}

pub(super) fn depth(labels: u32) -> u128 {
    1_u128.checked_shl(labels).unwrap_or(0)
}

fn has_depth(depths: u128, labels: u32) -> bool {
    depths & depth(labels) != 0
}
