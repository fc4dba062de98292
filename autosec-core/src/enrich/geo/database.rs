use std::collections::HashSet;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader};
use serde::de::{Deserialize, Deserializer, Visitor};
use smallvec::SmallVec;

use super::layout::Step;
use super::{Anonymizer, GeoCode, GeoFact, GeoLayout, GeoNames, GeoRecord, Location};

/// Records kept after they were read, a power of two: half a megabyte, and what the records take.
const KEPT: usize = 1 << 16;

/// A database in MaxMind's format, of any maker.
///
/// Only the facts of the [layout](GeoLayout) are read from a record, once; after that the record is known by its place in
/// the file. Nothing is checked when it is opened but its outside: a record that is damaged is one of which nothing is
/// known.
#[derive(Debug)]
pub struct GeoDatabase {
    reader: Reader<Vec<u8>>,
    layout: GeoLayout,
    /// What stands at some offsets; one of each two that share a place.
    kept: Box<[ArcSwapOption<Kept>]>,
}

#[derive(Debug)]
struct Kept {
    offset: usize,
    record: Arc<GeoRecord>,
}

/// Why a database cannot be used, or why a record of it cannot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoError {
    /// The file cannot be read.
    #[error("the geo database `{path}` cannot be read")]
    Unreadable {
        /// Its path.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It is larger than [`GeoDatabase::MAX_BYTES`].
    #[error("the geo database has more than {limit} bytes, which is the limit", limit = GeoDatabase::MAX_BYTES)]
    Large,
    /// The bytes are no database.
    #[error("this is no geo database that can be used: {0}")]
    Unusable(String),
    /// A record, or the way to it, is damaged.
    #[error("the geo database is damaged: {0}")]
    Damaged(String),
}

impl GeoDatabase {
    /// The largest database that is opened: 2 GiB.
    pub const MAX_BYTES: u64 = 1 << 31;

    /// Opens the database of these bytes.
    ///
    /// # Errors
    /// When they are too many, or no database.
    pub fn new(bytes: Vec<u8>) -> Result<Self, GeoError> {
        if bytes.len() as u64 > Self::MAX_BYTES {
            return Err(GeoError::Large);
        }
        let reader = Reader::from_source(bytes).map_err(|error| GeoError::Unusable(error.to_string()))?;
        let kept = (0..KEPT).map(|_| ArcSwapOption::empty()).collect();
        Ok(Self { reader, layout: GeoLayout::default(), kept })
    }

    /// Opens the database in this file, and takes it into memory.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is no database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, GeoError> {
        let path = path.as_ref();
        let unreadable = |source| GeoError::Unreadable { path: path.display().to_string(), source };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(Self::MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::new(bytes)
    }

    /// The same with another layout.
    #[must_use]
    pub fn with_layout(self, layout: GeoLayout) -> Self {
        let kept = (0..KEPT).map(|_| ArcSwapOption::empty()).collect();
        Self { layout, kept, ..self }
    }

    /// What kind of database it says it is, such as `GeoLite2-City`.
    pub fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When it says it was made, in seconds since 1970.
    pub fn built(&self) -> u64 {
        self.reader.metadata().build_epoch
    }

    /// What it knows of an address; of an IPv4-mapped IPv6 address what it knows of the IPv4 one.
    ///
    /// # Errors
    /// When the record or the way to it is damaged.
    pub fn lookup(&self, address: IpAddr) -> Result<Option<Arc<GeoRecord>>, GeoError> {
        let address = address.to_canonical();
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(None);
        }
        let found = self.reader.lookup(address).map_err(damaged)?;
        let Some(offset) = found.offset() else { return Ok(None) };
        let place = self.kept.get(place(offset));
        if let Some(kept) = place.map(ArcSwapOption::load).as_ref().and_then(|kept| kept.as_ref())
            && kept.offset == offset
        {
            return Ok(Some(Arc::clone(&kept.record)).filter(|record| !record.is_empty()));
        }
        let record = Arc::new(self.read(&found)?);
        if let Some(place) = place {
            place.store(Some(Arc::new(Kept { offset, record: Arc::clone(&record) })));
        }
        Ok(Some(record).filter(|record| !record.is_empty()))
    }

    pub(super) fn reader(&self) -> &Reader<Vec<u8>> {
        &self.reader
    }

    /// The facts of a record.
    pub(super) fn read(&self, record: &LookupResult<'_, Vec<u8>>) -> Result<GeoRecord, GeoError> {
        let record = Record { record, layout: &self.layout };
        let country = record.code(GeoFact::Country)?;
        let part = record.text(GeoFact::Region)?;
        let region = match (country, &part) {
            (Some(country), Some(part)) if !part.contains('-') => Some(format!("{country}-{part}").into()),
            _ => part,
        };
        let mut anonymizers = SmallVec::<[Anonymizer; 6]>::new();
        for anonymizer in Anonymizer::ALL {
            if record.truth(GeoFact::of(anonymizer))? {
                anonymizers.push(anonymizer);
            }
        }
        Ok(GeoRecord {
            location: record.location()?,
            as_number: record.as_number()?,
            country,
            continent: record.code(GeoFact::Continent)?,
            anonymizers: anonymizers.into_iter().collect(),
            names: GeoNames {
                region,
                city: record.text(GeoFact::City)?,
                timezone: record.text(GeoFact::Timezone)?,
                as_organization: record.text(GeoFact::AsOrganization)?,
            },
        })
    }
}

/// Shares texts between facts.
#[derive(Debug, Default)]
pub(super) struct Texts(HashSet<Arc<str>>);

impl Texts {
    pub(super) fn share(&mut self, names: &mut GeoNames) {
        for text in names.each_mut().into_iter().flatten() {
            match self.0.get(text) {
                Some(known) => *text = Arc::clone(known),
                None => drop(self.0.insert(Arc::clone(text))),
            }
        }
    }
}

fn place(offset: usize) -> usize {
    // Offsets of records are close to each other, and never equal.
    offset.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (usize::BITS - KEPT.ilog2())
}

fn damaged(error: MaxMindDbError) -> GeoError {
    GeoError::Damaged(error.to_string())
}

/// A record that is being read.
struct Record<'r> {
    record: &'r LookupResult<'r, Vec<u8>>,
    layout: &'r GeoLayout,
}

/// The longest text kept, in bytes.
const LONGEST: usize = 256;

impl<'r> Record<'r> {
    /// The first usable value of a fact.
    fn find<T>(
        &self,
        fact: GeoFact,
        usable: impl Fn(Scalar<'r>) -> Option<T>,
    ) -> Result<Option<T>, GeoError> {
        for path in self.layout.places(fact) {
            let steps: SmallVec<[PathElement<'_>; 8]> = path
                .steps()
                .iter()
                .map(|step| match step {
                    Step::Key(key) => PathElement::Key(key),
                    Step::Item(number) => PathElement::Index(*number),
                })
                .collect();
            match self.record.decode_path::<Scalar<'r>>(&steps) {
                Ok(found) => {
                    if let Some(value) = found.and_then(&usable) {
                        return Ok(Some(value));
                    }
                }
                // Something else stands there: a map where another layout has a text.
                Err(MaxMindDbError::Decoding { .. }) => {}
                Err(error) => return Err(damaged(error)),
            }
        }
        Ok(None)
    }

    fn text(&self, fact: GeoFact) -> Result<Option<Arc<str>>, GeoError> {
        self.find(fact, |value| match value {
            Scalar::Text(text) if !text.is_empty() => Some(text[..text.floor_char_boundary(LONGEST)].into()),
            _ => None,
        })
    }

    fn code(&self, fact: GeoFact) -> Result<Option<GeoCode>, GeoError> {
        self.find(fact, |value| if let Scalar::Text(text) = value { GeoCode::new(text) } else { None })
    }

    fn truth(&self, fact: GeoFact) -> Result<bool, GeoError> {
        Ok(self.find(fact, |value| matches!(value, Scalar::Truth(true)).then_some(()))?.is_some())
    }

    fn number(&self, fact: GeoFact) -> Result<Option<f64>, GeoError> {
        self.find(fact, |value| match value {
            Scalar::Number(number) => Some(number),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Truth(_) => None,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0..=u32::MAX and whole"
    )]
    fn as_number(&self) -> Result<Option<u32>, GeoError> {
        self.find(GeoFact::AsNumber, |value| match value {
            Scalar::Number(number) => (number.fract() == 0.0
                && (1.0..=f64::from(u32::MAX)).contains(&number))
            .then_some(number as u32),
            Scalar::Text(text) => text.trim_start_matches(['A', 'a', 'S', 's']).parse().ok(),
            Scalar::Truth(_) => None,
        })
    }

    fn location(&self) -> Result<Option<Location>, GeoError> {
        let (Some(latitude), Some(longitude)) =
            (self.number(GeoFact::Latitude)?, self.number(GeoFact::Longitude)?)
        else {
            return Ok(None);
        };
        let Some(place) = Location::new(latitude, longitude) else { return Ok(None) };
        Ok(Some(self.number(GeoFact::AccuracyRadius)?.map_or(place, |radius| place.within(radius))))
    }
}

/// A value that is neither a map nor a list.
enum Scalar<'d> {
    Number(f64),
    Text(&'d str),
    Truth(bool),
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalars;

        impl<'de> Visitor<'de> for Scalars {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, a text or a truth value")
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Truth(truth))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(text))
            }
        }

        deserializer.deserialize_any(Scalars)
    }
}
