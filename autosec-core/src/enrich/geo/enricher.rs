use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::{Anonymizers, GeoDatabase, GeoError, GeoFacts, GeoRecord, GeoTable};
use crate::enrich::Enricher;
use crate::event::{Event, FieldId, FieldMask, Value, field};
use crate::finding::{Fault, FaultKind};

/// Tells events where their addresses are.
///
/// From `source.ip` it fills `source.geo.*` (country, continent, region, city, time zone, place with its accuracy),
/// `source.as.*` and `source.anonymizer`; from `destination.ip` the country, the city and the autonomous system. What an event
/// says by itself stays.
///
/// A clone is another handle of the same: keep one to [`replace`](Self::replace) the databases while events come in.
///
/// ```no_run
/// use autosec_core::engine::Engine;
/// use autosec_core::enrich::geo::{Geo, GeoDatabase};
///
/// let geo = Geo::new([GeoDatabase::open("city.mmdb")?.into(), GeoDatabase::open("asn.mmdb")?.into()]);
/// let engine = Engine::builder().enricher(geo.clone()).build()?;
/// // A week later:
/// geo.replace([GeoDatabase::open("city.mmdb")?.into(), GeoDatabase::open("asn.mmdb")?.into()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Geo(Arc<Shared>);

/// Where facts come from.
#[derive(Debug)]
#[non_exhaustive]
pub enum GeoSource {
    /// A file as its maker made it.
    Database(GeoDatabase),
    /// Files in one table.
    Table(GeoTable),
}

#[derive(Debug)]
struct Shared {
    sources: ArcSwap<Vec<GeoSource>>,
    damaged: AtomicU64,
}

/// The fields of one end of a connection.
struct End {
    address: FieldId,
    number: FieldId,
    organization: FieldId,
    country: FieldId,
    city: FieldId,
    /// Of the source only.
    more: Option<More>,
}

struct More {
    anonymizer: FieldId,
    continent: FieldId,
    region: FieldId,
    timezone: FieldId,
    latitude: FieldId,
    longitude: FieldId,
    radius: FieldId,
}

const SOURCE: End = End {
    address: field::SOURCE_IP,
    number: field::SOURCE_AS_NUMBER,
    organization: field::SOURCE_AS_ORGANIZATION_NAME,
    country: field::SOURCE_GEO_COUNTRY_ISO_CODE,
    city: field::SOURCE_GEO_CITY_NAME,
    more: Some(More {
        anonymizer: field::SOURCE_ANONYMIZER,
        continent: field::SOURCE_GEO_CONTINENT_CODE,
        region: field::SOURCE_GEO_REGION_ISO_CODE,
        timezone: field::SOURCE_GEO_TIMEZONE,
        latitude: field::SOURCE_GEO_LOCATION_LAT,
        longitude: field::SOURCE_GEO_LOCATION_LON,
        radius: field::SOURCE_GEO_ACCURACY_RADIUS,
    }),
};

const DESTINATION: End = End {
    address: field::DESTINATION_IP,
    number: field::DESTINATION_AS_NUMBER,
    organization: field::DESTINATION_AS_ORGANIZATION_NAME,
    country: field::DESTINATION_GEO_COUNTRY_ISO_CODE,
    city: field::DESTINATION_GEO_CITY_NAME,
    more: None,
};

impl Geo {
    /// Tells what these sources know; where two know the same fact, the first one's counts.
    pub fn new(sources: impl IntoIterator<Item = GeoSource>) -> Self {
        let sources = ArcSwap::from_pointee(sources.into_iter().collect());
        Self(Arc::new(Shared { sources, damaged: AtomicU64::new(0) }))
    }

    /// Puts other sources in place of these, for every clone, without a pause: who is looking something up ends with the
    /// old ones.
    pub fn replace(&self, sources: impl IntoIterator<Item = GeoSource>) {
        self.0.sources.store(Arc::new(sources.into_iter().collect()));
    }

    /// All that is known of an address.
    pub fn lookup(&self, address: IpAddr) -> GeoRecord {
        let mut all = GeoRecord::default();
        self.each(address, |facts| all.complete(facts), |_| ());
        all
    }

    /// How many look-ups met a damaged record.
    pub fn damaged(&self) -> u64 {
        self.0.damaged.load(Ordering::Relaxed)
    }

    /// What each source knows of an address.
    fn each(&self, address: IpAddr, mut known: impl FnMut(GeoFacts<'_>), mut broken: impl FnMut(GeoError)) {
        for source in self.0.sources.load().iter() {
            match source {
                GeoSource::Table(table) => table.lookup(address).into_iter().for_each(&mut known),
                GeoSource::Database(database) => match database.lookup(address) {
                    Ok(facts) => facts.into_iter().for_each(&mut known),
                    Err(error) => broken(error),
                },
            }
        }
    }

    /// Every 1,024th damaged record is told of.
    fn broken(&self, error: &GeoError, faults: &mut Vec<Fault>) {
        if self.0.damaged.fetch_add(1, Ordering::Relaxed).is_multiple_of(1_024) {
            faults.push(Fault::new(FaultKind::Enricher, "geo", error.to_string()));
        }
    }
}

impl From<GeoDatabase> for GeoSource {
    fn from(database: GeoDatabase) -> Self {
        Self::Database(database)
    }
}

impl From<GeoTable> for GeoSource {
    fn from(table: GeoTable) -> Self {
        Self::Table(table)
    }
}

impl Enricher for Geo {
    fn name(&self) -> &str {
        "geo"
    }

    fn reads(&self) -> FieldMask {
        [SOURCE.address, DESTINATION.address].into_iter().collect()
    }

    fn fills(&self) -> FieldMask {
        [SOURCE, DESTINATION].iter().flat_map(End::fills).collect()
    }

    fn enrich(&self, event: &mut Event<'_>, wanted: &FieldMask, faults: &mut Vec<Fault>) {
        for end in [&SOURCE, &DESTINATION] {
            if let Some(address) = event.address(end.address)
                && end.fills().any(|field| wanted.contains(field))
            {
                self.each(
                    address,
                    |facts| end.fill(facts, event, wanted),
                    |error| self.broken(&error, faults),
                );
            }
        }
    }
}

impl End {
    fn fills(&self) -> impl Iterator<Item = FieldId> {
        let more = self.more.iter().flat_map(|more| {
            let place = [more.latitude, more.longitude, more.radius];
            [more.anonymizer, more.continent, more.region, more.timezone].into_iter().chain(place)
        });
        [self.number, self.organization, self.country, self.city].into_iter().chain(more)
    }

    fn fill(&self, facts: GeoFacts<'_>, event: &mut Event<'_>, wanted: &FieldMask) {
        let mut gaps = Gaps { event, wanted };
        gaps.fill(self.number, || facts.as_number().map(|number| Value::Integer(number.into())));
        gaps.fill(self.country, || facts.country().map(|code| code.as_str().into()));
        self.fill_words(facts, &mut gaps);
        let Some(more) = &self.more else { return };
        gaps.fill(more.continent, || facts.continent().map(|code| code.as_str().into()));
        gaps.fill(more.anonymizer, || words(facts.anonymizers()));
        // A place is one fact: never the latitude of one source with the longitude of another.
        let lacks = |field| gaps.event.get(field).is_none();
        if let Some(place) = facts.location().filter(|_| lacks(more.latitude) && lacks(more.longitude)) {
            gaps.fill(more.latitude, || Some(place.latitude.into()));
            gaps.fill(more.longitude, || Some(place.longitude.into()));
            gaps.fill(more.radius, || place.accuracy_radius.map(Value::from));
        }
    }

    /// Words are read only if somebody wants them.
    fn fill_words(&self, facts: GeoFacts<'_>, gaps: &mut Gaps<'_, '_>) {
        let more = self.more.iter().flat_map(|more| [more.region, more.timezone]);
        if ![self.organization, self.city].into_iter().chain(more).any(|field| gaps.lacks(field)) {
            return;
        }
        let names = facts.names();
        gaps.text(self.organization, names.as_organization);
        gaps.text(self.city, names.city);
        if let Some(more) = &self.more {
            gaps.text(more.region, names.region.as_deref());
            gaps.text(more.timezone, names.timezone);
        }
    }
}

/// An event that lacks fields which somebody wants.
struct Gaps<'g, 'e> {
    event: &'g mut Event<'e>,
    wanted: &'g FieldMask,
}

impl Gaps<'_, '_> {
    fn fill(&mut self, field: FieldId, value: impl FnOnce() -> Option<Value<'static>>) {
        if self.lacks(field)
            && let Some(value) = value()
        {
            self.event.set(field, value);
        }
    }

    fn text(&mut self, field: FieldId, text: Option<&str>) {
        self.fill(field, || text.map(|text| text.to_owned().into()));
    }

    fn lacks(&self, field: FieldId) -> bool {
        self.wanted.contains(field) && self.event.get(field).is_none()
    }
}

fn words(anonymizers: Anonymizers) -> Option<Value<'static>> {
    let words = anonymizers.iter().map(|anonymizer| anonymizer.as_str().into()).collect();
    (!anonymizers.is_empty()).then_some(Value::List(words))
}
