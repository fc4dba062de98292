use std::collections::BTreeMap;

use serde::Deserialize;

use super::Anonymizer;

/// A fact that a database may hold of an address.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GeoFact {
    /// The country's code.
    Country,
    /// The continent's code.
    Continent,
    /// The code of the country's first-level part.
    Region,
    /// The city's name.
    City,
    /// The time zone's name.
    Timezone,
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// Kilometres around it.
    AccuracyRadius,
    /// The number of the autonomous system: a number, or a text such as `AS1221`.
    AsNumber,
    /// Who owns the autonomous system.
    AsOrganization,
    /// Whether anything hides the user.
    Anonymous,
    /// Whether it is a virtual private network.
    Vpn,
    /// Whether it is a data centre's.
    Hosting,
    /// Whether it is an open proxy.
    Proxy,
    /// Whether it is a proxy on somebody's line at home.
    ResidentialProxy,
    /// Whether it is an exit of the Tor network.
    Tor,
}

/// Where in a database's records each fact stands.
///
/// A place is a path: keys, and numbers of list items, joined by dots. Of several places the first one counts that holds
/// something usable. The default knows the layout of MaxMind's own files and the flat one of many others.
///
/// ```
/// use autosec_core::enrich::geo::{GeoFact, GeoLayout};
///
/// let layout = GeoLayout::default().with(GeoFact::City, ["city.names.de", "city.names.en"])?;
/// assert!(GeoLayout::default().with(GeoFact::City, ["city..de"]).is_err());
/// # Ok::<(), autosec_core::enrich::geo::LayoutError>(())
/// ```
///
/// In a configuration file it is a map: `{ city: [city.names.de, city.names.en], as_number: [asn] }`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "BTreeMap<GeoFact, Vec<String>>")]
pub struct GeoLayout(BTreeMap<GeoFact, Vec<Path>>);

/// A place in a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Key(Box<str>),
    Item(usize),
}

/// A path that leads nowhere.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{path}` is no path into a record: it is up to {most} keys and numbers, none of them empty, joined by dots", most = Path::MOST_STEPS)]
pub struct LayoutError {
    path: String,
}

/// The places that the default layout knows.
const DEFAULTS: [(GeoFact, &[&str]); 16] = [
    (GeoFact::Country, &["country.iso_code", "country_code", "country"]),
    (GeoFact::Continent, &["continent.code", "continent_code", "continent"]),
    (GeoFact::Region, &["subdivisions.0.iso_code", "region_code"]),
    (GeoFact::City, &["city.names.en", "city", "city_name"]),
    (GeoFact::Timezone, &["location.time_zone", "timezone", "time_zone"]),
    (GeoFact::Latitude, &["location.latitude", "latitude"]),
    (GeoFact::Longitude, &["location.longitude", "longitude"]),
    (GeoFact::AccuracyRadius, &["location.accuracy_radius", "accuracy_radius"]),
    (GeoFact::AsNumber, &["autonomous_system_number", "traits.autonomous_system_number", "as_number", "asn"]),
    (
        GeoFact::AsOrganization,
        &[
            "autonomous_system_organization",
            "traits.autonomous_system_organization",
            "as_organization",
            "as_name",
        ],
    ),
    (GeoFact::Anonymous, &["is_anonymous", "traits.is_anonymous"]),
    (GeoFact::Vpn, &["is_anonymous_vpn", "traits.is_anonymous_vpn"]),
    (GeoFact::Hosting, &["is_hosting_provider", "traits.is_hosting_provider"]),
    (GeoFact::Proxy, &["is_public_proxy", "traits.is_public_proxy"]),
    (GeoFact::ResidentialProxy, &["is_residential_proxy", "traits.is_residential_proxy"]),
    (GeoFact::Tor, &["is_tor_exit_node", "traits.is_tor_exit_node"]),
];

impl GeoLayout {
    /// The same with other places for one fact; no places mean that it is not read.
    ///
    /// # Errors
    /// When a path has an empty part or too many of them.
    pub fn with<P: AsRef<str>>(
        mut self,
        fact: GeoFact,
        places: impl IntoIterator<Item = P>,
    ) -> Result<Self, LayoutError> {
        let paths = places.into_iter().map(|path| Path::parse(path.as_ref())).collect::<Result<_, _>>()?;
        self.0.insert(fact, paths);
        Ok(self)
    }

    pub(super) fn places(&self, fact: GeoFact) -> &[Path] {
        self.0.get(&fact).map_or(&[], Vec::as_slice)
    }
}

impl Default for GeoLayout {
    fn default() -> Self {
        let places = |paths: &[&str]| paths.iter().filter_map(|path| Path::parse(path).ok()).collect();
        Self(DEFAULTS.iter().map(|(fact, paths)| (*fact, places(paths))).collect())
    }
}

/// What is not named keeps its default places.
impl TryFrom<BTreeMap<GeoFact, Vec<String>>> for GeoLayout {
    type Error = LayoutError;

    fn try_from(places: BTreeMap<GeoFact, Vec<String>>) -> Result<Self, LayoutError> {
        places.into_iter().try_fold(Self::default(), |layout, (fact, places)| layout.with(fact, places))
    }
}

impl Path {
    const MOST_STEPS: usize = 8;

    fn parse(path: &str) -> Result<Self, LayoutError> {
        let steps: Vec<Step> = path
            .split('.')
            .map(|part| part.parse().map_or_else(|_| Step::Key(part.into()), Step::Item))
            .collect();
        if steps.len() > Self::MOST_STEPS || steps.contains(&Step::Key("".into())) {
            let shown: String = path.chars().take(80).collect();
            return Err(LayoutError { path: shown });
        }
        Ok(Self(steps))
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl GeoFact {
    /// Every one, in the order of their numbers.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        DEFAULTS.iter().map(|(fact, _)| *fact)
    }

    /// The fact that tells of an anonymizer.
    pub(super) fn of(anonymizer: Anonymizer) -> Self {
        match anonymizer {
            Anonymizer::Anonymous => Self::Anonymous,
            Anonymizer::Vpn => Self::Vpn,
            Anonymizer::Hosting => Self::Hosting,
            Anonymizer::Proxy => Self::Proxy,
            Anonymizer::ResidentialProxy => Self::ResidentialProxy,
            Anonymizer::Tor => Self::Tor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths() {
        let path = Path::parse("subdivisions.0.iso_code").unwrap();
        assert_eq!(
            path.steps(),
            [Step::Key("subdivisions".into()), Step::Item(0), Step::Key("iso_code".into())]
        );
        for wrong in ["", ".", "a.", "a..b", "a.b.c.d.e.f.g.h.i"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_default_is_a_path() {
        assert!(GeoFact::all().zip(0..).all(|(fact, number)| fact as usize == number));
        let layout = GeoLayout::default();
        for (fact, paths) in DEFAULTS {
            assert_eq!(layout.places(fact).len(), paths.len());
        }
        let changed: GeoLayout = serde_json::from_str(r#"{"as_number":["asn"],"tor":[]}"#).unwrap();
        assert_eq!((changed.places(GeoFact::AsNumber).len(), changed.places(GeoFact::Tor).len()), (1, 0));
        assert_eq!(changed.places(GeoFact::City), layout.places(GeoFact::City));
        let wrong = serde_json::from_str::<GeoLayout>(r#"{"city":["a..b"]}"#).unwrap_err();
        assert!(wrong.to_string().contains("`a..b` is no path"), "{wrong}");
    }
}
