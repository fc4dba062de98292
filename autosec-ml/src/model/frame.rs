use super::error::ModelError;
use super::section::Section;
use crate::feature::FeatureSchema;

/// The largest model file that is written or read: 256 MiB.
pub const MAX_BYTES: u64 = 1 << 28;

const MAGIC: &[u8; 8] = b"AutoSecM";
const FORMAT: u16 = 1;
/// Bytes before the first section.
const HEAD: usize = 52;
const CHECKSUM: usize = 4;

/// What kind of model a file holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Algorithm {
    IsolationForest = 1,
    KMeans = 2,
    OnlineForest = 3,
    Statistical = 4,
    Seasonal = 5,
    Ensemble = 6,
    Conformal = 7,
    Isotonic = 8,
    Drift = 9,
}

/// What a model was trained on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Training {
    pub(crate) rows: u64,
    pub(crate) seed: u64,
}

/// A model file that is sound on the outside.
#[derive(Debug)]
pub(crate) struct Frame<'f> {
    pub(crate) training: Training,
    sections: &'f [u8],
}

impl<'f> Frame<'f> {
    /// The whole file of these sections.
    pub(crate) fn write(
        algorithm: Algorithm,
        schema: &FeatureSchema,
        training: Training,
        sections: &[Section<'_>],
    ) -> Result<Vec<u8>, ModelError> {
        let body: usize = sections.iter().map(Section::len).sum();
        let length = (HEAD + body + CHECKSUM) as u64;
        within_limit(length)?;
        let mut file = Vec::with_capacity(HEAD + body + CHECKSUM);
        file.extend_from_slice(MAGIC);
        let [major, minor, patch] = crate_version();
        for number in [FORMAT, algorithm as u16, major, minor, patch, 0] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        for number in [schema.hash(), training.rows, training.seed, length] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        sections.iter().for_each(|section| section.write(&mut file));
        let checksum = crc32fast::hash(&file);
        file.extend_from_slice(&checksum.to_le_bytes());
        Ok(file)
    }

    /// Looks at the outside of a file: that it is a whole, undamaged model of this kind for these features.
    pub(crate) fn read(
        file: &'f [u8],
        algorithm: Algorithm,
        schema: &FeatureSchema,
    ) -> Result<Self, ModelError> {
        let found = file.len() as u64;
        within_limit(found)?;
        let rest = file.strip_prefix(MAGIC).ok_or(ModelError::Foreign)?;
        let cut = ModelError::Length { expected: (HEAD + CHECKSUM) as u64, found };
        let (head, rest) = rest.split_at_checked(HEAD - MAGIC.len()).ok_or_else(|| cut.clone())?;
        let (sections, checksum) = rest.split_last_chunk::<CHECKSUM>().ok_or(cut)?;
        let (short, long) = head.as_chunks::<2>().0.split_at_checked(6).unwrap_or_default();
        let [format, kind] = [0, 1].map(|at| short.get(at).map_or(0, |bytes| u16::from_le_bytes(*bytes)));
        let long = long.as_flattened().as_chunks::<8>().0;
        let long = |at: usize| long.get(at).map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let (hash, training, expected) = (long(0), Training { rows: long(1), seed: long(2) }, long(3));
        if format != FORMAT {
            return Err(ModelError::Format { found: format, known: FORMAT });
        }
        if expected != found {
            return Err(ModelError::Length { expected, found });
        }
        let whole = file.get(..file.len() - CHECKSUM).unwrap_or_default();
        if crc32fast::hash(whole) != u32::from_le_bytes(*checksum) {
            return Err(ModelError::Damaged);
        }
        if kind != algorithm as u16 {
            return Err(ModelError::Algorithm { found: kind, wanted: algorithm as u16 });
        }
        if hash != schema.hash() {
            return Err(ModelError::Schema { name: schema.name().into(), version: schema.version() });
        }
        Ok(Self { training, sections })
    }

    /// The bytes of the next section, which has this name.
    pub(crate) fn section(&mut self, name: &'static str) -> Result<&'f [u8], ModelError> {
        let (section, rest) = Section::read(self.sections, name)?;
        self.sections = rest;
        Ok(section)
    }

    /// That no section is left; `last` was the name of the last one read.
    pub(crate) fn finish(self, last: &'static str) -> Result<(), ModelError> {
        match self.sections {
            [] => Ok(()),
            _ => Err(super::malformed(last, "something behind it")),
        }
    }
}

fn within_limit(found: u64) -> Result<(), ModelError> {
    if found > MAX_BYTES { Err(ModelError::Large { found, limit: MAX_BYTES }) } else { Ok(()) }
}

fn crate_version() -> [u16; 3] {
    let parts =
        [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")];
    parts.map(|part| part.parse().unwrap_or(u16::MAX))
}
