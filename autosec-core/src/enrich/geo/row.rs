//! What is known of an address in 16 bytes, so that a row lies in one cache line and a city database's 400,000 different
//! ones fit the last cache.

use super::facts::{OwnedNames, Words};
use super::{Anonymizers, GeoCode, GeoFacts, GeoRecord, Location};

/// A row of a table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Row {
    /// From the lowest bit: 28 for the latitude and 29 for the longitude in millionths of a degree, from their least; 6
    /// for what hides users.
    place: u64,
    /// From the lowest bit: 32 for the system's number, 0 for none as it is reserved; 15 for the radius in kilometres; 10
    /// for the country's two letters; 3 for the continent.
    owner: u64,
}

const NOWHERE: u64 = (1 << 28) - 1;
const NO_RADIUS: u64 = (1 << 15) - 1;
const NO_LETTER: u64 = (1 << 5) - 1;
const LONGITUDE: u32 = 28;
const ANONYMIZERS: u32 = LONGITUDE + 29;
const RADIUS: u32 = 32;
const COUNTRY: u32 = RADIUS + 15;
const CONTINENT: u32 = COUNTRY + 10;

impl Row {
    /// The row of a record.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 360 million, and 20,038"
    )]
    pub(super) fn new(record: &GeoRecord) -> Self {
        let millionths = |degrees: f64, most: f64| ((degrees + most) * 1e6).round() as u64;
        let (latitude, longitude) = record.location.map_or((NOWHERE, 0), |location| {
            (millionths(location.latitude, 90.0), millionths(location.longitude, 180.0))
        });
        let radius = record.location.and_then(|location| location.accuracy_radius);
        let letter = |letter: u8| u64::from(letter - b'A');
        let country = record.country.map_or([NO_LETTER; 2], |code| code.0.map(letter));
        let continent = GeoCode::CONTINENTS.iter().position(|code| record.continent == Some(*code));
        Self {
            place: latitude | longitude << LONGITUDE | u64::from(record.anonymizers.0) << ANONYMIZERS,
            owner: u64::from(record.as_number.unwrap_or(0))
                | radius.map_or(NO_RADIUS, |radius| radius as u64) << RADIUS
                | (country[0] | country[1] << 5) << COUNTRY
                | (continent.unwrap_or(GeoCode::CONTINENTS.len()) as u64) << CONTINENT,
        }
    }

    /// What it says, with these names.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "each part has as many bits as are taken")]
    pub(super) fn facts(self, names: &OwnedNames) -> GeoFacts<'_> {
        let part = |number: u64, first: u32, bits: u32| number >> first & ((1 << bits) - 1);
        let degrees = |millionths: u64, most: i32| f64::from(millionths as i32 - most * 1_000_000) / 1e6;
        let latitude = part(self.place, 0, LONGITUDE);
        let radius = part(self.owner, RADIUS, 15);
        let as_number = self.owner as u32;
        let letters = [0, 5].map(|first| part(self.owner, COUNTRY + first, 5));
        GeoFacts {
            location: (latitude != NOWHERE).then(|| Location {
                latitude: degrees(latitude, 90),
                longitude: degrees(part(self.place, LONGITUDE, 29), 180),
                accuracy_radius: (radius != NO_RADIUS).then_some(radius as f64),
            }),
            as_number: (as_number != 0).then_some(as_number),
            country: (letters[0] != NO_LETTER).then(|| GeoCode(letters.map(|letter| b'A' + letter as u8))),
            continent: GeoCode::CONTINENTS.get(part(self.owner, CONTINENT, 3) as usize).copied(),
            anonymizers: Anonymizers(part(self.place, ANONYMIZERS, 6) as u8),
            words: Words::Kept(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrich::geo::Anonymizer;

    fn record() -> impl Strategy<Value = GeoRecord> {
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
            |(location, as_number, country, continent, anonymizers)| GeoRecord {
                location,
                as_number,
                country,
                continent,
                anonymizers,
                ..GeoRecord::default()
            },
        )
    }

    proptest! {
        #[test]
        fn says_what_the_record_says(record in record()) {
            prop_assert_eq!(Row::new(&record).facts(&record.names), record.facts());
        }
    }
}
