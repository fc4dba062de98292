use std::collections::HashMap;

use ipnet::IpNet;

use super::super::Indicator;
use super::super::observable::{ObservableKind, parents, read_network};
use super::super::table::{Filter, Hashed, Keys, Networks};
use super::about::{About, Abouts};
use super::packed::{self, Record, anchor};
use super::segment::{Segment, depth};
use super::spaces::{Spaces, space};

/// A segment while records come in.
#[derive(Debug)]
pub(super) struct SegmentBuilder<'k> {
    keys: &'k Keys,
    arena: Vec<u8>,
    abouts: Abouts,
    ids: Vec<(u64, u32)>,
    /// The most that all tables may take, by the worst case known.
    table_bytes: usize,
}

/// What an entry of a table takes, with its part of a filter.
const ENTRY_BYTES: usize = 12;
/// What a prefix takes at worst (see [`PrefixTable::bytes`](crate::net::PrefixTable::bytes)), and what is ours of it.
const V4_BYTES: usize = 36 + 12;
const V6_BYTES: usize = 138 + 12;

impl<'k> SegmentBuilder<'k> {
    pub(super) fn new(keys: &'k Keys) -> Self {
        Self { keys, arena: Vec::new(), abouts: Abouts::default(), ids: Vec::new(), table_bytes: 0 }
    }

    /// How many records it has.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// No less than the segment will take.
    pub(super) fn bytes(&self) -> usize {
        self.arena.len() + self.abouts.bytes() + self.table_bytes
    }

    pub(super) fn add(&mut self, indicator: &Indicator) {
        let about = self.abouts.number(indicator);
        let at = self.start(&indicator.source, &indicator.id);
        packed::put(indicator, about, &mut self.arena);
        if !indicator.revoked {
            self.table_bytes +=
                indicator.values.iter().map(|value| worst_bytes(value.parts())).sum::<usize>();
        }
        debug_assert!(self.arena.len() > at);
    }

    /// Adds a mark that an indicator is gone.
    pub(super) fn add_removed(&mut self, about: &About, id: &str) {
        let number = self.abouts.intern(about.clone());
        self.start(&about.source, id);
        packed::put_removed(id, number, &mut self.arena);
    }

    /// Copies a record of a segment.
    pub(super) fn copy(&mut self, segment: &Segment, at: u32, abouts: &mut HashMap<u32, u32>) {
        let record = segment.record(at);
        let Some(about) = segment.about(&record) else { return };
        let number = *abouts.entry(record.about).or_insert_with(|| self.abouts.intern(about.clone()));
        let mut id = String::new();
        record.write_id(&mut id);
        self.start(&about.source, &id);
        let length = record.length(&segment.arena, at);
        let bytes = segment.arena.get(at as usize..).and_then(|rest| rest.get(..length));
        packed::copy(bytes.unwrap_or_default(), number, &mut self.arena);
    }

    fn start(&mut self, source: &str, id: &str) -> usize {
        let at = self.arena.len();
        self.ids.push((packed::hash_id(self.keys, source, id), as_u32(at)));
        self.table_bytes += ENTRY_BYTES;
        at
    }

    /// The segment, and how many values could not be entered because too many are the same. Of records of one id the
    /// newest counts, of equally new ones the last.
    pub(super) fn finish(mut self) -> (Segment, usize) {
        if let Some(losers) = self.losers() {
            self.drop_records(&losers);
        }
        self.arena.shrink_to_fit();
        let about_bytes = self.abouts.bytes();
        let mut segment = Segment {
            arena: self.arena.into_boxed_slice(),
            abouts: self.abouts.finish(),
            about_bytes,
            records: self.ids.len(),
            ..Segment::default()
        };
        let crowded_ids;
        (segment.ids, crowded_ids) = Hashed::new(self.ids);
        let (texts, networks) = enter(&mut segment, self.keys);
        let (crowded_texts, crowded_networks);
        segment.filter = Filter::new(texts.iter().map(|(hash, _)| *hash));
        (segment.values, crowded_texts) = Hashed::new(texts);
        (segment.networks, crowded_networks) = Networks::new(networks);
        (segment, crowded_ids + crowded_texts + crowded_networks)
    }

    /// Where the records are that give way to another of their id, if there are any.
    fn losers(&mut self) -> Option<Vec<u32>> {
        self.ids.sort_unstable();
        let abouts = std::mem::take(&mut self.abouts);
        let mut losers = Vec::new();
        for same_hash in self.ids.chunk_by(|one, other| one.0 == other.0).filter(|chunk| chunk.len() > 1) {
            let mut best: HashMap<(&str, String), (Option<crate::time::Timestamp>, u32)> = HashMap::new();
            for (_, at) in same_hash {
                let record = Record::read(&self.arena, *at);
                let mut id = String::new();
                record.write_id(&mut id);
                let modified = record.times()[2];
                let key = (abouts.source(record.about), id);
                match best.get_mut(&key) {
                    Some(held) if held.0 > modified => losers.push(*at),
                    Some(held) => losers.push(std::mem::replace(held, (modified, *at)).1),
                    None => drop(best.insert(key, (modified, *at))),
                }
            }
        }
        self.abouts = abouts;
        losers.sort_unstable();
        (!losers.is_empty()).then_some(losers)
    }

    fn drop_records(&mut self, losers: &[u32]) {
        let (mut kept, mut ids) = (Vec::with_capacity(self.arena.len()), Vec::with_capacity(self.ids.len()));
        self.ids.sort_unstable_by_key(|(_, at)| *at);
        for (hash, at) in &self.ids {
            if losers.binary_search(at).is_ok() {
                continue;
            }
            let length = Record::read(&self.arena, *at).length(&self.arena, *at);
            ids.push((*hash, as_u32(kept.len())));
            kept.extend_from_slice(
                self.arena.get(*at as usize..).and_then(|rest| rest.get(..length)).unwrap_or_default(),
            );
        }
        (self.arena, self.ids) = (kept, ids);
    }
}

type Entries = (Vec<(u64, u32)>, Vec<(IpNet, u32)>);

/// Every value of live records with its place, by which it will be found.
fn enter(segment: &mut Segment, keys: &Keys) -> Entries {
    let (mut texts, mut networks) = (Vec::with_capacity(segment.records), Vec::new());
    let (mut depths, mut spaces) = (0, Spaces::default());
    for (at, record) in segment.records().filter(|(_, record)| record.is_live()) {
        for part in record.values().filter_map(|parts| anchor(&parts)) {
            spaces.add(part.kind, part.key);
            match part.kind {
                ObservableKind::Network => {
                    networks.extend(read_network(part.key).map(|network| (network, at)))
                }
                kind => {
                    if kind == ObservableKind::Domain {
                        depths |= depth(labels(part.key));
                    }
                    texts.push((keys.hash(space(kind), part.key), at));
                }
            }
        }
    }
    (segment.depths, segment.spaces) = (depths, spaces);
    (texts, networks)
}

fn labels(name: &[u8]) -> u32 {
    parents(name).next().map_or(2, |(_, labels)| labels + 1)
}

fn worst_bytes(parts: &[super::super::Observable]) -> usize {
    let is = |kind| parts.iter().any(|part| part.kind() == kind);
    let network =
        parts.iter().filter_map(super::super::Observable::as_network).map(|network| match network {
            IpNet::V4(_) => V4_BYTES,
            IpNet::V6(_) => V6_BYTES,
        });
    if is(ObservableKind::Network) { network.max().unwrap_or(ENTRY_BYTES) } else { ENTRY_BYTES }
}

fn as_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
