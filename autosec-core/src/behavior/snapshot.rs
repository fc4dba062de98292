//! The form of snapshots: a head with a version, the seed and how things age, baselines, the crowd, a checksum.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::baseline::{Ageing, Baseline};
use super::baselines::Baselines;
use super::bytes::{Reader, put};
use super::crowd::Crowd;

const HEAD: &[u8] = b"AutoSec\0behavior";
const VERSION: u64 = 3;

/// Why a snapshot of baselines was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineSnapshotError {
    /// The bytes are something else.
    #[error("these bytes are no snapshot of baselines")]
    Foreign,
    /// Another version wrote it.
    #[error("the snapshot has version {version}, and version 3 is known")]
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

/// A snapshot of which head, checksum and every baseline are right.
#[derive(Debug)]
pub(super) struct Snapshot<'b> {
    pub(super) seed: (u64, u64),
    ageing: [u32; 3],
    /// The newest time of all events.
    pub(super) horizon: u32,
    baselines: Vec<(u64, &'b [u8])>,
    buckets: u64,
    /// The newest half-life of its crowd.
    newest: u32,
    cells: Vec<(usize, u64)>,
}

/// Writes everything down.
pub(super) fn write(
    seed: (u64, u64),
    ageing: &Ageing,
    horizon: u32,
    baselines: &Baselines,
    crowd: &Crowd,
) -> Vec<u8> {
    let mut to = HEAD.to_vec();
    put(&mut to, VERSION);
    to.extend(seed.0.to_le_bytes());
    to.extend(seed.1.to_le_bytes());
    ageing.seconds().into_iter().for_each(|seconds| put(&mut to, u64::from(seconds)));
    put(&mut to, u64::from(horizon));
    let mut held = Vec::new();
    baselines.each(|key, packed| held.push((key, packed.to_vec())));
    // The same state gives the same bytes.
    held.sort_unstable();
    put(&mut to, held.len() as u64);
    for (key, packed) in held {
        to.extend(key.to_le_bytes());
        put(&mut to, packed.len() as u64);
        to.extend(packed);
    }
    put(&mut to, crowd.buckets() as u64);
    // Read after the cells, so that none of them is newer.
    let cells: Vec<(usize, u64)> = crowd.cells().collect();
    put(&mut to, u64::from(crowd.newest()));
    put(&mut to, cells.len() as u64);
    let mut before = 0;
    for (bucket, cell) in cells {
        put(&mut to, (bucket - before) as u64);
        to.extend(cell.to_le_bytes());
        before = bucket;
    }
    let checksum = digest(&to);
    to.extend(checksum.to_le_bytes());
    to
}

impl<'b> Snapshot<'b> {
    /// Reads and checks everything; changes nothing.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, BaselineSnapshotError> {
        let body = bytes.strip_prefix(HEAD).ok_or(BaselineSnapshotError::Foreign)?;
        let version = Reader(body).number().ok_or(BaselineSnapshotError::Damaged)?;
        if version != VERSION {
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
        from.number()?;
        let seed = (from.fixed()?, from.fixed()?);
        let ageing = [from.small()?, from.small()?, from.small()?];
        let horizon = from.small()?;
        let mut baselines = Vec::new();
        for _ in 0..from.length()? {
            let key = from.fixed()?;
            let length = from.length().filter(|length| *length <= Baseline::LARGEST)?;
            let packed = from.bytes(length)?;
            Baseline::unpack(packed)?;
            baselines.push((key, packed));
        }
        let buckets = from.number()?;
        let newest = from.small()?;
        let mut cells = Vec::new();
        let mut bucket = 0_usize;
        for _ in 0..from.length()? {
            bucket = bucket.checked_add(usize::try_from(from.number()?).ok()?)?;
            let in_table = (bucket as u64) < buckets;
            cells.push((bucket, from.fixed().filter(|_| in_table)?));
        }
        from.0.is_empty().then_some(Self { seed, ageing, horizon, baselines, buckets, newest, cells })
    }
}

/// A hash that is the same on every machine and in every version.
fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(bytes);
    hasher.finish()
}
