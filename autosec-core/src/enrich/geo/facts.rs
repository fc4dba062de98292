use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::row::Row;
use super::{GeoDatabase, GeoTable};

/// What is known of an address. Anything may be missing, and each part is taken apart only when it is asked for.
#[derive(Clone, Copy)]
pub struct GeoFacts<'n> {
    pub(super) row: Row,
    pub(super) words: Words<'n>,
}

/// Where the words are: apart, since most look-ups do not ask for them and would wait for their memory.
#[derive(Clone, Copy)]
pub(super) enum Words<'n> {
    Kept(&'n OwnedNames),
    /// Of the row at a place.
    Of(&'n GeoTable, u32),
    /// In the record at an offset, not read yet.
    In(&'n GeoDatabase, usize),
}

/// What is known of an address in words.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct GeoNames<'n> {
    /// The first-level part of the country, by ISO 3166-2, such as `GB-ENG`.
    pub region: Option<Cow<'n, str>>,
    /// The city.
    pub city: Option<&'n str>,
    /// The time zone, by its IANA name.
    pub timezone: Option<&'n str>,
    /// Who owns the autonomous system.
    pub as_organization: Option<&'n str>,
}

/// [`GeoNames`] that own their texts, and may share them.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct OwnedNames {
    region: Option<Arc<str>>,
    city: Option<Arc<str>>,
    timezone: Option<Arc<str>>,
    as_organization: Option<Arc<str>>,
}

/// [`GeoFacts`] that own their words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeoRecord {
    pub(super) row: Row,
    pub(super) names: OwnedNames,
}

/// A place on earth, and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Location {
    /// Degrees north, −90..=90.
    pub latitude: f64,
    /// Degrees east, −180..=180.
    pub longitude: f64,
    /// The address is probably within so many kilometres of it.
    pub accuracy_radius: Option<f64>,
}

/// A code of two capital letters, of a country or a continent.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GeoCode(pub(super) [u8; 2]);

/// What may hide whoever is behind an address.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Anonymizer {
    /// Something does, of one of the other kinds or of none.
    Anonymous,
    /// A virtual private network that sells anonymity.
    Vpn,
    /// A machine in a data centre.
    Hosting,
    /// An open proxy.
    Proxy,
    /// A proxy on somebody's line at home.
    ResidentialProxy,
    /// An exit of the Tor network.
    Tor,
}

/// A set of [`Anonymizer`]s.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Anonymizers(pub(super) u8);

impl<'n> GeoFacts<'n> {
    /// Where it is.
    #[inline]
    pub fn location(&self) -> Option<Location> {
        self.row.location()
    }

    /// The number of the autonomous system that announces it.
    #[inline]
    pub fn as_number(&self) -> Option<u32> {
        self.row.as_number()
    }

    /// The country, by ISO 3166-1.
    #[inline]
    pub fn country(&self) -> Option<GeoCode> {
        self.row.country()
    }

    /// The continent: `AF`, `AN`, `AS`, `EU`, `NA`, `OC` or `SA`.
    #[inline]
    pub fn continent(&self) -> Option<GeoCode> {
        self.row.continent()
    }

    /// What hides whoever is behind the address.
    #[inline]
    pub fn anonymizers(&self) -> Anonymizers {
        self.row.anonymizers()
    }

    /// What is known in words. From a [`GeoDatabase`] it is read only now, and each time it is asked for; words that are
    /// damaged there are not known.
    pub fn names(&self) -> GeoNames<'n> {
        match self.words {
            Words::Kept(names) => names.borrowed(),
            Words::Of(table, place) => table.names(place).borrowed(),
            Words::In(database, offset) => database.names(offset),
        }
    }
}

impl PartialEq for GeoFacts<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.row == other.row && self.names() == other.names()
    }
}

impl fmt::Debug for GeoFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("GeoFacts");
        shown.field("location", &self.location()).field("as_number", &self.as_number());
        shown.field("country", &self.country()).field("continent", &self.continent());
        shown.field("anonymizers", &self.anonymizers()).field("names", &self.names()).finish()
    }
}

impl GeoRecord {
    /// What it holds.
    pub fn facts(&self) -> GeoFacts<'_> {
        GeoFacts { row: self.row, words: Words::Kept(&self.names) }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes from `other` what is missing here.
    pub fn complete(&mut self, other: GeoFacts<'_>) {
        self.row = self.row.completed(other.row);
        match other.words {
            Words::Kept(names) => self.names.complete(names),
            Words::Of(table, place) => self.names.complete(table.names(place)),
            Words::In(database, offset) => self.names.complete(&database.names(offset).owned()),
        }
    }
}

impl GeoNames<'_> {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn owned(&self) -> OwnedNames {
        OwnedNames {
            region: self.region.as_deref().map(Arc::from),
            city: self.city.map(Arc::from),
            timezone: self.timezone.map(Arc::from),
            as_organization: self.as_organization.map(Arc::from),
        }
    }
}

impl OwnedNames {
    fn borrowed(&self) -> GeoNames<'_> {
        GeoNames {
            region: self.region.as_deref().map(Cow::Borrowed),
            city: self.city.as_deref(),
            timezone: self.timezone.as_deref(),
            as_organization: self.as_organization.as_deref(),
        }
    }

    fn complete(&mut self, other: &Self) {
        for (own, other) in self.each_mut().into_iter().zip(other.each()) {
            if own.is_none() {
                own.clone_from(other);
            }
        }
    }

    pub(super) fn each_mut(&mut self) -> [&mut Option<Arc<str>>; 4] {
        let Self { region, city, timezone, as_organization } = self;
        [region, city, timezone, as_organization]
    }

    fn each(&self) -> [&Option<Arc<str>>; 4] {
        let Self { region, city, timezone, as_organization } = self;
        [region, city, timezone, as_organization]
    }
}

impl Location {
    /// A place, to a millionth of a degree, which is a tenth of a metre; none if the numbers are not degrees.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let [latitude, longitude] = [latitude, longitude].map(|degrees| (degrees * 1e6).round() / 1e6);
        on_earth.then_some(Self { latitude, longitude, accuracy_radius: None })
    }

    /// The same, known to so many kilometres, in whole ones; what is no distance on earth is not taken.
    #[must_use]
    pub fn within(self, kilometres: f64) -> Self {
        let accuracy_radius = (0.0..=20_038.0).contains(&kilometres).then_some(kilometres.ceil());
        Self { accuracy_radius, ..self }
    }
}

const LETTERS: usize = 26;

/// Every code, so that events can borrow them.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would tell")]
const CODES: [u8; LETTERS * LETTERS * 2] = {
    let mut codes = [b'A'; LETTERS * LETTERS * 2];
    let mut at = 0;
    while at < codes.len() {
        let letter = if at.is_multiple_of(2) { at / 2 / LETTERS } else { at / 2 % LETTERS };
        // Below 26.
        codes[at] += letter.to_le_bytes()[0];
        at += 1;
    }
    codes
};

impl GeoCode {
    /// Those of the continents.
    pub(super) const CONTINENTS: [Self; 7] =
        [Self(*b"AF"), Self(*b"AN"), Self(*b"AS"), Self(*b"EU"), Self(*b"NA"), Self(*b"OC"), Self(*b"SA")];

    /// A code; none unless it has two letters, which may be small.
    pub fn new(code: &str) -> Option<Self> {
        let letters: [u8; 2] = code.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// It as text.
    pub fn as_str(self) -> &'static str {
        let [first, second] = self.0.map(|letter| usize::from(letter.wrapping_sub(b'A')));
        let at = (first * LETTERS + second) * 2;
        CODES.get(at..at + 2).and_then(|code| str::from_utf8(code).ok()).unwrap_or_default()
    }
}

impl fmt::Display for GeoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for GeoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Anonymizer {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Anonymous, Self::Vpn, Self::Hosting, Self::Proxy, Self::ResidentialProxy, Self::Tor];

    /// Its word in `source.anonymizer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Vpn => "vpn",
            Self::Hosting => "hosting",
            Self::Proxy => "proxy",
            Self::ResidentialProxy => "residential-proxy",
            Self::Tor => "tor",
        }
    }
}

impl Anonymizers {
    /// Whether it holds none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it holds this one.
    pub fn contains(self, anonymizer: Anonymizer) -> bool {
        self.0 & (1 << anonymizer as u8) != 0
    }

    /// Those it holds.
    pub fn iter(self) -> impl Iterator<Item = Anonymizer> {
        Anonymizer::ALL.into_iter().filter(move |anonymizer| self.contains(*anonymizer))
    }
}

impl FromIterator<Anonymizer> for Anonymizers {
    fn from_iter<I: IntoIterator<Item = Anonymizer>>(anonymizers: I) -> Self {
        Self(anonymizers.into_iter().fold(0, |bits, anonymizer| bits | 1 << anonymizer as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Parts;
    use super::*;

    #[test]
    fn codes_are_two_letters() {
        for code in ["AA", "GB", "ZZ", "SE"] {
            assert_eq!(GeoCode::new(code).unwrap().as_str(), code);
        }
        assert_eq!(GeoCode::new("se").unwrap().to_string(), "SE");
        for wrong in ["", "S", "SWE", "S1", "é"] {
            assert_eq!(GeoCode::new(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn places_are_on_earth() {
        assert!(Location::new(-90.0, 180.0).is_some());
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Location::new(latitude, longitude), None);
        }
        let place = Location::new(1.0, 2.0).unwrap();
        assert_eq!(place.within(-1.0).accuracy_radius, None);
        assert_eq!(place.within(10.0).accuracy_radius, Some(10.0));
    }

    #[test]
    fn what_is_known_stays() {
        let record = |country, anonymizer, city: Option<&str>| GeoRecord {
            row: Row::new(Parts {
                country: GeoCode::new(country),
                anonymizers: [anonymizer].into_iter().collect(),
                ..Parts::default()
            }),
            names: OwnedNames { city: city.map(Arc::from), ..OwnedNames::default() },
        };
        let mut known = record("GB", Anonymizer::Tor, None);
        known.complete(record("FR", Anonymizer::Vpn, Some("Paris")).facts());
        let facts = known.facts();
        assert_eq!((facts.country(), facts.names().city), (GeoCode::new("GB"), Some("Paris")));
        assert_eq!(facts.anonymizers().iter().collect::<Vec<_>>(), [Anonymizer::Vpn, Anonymizer::Tor]);
    }
}
