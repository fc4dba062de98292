use std::sync::Arc;

use super::super::observable::{ObservableKind, read_network};
use super::super::table::Keys;
use super::super::{Indicator, Observable};
use super::about::About;
use super::packed::{Record, hash_id};
use super::segment::{Asked, Probe, Segment};
use super::spaces::Spaces;

/// The indicators of one moment; never changes, so whoever holds it sees one consistent set.
#[derive(Debug, Default)]
pub struct Snapshot {
    keys: Keys,
    /// Oldest and largest first. What a later one says of an id counts.
    pub(super) segments: Vec<Arc<Segment>>,
    depths: u128,
    spaces: Spaces,
    live: usize,
}

/// A record that has what was looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'s> {
    /// Which one it is: the number of its segment, and where it is there.
    pub(crate) place: (usize, u32),
    pub(crate) record: Record<'s>,
    pub(crate) about: &'s About,
}

impl Snapshot {
    pub(super) fn new(keys: Keys, segments: Vec<Arc<Segment>>, live: usize) -> Self {
        let depths = segments.iter().fold(0, |depths, segment| depths | segment.depths);
        let spaces = segments.iter().fold(Spaces::default(), |spaces, segment| spaces.union(segment.spaces));
        Self { keys, segments, depths, spaces, live }
    }

    /// How many indicators it has; what was revoked is none of them.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many bytes of memory it takes, all in.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.bytes()).sum::<usize>()
    }

    /// Every indicator one of whose values is this one or covers it: an address is covered by the prefixes it belongs to, a
    /// name by the domains above it, a URL by the same without a scheme. Of joined values the one that is rarest in events
    /// counts here: a digest before a name, a name before an address. Valid at any time; see [`Indicator::confidence_at`].
    ///
    /// ```
    /// use autosec_core::intel::{Indicator, IndicatorIndex, IndicatorValue, Observable, ObservableKind};
    ///
    /// let index = IndicatorIndex::default();
    /// index.load([Indicator::new("list", IndicatorValue::new(ObservableKind::Domain, "malware.example")?)]);
    /// let seen = Observable::new(ObservableKind::Hostname, "cdn.malware.example")?;
    /// assert_eq!(index.snapshot().lookup(&seen).len(), 1);
    /// let other = Observable::new(ObservableKind::Hostname, "notmalware.example")?;
    /// assert!(index.snapshot().lookup(&other).is_empty());
    /// # Ok::<(), autosec_core::intel::ValueError>(())
    /// ```
    pub fn lookup(&self, observable: &Observable) -> Vec<Indicator> {
        let mut found = Vec::new();
        let key = observable.key();
        let asked = match observable.kind() {
            ObservableKind::Network => match read_network(key) {
                Some(network) => return self.lookup_network(network),
                None => return found,
            },
            ObservableKind::Hostname | ObservableKind::Domain => Asked::Name(key),
            ObservableKind::Url => Asked::Url(key, memchr::memmem::find(key, b"//").unwrap_or(0)),
            kind => Asked::Other(kind, key),
        };
        self.visit(asked, |hit| found.push(hit.record.indicator(hit.about)));
        found
    }

    /// The indicator of a source's id, if it is there; one that was revoked is.
    pub fn indicator(&self, source: &str, id: &str) -> Option<Indicator> {
        self.by_id(source, id).map(|found| found.record.indicator(found.about))
    }

    /// Every indicator, in no certain order.
    pub fn indicators(&self) -> impl Iterator<Item = Indicator> + '_ {
        self.all_live().map(|found| found.record.indicator(found.about))
    }

    /// How many indicators a source has; looks at every one.
    pub fn len_of(&self, source: &str) -> usize {
        self.all_live().filter(|found| &*found.about.source == source).count()
    }

    fn lookup_network(&self, network: ipnet::IpNet) -> Vec<Indicator> {
        let mut found = Vec::new();
        self.visit(Asked::Address(network.addr()), |hit| {
            let listed = hit.record.values().flatten().filter(|part| part.kind == ObservableKind::Network);
            if listed.filter_map(|part| read_network(part.key)).any(|listed| listed.contains(&network)) {
                found.push(hit.record.indicator(hit.about));
            }
        });
        found
    }

    /// Calls back with every record one of whose values has its rarest part covering what is asked; a record with
    /// several such values comes several times.
    #[inline]
    pub(crate) fn visit<'s>(&'s self, asked: Asked<'_>, mut each: impl FnMut(Found<'s>)) {
        self.probes(asked, |probe| self.visit_probe(probe, &mut each));
    }

    /// Calls back with everything that has to be looked for.
    #[inline]
    pub(super) fn probes<'k>(&self, asked: Asked<'k>, each: impl FnMut(&Probe<'k>)) {
        let kind = match asked {
            Asked::Address(_) => ObservableKind::Network,
            Asked::Name(_) => ObservableKind::Hostname,
            Asked::Url(..) => ObservableKind::Url,
            Asked::Other(kind, _) => kind,
        };
        if self.spaces.has(kind) {
            asked.probes(&self.keys, self.spaces, self.depths, each);
        }
    }

    /// Of which kinds it has values.
    pub(crate) fn spaces(&self) -> Spaces {
        self.spaces
    }

    #[inline]
    fn visit_probe<'s>(&'s self, probe: &Probe<'_>, each: &mut impl FnMut(Found<'s>)) {
        for (number, segment) in self.segments.iter().enumerate() {
            segment.find(probe, |at, record| {
                if let Some(about) = segment.about(&record)
                    && !self.is_superseded(number, about, &record)
                {
                    each(Found { place: (number, at), record, about });
                }
            });
        }
    }

    /// Whether a later segment says something else of this record's id.
    fn is_superseded(&self, number: usize, about: &About, record: &Record<'_>) -> bool {
        let later = self.segments.get(number + 1..).unwrap_or_default();
        if later.is_empty() {
            return false;
        }
        let hash = record.hash_id(&self.keys, &about.source);
        let mut later = later.iter().filter(|segment| segment.may_have_id(hash));
        later.any(|segment| segment.find_id(hash, &about.source, &record.id()).is_some())
    }

    /// The record that counts for this id, unless it is gone.
    pub(super) fn by_id(&self, source: &str, id: &str) -> Option<Found<'_>> {
        if self.segments.is_empty() {
            return None;
        }
        let hash = hash_id(&self.keys, source, id);
        let newest = self.segments.iter().enumerate().rev();
        let (number, segment, at) = newest
            .filter_map(|(number, segment)| {
                Some((number, segment, segment.find_id(hash, source, id.as_bytes())?))
            })
            .next()?;
        let record = segment.record(at);
        let about = segment.about(&record).filter(|_| !record.is_removed())?;
        Some(Found { place: (number, at), record, about })
    }

    /// Every record that counts and was not revoked.
    pub(super) fn all_live(&self) -> impl Iterator<Item = Found<'_>> {
        let numbered = self.segments.iter().enumerate();
        numbered.flat_map(move |(number, segment)| {
            segment.records().filter_map(move |(at, record)| {
                let about = segment.about(&record).filter(|_| record.is_live())?;
                (!self.is_superseded(number, about, &record)).then_some(Found {
                    place: (number, at),
                    record,
                    about,
                })
            })
        })
    }
}
