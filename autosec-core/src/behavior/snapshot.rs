//! The form of snapshots: a head with a version, the seed, how things age and what time it is, baselines, the crowd, clients that
//! failed, what opinions have moved, a checksum. Version 3 had neither clients nor opinions, and of times the newest only.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::baseline::{Ageing, Baseline};
use super::baselines::Baselines;
use super::bytes::{Reader, put};
use super::crowd::Crowd;
use super::horizon::Times;
use super::signal::{Calibration, Group, Nats};
use super::sources::Source;
use crate::time::Timestamp;

const HEAD: &[u8] = b"AutoSec\0behavior";
const VERSION: u64 = 4;
/// The oldest version that is still read.
const OLDEST: u64 = 3;

/// Why a snapshot of baselines was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineSnapshotError {
    /// The bytes are something else.
    #[error("these bytes are no snapshot of baselines")]
    Foreign,
    /// Another version wrote it.
    #[error("the snapshot has version {version}, and versions 3 and 4 are known")]
    Version {
        /// The version it says.
        version: u64,
    },
    /// Bytes are missing, were added or have changed.
    #[error("the snapshot is damaged")]
    Damaged,
    /// Its values were hashed with another seed, so that they mean nothing here.
    #[error(
        "the snapshot's values have another seed: build the analyzer with the same `seed`, or `restore` it"
    )]
    Seed,
    /// Its masses fade at another pace, so that they cannot be added to these.
    #[error(
        "the snapshot ages differently: `half_life`, `rate_half_life` and `quarantine` must be those it was made with"
    )]
    Ageing,
    /// What it knows of everyone is in a table of another size.
    #[error("the snapshot's crowd has {found} buckets, and this one {here}: use the same `crowd_bytes`")]
    Crowd {
        /// Buckets of the snapshot.
        found: u64,
        /// Buckets of the analyzer.
        here: usize,
    },
}

/// Cells of the crowd, each with the number of its bucket.
type Cells = Vec<(usize, u64)>;

/// All that is written down.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub(super) seed: (u64, u64),
    pub(super) ageing: &'a Ageing,
    pub(super) times: Times,
    pub(super) baselines: &'a Baselines,
    pub(super) crowd: &'a Crowd,
    /// Clients, and subjects, in order.
    pub(super) sources: Vec<(u64, Source)>,
    pub(super) calibrations: Vec<(u64, Calibration)>,
}

/// A snapshot of which head, checksum and every baseline are right.
#[derive(Debug)]
pub(super) struct Snapshot<'b> {
    pub(super) seed: (u64, u64),
    ageing: [u32; 3],
    /// What time it is.
    pub(super) times: Times,
    pub(super) sources: Vec<(u64, Source)>,
    pub(super) calibrations: Vec<(u64, Calibration)>,
    baselines: Vec<(u64, &'b [u8])>,
    buckets: u64,
    /// The newest half-life of its crowd.
    newest: u32,
    cells: Cells,
}

/// Writes everything down.
pub(super) fn write(state: &State<'_>) -> Vec<u8> {
    let mut to = HEAD.to_vec();
    put(&mut to, VERSION);
    to.extend(state.seed.0.to_le_bytes());
    to.extend(state.seed.1.to_le_bytes());
    state.ageing.seconds().into_iter().for_each(|seconds| put(&mut to, u64::from(seconds)));
    state.times.write(&mut to);
    write_baselines(state.baselines, &mut to);
    write_crowd(state.crowd, &mut to);
    put(&mut to, state.sources.len() as u64);
    for (client, source) in &state.sources {
        to.extend(client.to_le_bytes());
        source.write(&mut to);
    }
    put(&mut to, state.calibrations.len() as u64);
    for (subject, calibration) in &state.calibrations {
        to.extend(subject.to_le_bytes());
        let (offsets, at) = calibration.parts();
        to.extend(at.as_micros().to_le_bytes());
        offsets.iter().for_each(|offset| to.extend(offset.value().to_bits().to_le_bytes()));
    }
    let checksum = digest(&to);
    to.extend(checksum.to_le_bytes());
    to
}

fn write_baselines(baselines: &Baselines, to: &mut Vec<u8>) {
    let mut held = Vec::new();
    baselines.each(|key, packed| held.push((key, packed.to_vec())));
    // The same state gives the same bytes.
    held.sort_unstable();
    put(to, held.len() as u64);
    for (key, packed) in held {
        to.extend(key.to_le_bytes());
        put(to, packed.len() as u64);
        to.extend(packed);
    }
}

fn write_crowd(crowd: &Crowd, to: &mut Vec<u8>) {
    put(to, crowd.buckets() as u64);
    // Read after the cells, so that none of them is newer.
    let cells: Cells = crowd.cells().collect();
    put(to, u64::from(crowd.newest()));
    put(to, cells.len() as u64);
    let mut before = 0;
    for (bucket, cell) in cells {
        put(to, (bucket - before) as u64);
        to.extend(cell.to_le_bytes());
        before = bucket;
    }
}

impl<'b> Snapshot<'b> {
    /// Reads and checks everything; changes nothing.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, BaselineSnapshotError> {
        let body = bytes.strip_prefix(HEAD).ok_or(BaselineSnapshotError::Foreign)?;
        let version = Reader(body).number().ok_or(BaselineSnapshotError::Damaged)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(BaselineSnapshotError::Version { version });
        }
        let length = bytes.len().saturating_sub(size_of::<u64>());
        let (content, checksum) = bytes.split_at_checked(length).ok_or(BaselineSnapshotError::Damaged)?;
        if digest(content).to_le_bytes() != *checksum {
            return Err(BaselineSnapshotError::Damaged);
        }
        Self::parts(content.get(HEAD.len()..).unwrap_or_default()).ok_or(BaselineSnapshotError::Damaged)
    }

    /// Whether it can be added to what ages like this.
    pub(super) fn check(&self, ageing: &Ageing, crowd: &Crowd) -> Result<(), BaselineSnapshotError> {
        if self.ageing != ageing.seconds() {
            return Err(BaselineSnapshotError::Ageing);
        }
        if self.buckets != crowd.buckets() as u64 {
            return Err(BaselineSnapshotError::Crowd { found: self.buckets, here: crowd.buckets() });
        }
        Ok(())
    }

    /// Adds what it holds to what is known.
    pub(super) fn add(&self, baselines: &Baselines, ageing: &Ageing, crowd: &Crowd) {
        for (key, packed) in &self.baselines {
            if let Some(read) = Baseline::unpack(packed) {
                baselines.change(*key, |baseline| baseline.merge(&read, ageing));
            }
        }
        self.cells.iter().for_each(|(bucket, cell)| _ = crowd.add_cell(*bucket, *cell, self.newest));
    }

    fn parts(body: &'b [u8]) -> Option<Self> {
        let mut from = Reader(body);
        let version = from.number()?;
        let seed = (from.fixed()?, from.fixed()?);
        let ageing = [from.small()?, from.small()?, from.small()?];
        let is_old = version == OLDEST;
        let times = if is_old { Times::agreed(from.small()?) } else { Times::read(&mut from)? };
        let baselines = read_baselines(&mut from)?;
        let (buckets, newest, cells) = read_crowd(&mut from)?;
        let (mut sources, mut calibrations) = (Vec::new(), Vec::new());
        if !is_old {
            for _ in 0..from.length()? {
                sources.push((from.fixed()?, Source::read(&mut from)?));
            }
            for _ in 0..from.length()? {
                calibrations.push((from.fixed()?, read_calibration(&mut from)?));
            }
        }
        let snapshot = Self { seed, ageing, times, baselines, buckets, newest, cells, sources, calibrations };
        from.0.is_empty().then_some(snapshot)
    }
}

fn read_baselines<'b>(from: &mut Reader<'b>) -> Option<Vec<(u64, &'b [u8])>> {
    let mut baselines = Vec::new();
    for _ in 0..from.length()? {
        let key = from.fixed()?;
        let length = from.length().filter(|length| *length <= Baseline::LARGEST)?;
        let packed = from.bytes(length)?;
        Baseline::unpack(packed)?;
        baselines.push((key, packed));
    }
    Some(baselines)
}

/// The number of buckets, the newest half-life, and the cells.
fn read_crowd(from: &mut Reader<'_>) -> Option<(u64, u32, Cells)> {
    let buckets = from.number()?;
    let newest = from.small()?;
    let mut cells = Cells::new();
    let mut bucket = 0_usize;
    for _ in 0..from.length()? {
        bucket = bucket.checked_add(usize::try_from(from.number()?).ok()?)?;
        let in_table = (bucket as u64) < buckets;
        cells.push((bucket, from.fixed().filter(|_| in_table)?));
    }
    Some((buckets, newest, cells))
}

fn read_calibration(from: &mut Reader<'_>) -> Option<Calibration> {
    let at = Timestamp::from_micros(from.fixed()?.cast_signed());
    let mut offsets = [Nats::ZERO; Group::ALL.len()];
    for offset in &mut offsets {
        let value = f64::from_bits(from.fixed()?);
        *offset = Nats::new(value);
        // Nothing but what such an offset can be.
        if value.to_bits() != offset.value().to_bits() || offset.abs() > Calibration::MOST {
            return None;
        }
    }
    Some(Calibration::from_parts(offsets, at))
}

/// A hash that is the same on every machine and in every version.
fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(bytes);
    hasher.finish()
}
