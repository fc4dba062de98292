use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::Read as _;
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use maxminddb::Reader;

use super::facts::{OwnedNames, Words};
use super::kept::Kept;
use super::row::{Parts, Row};
use super::tree::{SEPARATOR, Tree};
use super::walk::{Places, Scalar, Values};
use super::{Anonymizer, Anonymizers, GeoCode, GeoFact, GeoFacts, GeoLayout, GeoNames, Location};

/// What stands before the description of a database, behind its records.
const METADATA: &[u8] = b"\xAB\xCD\xEFMaxMind.com";

/// A database in MaxMind's format, of any maker.
///
/// Only the facts of the [layout](GeoLayout) are read from a record, where it lies; those but words are kept in 16 bytes, since
/// the same few thousand records answer for most addresses. Nothing is checked when it is opened but its outside: a record that is damaged is one of which nothing is known.
#[derive(Debug)]
pub struct GeoDatabase {
    reader: Reader<Bytes>,
    bytes: Bytes,
    /// Where the records are.
    section: Range<usize>,
    tree: Tree,
    /// Of the facts but words.
    places: Places,
    /// Of the words, and of the country that is a part of a region's code.
    words: Places,
    kept: Kept,
}

/// What is in the file, for the reader and for us.
#[derive(Clone)]
pub(super) struct Bytes(Arc<Vec<u8>>);

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
    /// The file was read, and cannot be used.
    #[error("the geo database `{path}` cannot be opened")]
    Unopened {
        /// Its path.
        path: String,
        /// Why: [`Large`](Self::Large) or [`Unusable`](Self::Unusable).
        #[source]
        source: Box<GeoError>,
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
        let bytes = Bytes(Arc::new(bytes));
        let reader =
            Reader::from_source(bytes.clone()).map_err(|error| GeoError::Unusable(error.to_string()))?;
        let metadata = reader.metadata();
        // The reader has checked that these are in the file, and in this order.
        let nodes = metadata.node_count as usize * usize::from(metadata.record_size) / 4;
        let end = memchr::memmem::rfind(&bytes.0, METADATA).unwrap_or(bytes.0.len());
        let section = nodes + SEPARATOR..end;
        let tree = Tree::new(&bytes.0, metadata);
        let (places, words) = places(&GeoLayout::default());
        Ok(Self { reader, bytes, section, tree, places, words, kept: Kept::default() })
    }

    /// Opens the database in this file, and takes it into memory.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is no database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, GeoError> {
        let path = path.as_ref();
        let shown = || path.display().to_string();
        let unreadable = |source| GeoError::Unreadable { path: shown(), source };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(Self::MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::new(bytes).map_err(|source| GeoError::Unopened { path: shown(), source: Box::new(source) })
    }

    /// The same with another layout.
    #[must_use]
    pub fn with_layout(self, layout: GeoLayout) -> Self {
        let (places, words) = places(&layout);
        Self { places, words, kept: Kept::default(), ..self }
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
    #[inline]
    pub fn lookup(&self, address: IpAddr) -> Result<Option<GeoFacts<'_>>, GeoError> {
        match self.tree.find(&self.bytes.0, address.to_canonical()) {
            Some(offset) => self.facts(offset),
            None => Ok(None),
        }
    }

    pub(super) fn reader(&self) -> &Reader<Bytes> {
        &self.reader
    }

    /// What the record at this offset knows.
    #[inline]
    pub(super) fn facts(&self, offset: usize) -> Result<Option<GeoFacts<'_>>, GeoError> {
        match self.kept.row(offset) {
            Some(row) => Ok(Some(GeoFacts { row, words: Words::In(self, offset) })),
            None => self.read(offset),
        }
    }

    fn read(&self, offset: usize) -> Result<Option<GeoFacts<'_>>, GeoError> {
        let values = self.places.read(self.records(), offset);
        let record = Record(values.map_err(|what| GeoError::Damaged(what.to_owned()))?);
        let row = record.row();
        let facts = GeoFacts { row, words: Words::In(self, offset) };
        if row == Row::default() && facts.names().is_empty() {
            return Ok(None);
        }
        self.kept.keep(offset, row);
        Ok(Some(facts))
    }

    /// The words of the record at this offset; none if they are damaged.
    pub(super) fn names(&self, offset: usize) -> GeoNames<'_> {
        self.words.read(self.records(), offset).map(|values| Record(values).names()).unwrap_or_default()
    }

    fn records(&self) -> &[u8] {
        self.bytes.0.get(self.section.clone()).unwrap_or_default()
    }
}

/// Where facts stand, and where words do.
fn places(layout: &GeoLayout) -> (Places, Places) {
    let words = [GeoFact::Region, GeoFact::City, GeoFact::Timezone, GeoFact::AsOrganization];
    let facts = Places::of(layout, |fact| !words.contains(&fact));
    (facts, Places::of(layout, |fact| words.contains(&fact) || fact == GeoFact::Country))
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Shares texts between facts.
#[derive(Debug, Default)]
pub(super) struct Texts(HashSet<Arc<str>>);

impl Texts {
    pub(super) fn share(&mut self, names: &mut OwnedNames) {
        for text in names.each_mut().into_iter().flatten() {
            match self.0.get(text) {
                Some(known) => *text = Arc::clone(known),
                None => drop(self.0.insert(Arc::clone(text))),
            }
        }
    }
}

/// The longest text kept, in bytes.
const LONGEST: usize = 256;

/// A record whose values were found.
struct Record<'p, 'r>(Values<'p, 'r>);

impl<'r> Record<'_, 'r> {
    /// All but the words.
    fn row(&self) -> Row {
        Row::new(Parts {
            location: self.location(),
            as_number: self.as_number(),
            country: self.code(GeoFact::Country),
            continent: self.continent(),
            anonymizers: self.anonymizers(),
        })
    }

    fn names(&self) -> GeoNames<'r> {
        let part = self.text(GeoFact::Region);
        let region = match (self.code(GeoFact::Country), part) {
            (Some(country), Some(part)) if !part.contains('-') => Some(format!("{country}-{part}").into()),
            _ => part.map(Cow::Borrowed),
        };
        GeoNames {
            region,
            city: self.text(GeoFact::City),
            timezone: self.text(GeoFact::Timezone),
            as_organization: self.text(GeoFact::AsOrganization),
        }
    }

    fn anonymizers(&self) -> Anonymizers {
        let hides = |anonymizer: &Anonymizer| self.truth(GeoFact::of(*anonymizer));
        Anonymizer::ALL.into_iter().filter(hides).collect()
    }

    fn text(&self, fact: GeoFact) -> Option<&'r str> {
        self.0.find(fact, |value| match value {
            Scalar::Text(text) if !text.is_empty() => text.get(..text.floor_char_boundary(LONGEST)),
            _ => None,
        })
    }

    fn code(&self, fact: GeoFact) -> Option<GeoCode> {
        self.0.find(fact, |value| if let Scalar::Text(text) = value { GeoCode::new(text) } else { None })
    }

    /// One of the seven.
    fn continent(&self) -> Option<GeoCode> {
        self.0.find(GeoFact::Continent, |value| match value {
            Scalar::Text(text) => GeoCode::new(text).filter(|code| GeoCode::CONTINENTS.contains(code)),
            _ => None,
        })
    }

    fn truth(&self, fact: GeoFact) -> bool {
        self.0.find(fact, |value| (value == Scalar::Truth(true)).then_some(())).is_some()
    }

    fn number(&self, fact: GeoFact) -> Option<f64> {
        self.0.find(fact, |value| match value {
            Scalar::Number(number) => Some(number),
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Truth(_) | Scalar::Absent => None,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0..=u32::MAX and whole"
    )]
    fn as_number(&self) -> Option<u32> {
        self.0.find(GeoFact::AsNumber, |value| match value {
            Scalar::Number(number) => (number.fract() == 0.0
                && (1.0..=f64::from(u32::MAX)).contains(&number))
            .then_some(number as u32),
            Scalar::Text(text) => text.trim_start_matches(['A', 'a', 'S', 's']).parse().ok(),
            Scalar::Truth(_) | Scalar::Absent => None,
        })
    }

    fn location(&self) -> Option<Location> {
        let (latitude, longitude) = (self.number(GeoFact::Latitude)?, self.number(GeoFact::Longitude)?);
        let place = Location::new(latitude, longitude)?;
        Some(self.number(GeoFact::AccuracyRadius).map_or(place, |radius| place.within(radius)))
    }
}
