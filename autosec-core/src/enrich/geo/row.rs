//! What is known of an address in 16 bytes, so that a row lies in one cache line and a city database's 400,000 different
//! ones fit the last cache.

use super::{Anonymizers, GeoCode, Location};

/// A row of a table: the place and the owner.
///
/// The place, from the lowest bit: 28 for the latitude and 29 for the longitude in millionths of a degree, from their least;
/// 6 for what hides users. The owner: 32 for the system's number, 0 for none as it is reserved; 15 for the radius in
/// kilometres; 10 for the country's two letters; 3 for the continent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Row(pub(super) [u64; 2]);

const NOWHERE: u64 = (1 << 28) - 1;
const NO_RADIUS: u64 = (1 << 15) - 1;
const NO_LETTER: u64 = (1 << 5) - 1;
const LONGITUDE: u32 = 28;
const ANONYMIZERS: u32 = LONGITUDE + 29;
const RADIUS: u32 = 32;
const COUNTRY: u32 = RADIUS + 15;
const CONTINENT: u32 = COUNTRY + 10;

/// What a row says, apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Parts {
    pub(super) location: Option<Location>,
    pub(super) as_number: Option<u32>,
    pub(super) country: Option<GeoCode>,
    pub(super) continent: Option<GeoCode>,
    pub(super) anonymizers: Anonymizers,
}

/// The row of nothing known.
impl Default for Row {
    fn default() -> Self {
        Self::new(Parts::default())
    }
}

impl Row {
    /// The row of these parts.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 360 million, and 20,038"
    )]
    pub(super) fn new(parts: Parts) -> Self {
        let millionths = |degrees: f64, most: f64| ((degrees + most) * 1e6).round() as u64;
        let (latitude, longitude) = parts.location.map_or((NOWHERE, 0), |location| {
            (millionths(location.latitude, 90.0), millionths(location.longitude, 180.0))
        });
        let radius = parts.location.and_then(|location| location.accuracy_radius);
        let letter = |letter: u8| u64::from(letter - b'A');
        let country = parts.country.map_or([NO_LETTER; 2], |code| code.0.map(letter));
        let continent = GeoCode::CONTINENTS.iter().position(|code| parts.continent == Some(*code));
        Self([
            latitude | longitude << LONGITUDE | u64::from(parts.anonymizers.0) << ANONYMIZERS,
            u64::from(parts.as_number.unwrap_or(0))
                | radius.map_or(NO_RADIUS, |radius| radius as u64) << RADIUS
                | (country[0] | country[1] << 5) << COUNTRY
                | (continent.unwrap_or(GeoCode::CONTINENTS.len()) as u64) << CONTINENT,
        ])
    }

    /// The row of what this one says, and of what `other` says where this one says nothing.
    pub(super) fn completed(self, other: Self) -> Self {
        Self::new(Parts {
            location: self.location().or(other.location()),
            as_number: self.as_number().or(other.as_number()),
            country: self.country().or(other.country()),
            continent: self.continent().or(other.continent()),
            anonymizers: Anonymizers(self.anonymizers().0 | other.anonymizers().0),
        })
    }

    #[inline]
    pub(super) fn location(self) -> Option<Location> {
        let Self([place, owner]) = self;
        let (latitude, radius) = (part(place, 0, LONGITUDE), part(owner, RADIUS, 15));
        (u64::from(latitude) != NOWHERE).then(|| Location {
            latitude: degrees(latitude, 90),
            longitude: degrees(part(place, LONGITUDE, 29), 180),
            accuracy_radius: (u64::from(radius) != NO_RADIUS).then_some(f64::from(radius)),
        })
    }

    #[inline]
    pub(super) fn as_number(self) -> Option<u32> {
        Some(part(self.0[1], 0, 32)).filter(|number| *number != 0)
    }

    #[inline]
    pub(super) fn country(self) -> Option<GeoCode> {
        let [first, second] = [0, 5].map(|first| part(self.0[1], COUNTRY + first, 5).to_le_bytes()[0]);
        (u64::from(first) != NO_LETTER).then_some(GeoCode([b'A' + first, b'A' + second]))
    }

    #[inline]
    pub(super) fn continent(self) -> Option<GeoCode> {
        GeoCode::CONTINENTS.get(part(self.0[1], CONTINENT, 3) as usize).copied()
    }

    #[inline]
    pub(super) fn anonymizers(self) -> Anonymizers {
        Anonymizers(part(self.0[0], ANONYMIZERS, 6).to_le_bytes()[0])
    }
}

/// So many bits, at most 32, from the first.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "as many bits as are taken")]
fn part(number: u64, first: u32, bits: u32) -> u32 {
    (number >> first & ((1 << bits) - 1)) as u32
}

#[inline]
fn degrees(millionths: u32, most: u32) -> f64 {
    (f64::from(millionths) - f64::from(most * 1_000_000)) / 1e6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::geo::Anonymizer;

    fn parts() -> impl Strategy<Value = Parts> {
        let place = (-90_000_000..=90_000_000_i32, -180_000_000..=180_000_000_i32, 0..=40_000_u16);
        let edges = prop_oneof![Just(-90.0), Just(90.0)].prop_map(|at| Location::new(at, 2.0 * at));
        let place = place.prop_map(|(latitude, longitude, radius)| {
            let place = Location::new(f64::from(latitude) / 1e6, f64::from(longitude) / 1e6);
            place.map(|place| place.within(f64::from(radius)))
        });
        let place = prop_oneof![Just(None), place, edges];
        let number = prop_oneof![Just(None), (1..=u32::MAX).prop_map(Some)];
        let country = prop_oneof![Just(None), "[A-Z]{2}".prop_map(|code| GeoCode::new(&code))];
        let continent = (0..8_usize).prop_map(|place| GeoCode::CONTINENTS.get(place).copied());
        let anonymizers = prop::collection::vec(0..6_usize, 0..6).prop_map(|all| {
            all.into_iter().filter_map(|place| Anonymizer::ALL.get(place).copied()).collect()
        });
        (place, number, country, continent, anonymizers).prop_map(
            |(location, as_number, country, continent, anonymizers)| Parts {
                location,
                as_number,
                country,
                continent,
                anonymizers,
            },
        )
    }

    proptest! {
        #[test]
        fn says_what_its_parts_say(one in parts(), other in parts()) {
            let row = Row::new(one);
            let said = Parts {
                location: row.location(),
                as_number: row.as_number(),
                country: row.country(),
                continent: row.continent(),
                anonymizers: row.anonymizers(),
            };
            prop_assert_eq!(said, one);
            prop_assert_eq!(row.completed(Row::default()), row);
            prop_assert_eq!(Row::default().completed(row), row);
            let both = row.completed(Row::new(other));
            prop_assert_eq!(both.location(), one.location.or(other.location));
            prop_assert_eq!(both.country(), one.country.or(other.country));
        }
    }
}
