//! An indicator as bytes: what is shared by its number, ids and times in as few bytes as they need.

use smallvec::SmallVec;

use super::super::indicator::natural_id;
use super::super::observable::{ObservableKind, hex};
use super::super::table::Keys;
use super::super::{Decay, Indicator, IndicatorValue, Observable};
use super::about::About;
use super::bytes::{Reader, put_number, put_signed, put_text};
use crate::measure::Confidence;
use crate::time::Timestamp;

const REVOKED: u16 = 1;
const REMOVED: u16 = 1 << 1;
const NATURAL: u16 = 1 << 2;
const UUID: u16 = 1 << 3;
const DISPUTED: u16 = 1 << 4;
const MANY: u16 = 1 << 5;
/// The first of as many bits as there are times.
const TIMES: u16 = 1 << 6;
const TIME_COUNT: usize = 5;
/// Confidence 1.
const WHOLE: f64 = 10_000.0;

/// A record that is read where it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    flags: u16,
    pub(crate) about: u32,
    confidence: u16,
    false_positives: u8,
    times: [Option<Timestamp>; TIME_COUNT],
    /// What stands before the UUID, or the whole id.
    id: &'a [u8],
    uuid: &'a [u8],
    values: Reader<'a>,
}

/// A value of a kind, where it lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Part<'a> {
    pub(crate) kind: ObservableKind,
    pub(crate) key: &'a [u8],
}

/// Values that must all be there.
pub(crate) type Parts<'a> = SmallVec<[Part<'a>; 2]>;

/// Adds an indicator.
pub(super) fn put(indicator: &Indicator, about: u32, to: &mut Vec<u8>) {
    let times = times(indicator);
    let natural = indicator.values.first().is_some_and(|value| natural_id(value) == *indicator.id);
    let uuid = split_uuid(&indicator.id).filter(|_| !natural);
    let single = matches!(indicator.values.as_slice(), [value] if value.parts().len() == 1);
    let mut flags = 0;
    let mut mark = |flag, is| flags |= if is { flag } else { 0 };
    mark(REVOKED, indicator.revoked);
    mark(NATURAL, natural);
    mark(UUID, uuid.is_some());
    mark(DISPUTED, indicator.false_positives > 0);
    mark(MANY, !single);
    times.iter().enumerate().for_each(|(at, time)| mark(TIMES << at, time.is_some()));
    to.extend_from_slice(&flags.to_le_bytes());
    put_number(u64::from(about), to);
    to.extend_from_slice(&as_part(indicator.confidence).to_le_bytes());
    if indicator.false_positives > 0 {
        to.push(indicator.false_positives);
    }
    times.iter().flatten().for_each(|time| put_time(*time, to));
    match uuid {
        _ if natural => {}
        Some((before, uuid)) => {
            put_text(before.as_bytes(), to);
            to.extend_from_slice(&uuid);
        }
        None => put_text(indicator.id.as_bytes(), to),
    }
    put_values(&indicator.values, single, to);
}

/// Adds a mark that the indicator of this id is gone.
pub(super) fn put_removed(id: &str, about: u32, to: &mut Vec<u8>) {
    to.extend_from_slice(&(REMOVED | MANY).to_le_bytes());
    put_number(u64::from(about), to);
    to.extend_from_slice(&[0; 2]);
    put_text(id.as_bytes(), to);
    put_number(0, to);
}

/// The hash of an id of a source.
pub(super) fn hash_id(keys: &Keys, source: &str, id: &str) -> u64 {
    match split_uuid(id) {
        Some((before, uuid)) => keys.hash_all([source.as_bytes(), before.as_bytes(), &uuid]),
        None => keys.hash_all([source.as_bytes(), id.as_bytes()]),
    }
}

/// Copies a record, with another number of what it shares.
pub(super) fn copy(record: &[u8], about: u32, to: &mut Vec<u8>) {
    let mut reader = Reader(record);
    to.extend_from_slice(reader.take(2));
    reader.number();
    put_number(u64::from(about), to);
    to.extend_from_slice(reader.0);
}

fn put_values(values: &[IndicatorValue], single: bool, to: &mut Vec<u8>) {
    if !single {
        put_number(values.len() as u64, to);
    }
    for value in values {
        if !single {
            put_number(value.parts().len() as u64, to);
        }
        for part in value.parts() {
            to.push(part.kind().number());
            put_text(part.key(), to);
        }
    }
}

/// Whole seconds, as most feeds give them, in five bytes.
fn put_time(time: Timestamp, to: &mut Vec<u8>) {
    let micros = time.as_micros();
    match micros % 1_000_000 {
        0 => put_signed(micros / 1_000_000 * 2, to),
        _ => put_signed(micros.saturating_mul(2) | 1, to),
    }
}

fn read_time(reader: &mut Reader<'_>) -> Timestamp {
    let number = reader.signed();
    match number & 1 {
        0 => Timestamp::from_secs(number >> 1),
        _ => Timestamp::from_micros(number >> 1),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "from 0 to 10,000")]
fn as_part(confidence: Confidence) -> u16 {
    (confidence.value() * WHOLE).round() as u16
}

/// The confidence as it is kept.
pub(super) fn rounded(confidence: Confidence) -> Confidence {
    Confidence::clamped(f64::from(as_part(confidence)) / WHOLE)
}

impl<'a> Record<'a> {
    /// Reads the record that starts at `at`.
    #[inline]
    pub(crate) fn read(arena: &'a [u8], at: u32) -> Self {
        let mut reader = Reader(arena.get(at as usize..).unwrap_or_default());
        Self::next(&mut reader)
    }

    fn next(reader: &mut Reader<'a>) -> Self {
        let flags = u16::from_le_bytes([reader.byte(), reader.byte()]);
        let about = u32::try_from(reader.number()).unwrap_or(u32::MAX);
        let confidence = u16::from_le_bytes([reader.byte(), reader.byte()]);
        let false_positives = if flags & DISPUTED != 0 { reader.byte() } else { 0 };
        let mut times = [None; TIME_COUNT];
        for (at, time) in times.iter_mut().enumerate() {
            *time = (flags & TIMES << at != 0).then(|| read_time(reader));
        }
        let id = if flags & NATURAL != 0 { &[] } else { reader.text() };
        let uuid = if flags & UUID != 0 { reader.take(16) } else { &[] };
        Self { flags, about, confidence, false_positives, times, id, uuid, values: *reader }
    }

    /// Whether it can be found by its values.
    pub(crate) fn is_live(&self) -> bool {
        self.flags & (REVOKED | REMOVED) == 0
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.flags & REMOVED != 0
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.flags & REVOKED != 0
    }

    pub(crate) fn confidence(&self) -> f64 {
        f64::from(self.confidence) / WHOLE
    }

    pub(crate) fn false_positives(&self) -> u8 {
        self.false_positives
    }

    /// Valid from, valid until, modified, last seen, last sighting.
    pub(crate) fn times(&self) -> [Option<Timestamp>; TIME_COUNT] {
        self.times
    }

    /// [`hash_id`] of its id, from the bytes of a UUID without its digits: each hit asks whether a later segment has the
    /// same id.
    pub(super) fn hash_id(&self, keys: &Keys, source: &str) -> u64 {
        if self.uuid.is_empty() {
            return hash_id(keys, source, str::from_utf8(&self.id()).unwrap_or_default());
        }
        keys.hash_all([source.as_bytes(), self.id, self.uuid])
    }

    /// Adds its id to `text`.
    pub(crate) fn write_id(&self, text: &mut String) {
        text.push_str(&String::from_utf8_lossy(&self.id()));
    }

    /// Its id, UTF-8 as it was given; on the stack if it is as short as most are.
    pub(crate) fn id(&self) -> SmallVec<[u8; 64]> {
        if self.flags & NATURAL != 0 {
            let value = self.values().next();
            return value.map(|value| natural_id(&value_of(&value)).into_bytes().into()).unwrap_or_default();
        }
        let mut id = SmallVec::from_slice(self.id);
        if let Ok(uuid) = <[u8; 16]>::try_from(self.uuid) {
            let digits = uuid.map(hex);
            id.extend_from_slice(digits.get(..4).unwrap_or_default().as_flattened());
            for group in [4..6, 6..8, 8..10, 10..16] {
                id.push(b'-');
                id.extend_from_slice(digits.get(group).unwrap_or_default().as_flattened());
            }
        }
        id
    }

    /// Its values, each with its parts.
    pub(crate) fn values(&self) -> impl Iterator<Item = Parts<'a>> + use<'a> {
        let (mut reader, many) = (self.values, self.flags & MANY != 0);
        let count = if many { reader.number() } else { 1 };
        (0..count).map(move |_| {
            let parts = if many { reader.number() } else { 1 };
            (0..parts).filter_map(|_| read_part(&mut reader)).collect()
        })
    }

    /// How many bytes it takes.
    pub(super) fn length(&self, arena: &[u8], at: u32) -> usize {
        let mut rest = self.values;
        let many = self.flags & MANY != 0;
        let count = if many { rest.number() } else { 1 };
        for _ in 0..count {
            let parts = if many { rest.number() } else { 1 };
            for _ in 0..parts {
                read_part(&mut rest);
            }
        }
        arena.len().saturating_sub(at as usize).saturating_sub(rest.0.len())
    }

    /// The indicator as it was given.
    pub(crate) fn indicator(&self, about: &About) -> Indicator {
        let mut id = String::new();
        self.write_id(&mut id);
        let [valid_from, valid_until, modified, last_seen, last_sighting] = self.times;
        Indicator {
            id: id.into(),
            source: about.source.clone(),
            values: self.values().map(|parts| value_of(&parts)).collect(),
            confidence: Confidence::clamped(self.confidence()),
            severity: about.severity,
            valid_from,
            valid_until,
            revoked: self.is_revoked(),
            modified,
            last_seen,
            last_sighting,
            false_positives: self.false_positives,
            tlp: about.tlp,
            tags: about.tags.clone(),
            techniques: about.techniques.clone(),
            decay: about.decay,
        }
    }
}

/// The part by which a value is found: the one that fewest events have.
pub(crate) fn anchor<'a>(parts: &[Part<'a>]) -> Option<Part<'a>> {
    parts.iter().copied().max_by_key(|part| rarity(part.kind))
}

fn rarity(kind: ObservableKind) -> u8 {
    match kind {
        ObservableKind::Port => 0,
        ObservableKind::AutonomousSystem => 1,
        ObservableKind::Network => 2,
        ObservableKind::UserAgent => 3,
        ObservableKind::FileName => 4,
        ObservableKind::Ja3 | ObservableKind::Ja3s | ObservableKind::Ja4 => 5,
        ObservableKind::Hostname | ObservableKind::Domain => 6,
        ObservableKind::Email => 7,
        ObservableKind::Url => 8,
        _ => 9,
    }
}

/// The value that these parts are.
pub(crate) fn value_of(parts: &[Part<'_>]) -> IndicatorValue {
    IndicatorValue::from_parts(parts.iter().map(|part| Observable::from_key(part.kind, part.key)))
}

fn read_part<'a>(reader: &mut Reader<'a>) -> Option<Part<'a>> {
    let (kind, key) = (ObservableKind::numbered(reader.byte()), reader.text());
    Some(Part { kind: kind?, key })
}

fn times(indicator: &Indicator) -> [Option<Timestamp>; TIME_COUNT] {
    [
        indicator.valid_from,
        indicator.valid_until,
        indicator.modified,
        indicator.last_seen,
        indicator.last_sighting,
    ]
}

/// What stands before a UUID at the end, in lower case as it will be written again, and the UUID.
fn split_uuid(id: &str) -> Option<(&str, [u8; 16])> {
    let (before, uuid) = id.split_at_checked(id.len().checked_sub(36)?)?;
    let mut bytes = [0; 16];
    let mut digits = uuid.bytes().enumerate().filter(|(at, _)| !matches!(at, 8 | 13 | 18 | 23));
    let hyphens = [8, 13, 18, 23].iter().all(|at| uuid.as_bytes().get(*at) == Some(&b'-'));
    for byte in &mut bytes {
        for _ in 0..2 {
            let (_, digit) = digits.next()?;
            let nibble = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = *byte << 4 | nibble;
        }
    }
    hyphens.then_some((before, bytes))
}

/// Whether a way of decaying can be calculated with.
pub(super) fn is_sound(decay: Decay) -> bool {
    match decay {
        Decay::None => true,
        Decay::HalfLife { threshold, .. } => threshold.is_finite(),
        Decay::Polynomial { speed, threshold, .. } => {
            speed > 0.0 && speed.is_finite() && threshold.is_finite()
        }
    }
}
