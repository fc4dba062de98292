//! What is known of an address in 24 bytes: a city database has some 400,000 different rows, which then fit the last
//! cache. With all of it in one struct of 144 bytes a look-up in a table took 2.5 times as long (2-core x86-64 VM, 2026-11-22).

use super::{Anonymizers, GeoCode, GeoFacts, GeoNames, GeoRecord, Location};

/// No code, no radius.
const ABSENT: u16 = u16::MAX;
const NOWHERE: i32 = i32::MIN;

/// A row of a table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Row {
    /// Millionths of a degree.
    latitude: i32,
    longitude: i32,
    /// 0 for none: it is reserved.
    as_number: u32,
    /// Place in the list of names.
    names: u32,
    /// Kilometres.
    radius: u16,
    country: u16,
    continent: u16,
    anonymizers: Anonymizers,
}

impl Row {
    /// The row of a record whose names have this place.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 180 million, and 20,038"
    )]
    pub(super) fn new(record: &GeoRecord, names: u32) -> Self {
        let millionths = |degrees: f64| (degrees * 1e6).round() as i32;
        let code = |code: Option<GeoCode>| code.map_or(ABSENT, |code| u16::from_le_bytes(code.0));
        let radius = record.location.and_then(|location| location.accuracy_radius);
        Self {
            latitude: record.location.map_or(NOWHERE, |location| millionths(location.latitude)),
            longitude: record.location.map_or(NOWHERE, |location| millionths(location.longitude)),
            as_number: record.as_number.unwrap_or(0),
            names,
            radius: radius.map_or(ABSENT, |radius| radius as u16),
            country: code(record.country),
            continent: code(record.continent),
            anonymizers: record.anonymizers,
        }
    }

    /// What it says, with its names from the list.
    #[inline]
    pub(super) fn facts<'n>(&self, names: &'n [GeoNames], none: &'n GeoNames) -> GeoFacts<'n> {
        let code = |code: u16| (code != ABSENT).then(|| GeoCode(code.to_le_bytes()));
        let degrees = |millionths: i32| f64::from(millionths) / 1e6;
        GeoFacts {
            location: (self.latitude != NOWHERE).then(|| Location {
                latitude: degrees(self.latitude),
                longitude: degrees(self.longitude),
                accuracy_radius: (self.radius != ABSENT).then_some(f64::from(self.radius)),
            }),
            as_number: (self.as_number != 0).then_some(self.as_number),
            country: code(self.country),
            continent: code(self.continent),
            anonymizers: self.anonymizers,
            names: names.get(self.names as usize).unwrap_or(none),
        }
    }
}
