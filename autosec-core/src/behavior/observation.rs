use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;

use ipnet::IpNet;

use super::Feature;
use super::aliases::Aliases;
use super::baseline::{Place, kept, seconds};
use super::crowd::{Circle, Glance, Spot};
use super::gathered::Gathered;
use super::hashing::{Hashing, Seed};
use crate::entity::Entity;
use crate::event::{Event, FieldId, Value, field};
use crate::net;
use crate::time::Timestamp;

/// How many bits of an IPv6 address are one client, and how many its neighbourhood.
const CLIENT: u8 = 64;
const NEIGHBOURHOOD: u8 = 48;

/// What it is that a baseline is of: it is part of the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Of {
    User = 1,
    Service = 2,
    Host = 3,
    Address = 4,
}

/// Whether what was tried succeeded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Success,
    Failure,
    /// The event does not say.
    Unknown,
}

/// What an event says to the analyzer: hashes and numbers, no text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Observation {
    pub(super) time: Timestamp,
    pub(super) second: u32,
    /// The second that the event says; `second` is what is believed of it.
    pub(super) said: u32,
    pub(super) of: Of,
    /// The hash of whom it is about.
    pub(super) subject: u64,
    pub(super) group: Option<Circle>,
    /// Where it comes from.
    pub(super) client: Option<(u64, IpNet)>,
    pub(super) values: [Option<u64>; Feature::ALL.len()],
    /// Where everyone's counts of these are.
    pub(super) glance: Glance,
    pub(super) place: Option<Place>,
    pub(super) outcome: Outcome,
    /// Bytes that were moved.
    pub(super) amount: Option<f64>,
}

impl Observation {
    /// Whether it was at the time that the event says.
    pub(super) fn is_believed(&self) -> bool {
        self.second == self.said
    }

    /// The hash of the prefix it comes from.
    pub(super) fn prefix(&self) -> Option<u64> {
        self.values.get(Feature::Prefix.index()).copied().flatten()
    }

    /// Takes it to have been at another second. The hour of the week stays what the event says.
    pub(super) fn move_to(&mut self, second: u32) {
        self.second = second;
        self.time = Timestamp::from_secs(i64::from(second));
        if let Some(place) = &mut self.place {
            place.at = second;
        }
    }
}

/// Turns events into observations with a secret seed: nobody without it can make two values meet.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    seed: Seed,
}

/// The entity that a finding about the event names: the same that [`Reader::read`] took the hash of.
pub(super) fn subject(event: &Event<'_>, of: Of, aliases: &Aliases) -> Entity {
    let named = |id| event.text(id).unwrap_or_default().into();
    match of {
        Of::User => {
            let mut name = String::new();
            aliases.write_user(event, &mut name);
            Entity::User(name.into())
        }
        Of::Service => Entity::Other(named(field::SERVICE_NAME)),
        Of::Host => Entity::Host(named(field::HOST_NAME)),
        Of::Address => event.address(field::SOURCE_IP).map_or(Entity::Other("".into()), Entity::address),
    }
}

impl Reader {
    /// A reader with this seed, or with one drawn at random.
    pub(super) fn new(seed: Option<u64>) -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self { seed: seed.map_or_else(|| (random(), random()), |seed| (seed, !seed)) }
    }

    /// A reader with both halves of a seed.
    pub(super) fn of_seed(seed: Seed) -> Self {
        Self { seed }
    }

    /// Both halves of the seed.
    pub(super) fn seed(&self) -> Seed {
        self.seed
    }

    /// What the event says; none if it is about nobody. `met` is told whom it is about before the rest is read, and `found` each
    /// value in the order of the features, which says where everyone's counts of it are: so both can be asked of memory meanwhile.
    pub(super) fn read(
        &self,
        event: &Event<'_>,
        aliases: &Aliases,
        met: impl FnOnce(u64),
        mut found: impl FnMut(u64, Feature, Option<u64>) -> Option<Spot>,
    ) -> Option<Observation> {
        let fields = Gathered::of(event);
        let (of, subject) = self.subject(event, &fields, aliases)?;
        met(subject);
        let client = fields.address(field::SOURCE_IP).map(|address| net::client(address, CLIENT));
        let second = seconds(event.time());
        let mut values = [None; Feature::ALL.len()];
        let mut glance = Glance::default();
        for (slot, feature) in values.iter_mut().zip(Feature::ALL) {
            *slot = self.value(&fields, feature, of, second);
            glance.note(feature, found(subject, feature, *slot));
        }
        let network = values.get(Feature::Network.index()).copied().flatten();
        let place = place(&fields).filter(|_| of == Of::User).map(|place| Place {
            at: second,
            network: network.map_or(0, |network| kept(Feature::Network, network)),
            hidden: is_hidden(&fields),
            ..place
        });
        Some(Observation {
            time: event.time(),
            second,
            said: second,
            of,
            subject,
            group: None,
            client: client.map(|client| (self.network(Of::Address as u8, client), client)),
            values,
            glance,
            place,
            outcome: outcome(&fields),
            amount: amount(&fields),
        })
    }

    /// The key of the baseline of an entity.
    pub(super) fn entity(&self, entity: &Entity, aliases: &Aliases) -> u64 {
        match entity {
            Entity::User(name) => self.text(Of::User as u8, &aliases.unify(name, None)),
            Entity::Host(name) => self.text(Of::Host as u8, name),
            Entity::Other(name) => self.text(Of::Service as u8, name),
            Entity::Address(network) => self.network(Of::Address as u8, net::client(network.addr(), CLIENT)),
        }
    }

    /// Whom the event is about: a user, else a service, else a host, else the client.
    fn subject(&self, event: &Event<'_>, fields: &Gathered<'_, '_>, aliases: &Aliases) -> Option<(Of, u64)> {
        let mut name = self.hashing(Of::User as u8);
        if aliases.write_user(event, &mut name) {
            return Some((Of::User, name.finish()));
        }
        if let Some(name) = fields.text(field::SERVICE_NAME) {
            return Some((Of::Service, self.text(Of::Service as u8, name)));
        }
        if let Some(name) = fields.text(field::HOST_NAME) {
            return Some((Of::Host, self.text(Of::Host as u8, name)));
        }
        let client = net::client(fields.address(field::SOURCE_IP)?, CLIENT);
        Some((Of::Address, self.network(Of::Address as u8, client)))
    }

    /// The circle of a peer group.
    pub(super) fn circle(&self, group: &str) -> Circle {
        // Zero is everyone.
        Circle(self.text(0, group).max(1))
    }

    fn value(&self, fields: &Gathered<'_, '_>, feature: Feature, of: Of, second: u32) -> Option<u64> {
        let tag = 16 + feature as u8;
        let any =
            |ids: &[FieldId]| ids.iter().find_map(|id| fields.text(*id)).map(|found| self.text(tag, found));
        // Where somebody is says nothing of an address, nor of a service that all the world asks.
        let roams = of == Of::User || of == Of::Host;
        match feature {
            Feature::Address
            | Feature::Prefix
            | Feature::Network
            | Feature::Country
            | Feature::City
            | Feature::Cover
                if !roams =>
            {
                None
            }
            Feature::Address => {
                Some(self.network(tag, net::client(fields.address(field::SOURCE_IP)?, CLIENT)))
            }
            Feature::Prefix => Some(self.network(tag, neighbourhood(fields.address(field::SOURCE_IP)?))),
            Feature::Network => {
                let number = fields.integer(field::SOURCE_AS_NUMBER)?;
                Some(self.number(tag, number.cast_unsigned()))
            }
            Feature::Country => any(&[field::SOURCE_GEO_COUNTRY_ISO_CODE]),
            Feature::City => {
                fields.text(field::SOURCE_GEO_CITY_NAME)?;
                let place = [
                    field::SOURCE_GEO_CITY_NAME,
                    field::SOURCE_GEO_REGION_ISO_CODE,
                    field::SOURCE_GEO_COUNTRY_ISO_CODE,
                ];
                self.texts(tag, fields, place)
            }
            Feature::Cover => fields.get(field::SOURCE_IP).map(|_| u64::from(is_hidden(fields))),
            Feature::Agent => any(&[field::USER_AGENT_ORIGINAL]).or_else(|| {
                let agent = [
                    field::USER_AGENT_NAME,
                    field::USER_AGENT_VERSION,
                    field::USER_AGENT_OS_NAME,
                    field::USER_AGENT_OS_VERSION,
                ];
                self.texts(tag, fields, agent)
            }),
            Feature::Browser => any(&[field::USER_AGENT_NAME]),
            Feature::System => any(&[field::USER_AGENT_OS_NAME]),
            Feature::Device => any(&[field::DEVICE_ID, field::USER_AGENT_DEVICE_NAME]),
            Feature::Fingerprint => any(&[field::TLS_CLIENT_JA3, field::TLS_CLIENT_HASH_SHA256]),
            Feature::Action => any(&[field::EVENT_ACTION, field::HTTP_REQUEST_METHOD]),
            Feature::Target => {
                let hosts = [field::HOST_NAME, field::URL_DOMAIN, field::DESTINATION_DOMAIN];
                match of {
                    Of::User | Of::Address => any(&[field::SERVICE_NAME]).or_else(|| any(&hosts)),
                    Of::Service => any(&hosts),
                    Of::Host => None,
                }
            }
            Feature::Hour => Some(hour_of_week(second)),
            // What depends on the event before is made by the baseline.
            Feature::Route | Feature::Step => None,
        }
    }

    /// A hash of several fields, if any of them is there.
    fn texts<const N: usize>(&self, tag: u8, fields: &Gathered<'_, '_>, ids: [FieldId; N]) -> Option<u64> {
        let texts = ids.map(|id| fields.text(id).unwrap_or_default());
        let any = texts.iter().any(|text| !text.is_empty());
        any.then(|| {
            let mut hashing = self.hashing(tag);
            for text in texts {
                hashing.number(text.len() as u64);
                hashing.add(text.as_bytes());
            }
            hashing.finish()
        })
    }

    fn text(&self, tag: u8, text: &str) -> u64 {
        self.bytes(tag, text.as_bytes())
    }

    fn network(&self, tag: u8, network: IpNet) -> u64 {
        match network.addr() {
            IpAddr::V4(v4) => self.bytes(tag, &v4.octets()),
            IpAddr::V6(v6) => self.bytes(tag, &v6.octets()),
        }
    }

    fn number(&self, tag: u8, number: u64) -> u64 {
        let mut hashing = self.hashing(tag);
        hashing.number(number);
        hashing.finish()
    }

    fn bytes(&self, tag: u8, bytes: &[u8]) -> u64 {
        let mut hashing = self.hashing(tag);
        hashing.add(bytes);
        hashing.finish()
    }

    fn hashing(&self, tag: u8) -> Hashing {
        Hashing::new(self.seed, tag)
    }
}

fn neighbourhood(address: IpAddr) -> IpNet {
    match net::canonical(address) {
        IpAddr::V4(v4) => {
            IpNet::new(IpAddr::V4(v4), 24).map_or(IpNet::from(IpAddr::V4(v4)), |net| net.trunc())
        }
        v6 => net::client(v6, NEIGHBOURHOOD),
    }
}

/// The hour of the week in UTC, 0 is Monday 00:00 to 01:00. The first of January 1970 was a Thursday.
pub(super) fn hour_of_week(second: u32) -> u64 {
    u64::from(second / 3600 + 72) % 168
}

fn place(fields: &Gathered<'_, '_>) -> Option<Place> {
    let number = |id| match fields.get(id) {
        Some(Value::Float(number)) => Some(*number),
        #[expect(clippy::cast_precision_loss, reason = "degrees and kilometres are small")]
        Some(Value::Integer(number)) => Some(*number as f64),
        _ => None,
    };
    let radius = number(field::SOURCE_GEO_ACCURACY_RADIUS).unwrap_or(0.0);
    Place::new(number(field::SOURCE_GEO_LOCATION_LAT)?, number(field::SOURCE_GEO_LOCATION_LON)?, radius)
}

/// Whether the client's network is known to hide where its users are.
fn is_hidden(fields: &Gathered<'_, '_>) -> bool {
    fields.get(field::SOURCE_ANONYMIZER).is_some_and(|value| match value {
        Value::Text(text) => !text.is_empty(),
        list => !list.each().is_empty(),
    })
}

fn outcome(fields: &Gathered<'_, '_>) -> Outcome {
    match fields.text(field::EVENT_OUTCOME) {
        Some("success") => Outcome::Success,
        Some("failure") => Outcome::Failure,
        _ => match fields.integer(field::HTTP_RESPONSE_STATUS_CODE) {
            Some(200..=399) => Outcome::Success,
            Some(401 | 403) => Outcome::Failure,
            _ => Outcome::Unknown,
        },
    }
}

fn amount(fields: &Gathered<'_, '_>) -> Option<f64> {
    let amounts = [field::NETWORK_BYTES, field::HTTP_RESPONSE_BYTES, field::SOURCE_BYTES];
    let bytes = amounts.into_iter().find_map(|id| fields.integer(id)).filter(|bytes| *bytes >= 0)?;
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 bytes the last digit does not matter")]
    Some(bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &Event<'_>) -> Option<Observation> {
        Reader::new(Some(7)).read(event, &Aliases::new(), |_| {}, |_, _, _| None)
    }

    fn event() -> Event<'static> {
        Event::new(Timestamp::from_secs(1_700_000_000)).with(field::USER_NAME, "ann")
    }

    #[test]
    fn is_about_a_user_before_a_service_before_a_host_before_an_address() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let mut event = Event::new(Timestamp::EPOCH);
        assert_eq!(read(&event), None);
        let steps = [
            (field::SOURCE_IP, Value::from(address), Of::Address),
            (field::HOST_NAME, Value::from("web1"), Of::Host),
            (field::SERVICE_NAME, Value::from("shop"), Of::Service),
            (field::USER_NAME, Value::from("ann"), Of::User),
        ];
        for (id, value, of) in steps {
            event.set(id, value);
            let observation = read(&event).unwrap();
            assert_eq!(observation.of, of);
            let entity = subject(&event, of, &Aliases::new());
            assert_eq!(Reader::new(Some(7)).entity(&entity, &Aliases::new()), observation.subject);
        }
    }

    #[test]
    fn numbers_that_are_none_name_no_place() {
        for (latitude, longitude) in [(f64::NAN, 1.0), (1.0, f64::NEG_INFINITY), (91.0, 0.0)] {
            let event = event()
                .with(field::SOURCE_GEO_LOCATION_LAT, latitude)
                .with(field::SOURCE_GEO_LOCATION_LON, longitude);
            assert_eq!(read(&event).unwrap().place, None);
        }
        let event = event()
            .with(field::SOURCE_GEO_LOCATION_LAT, 48_i64)
            .with(field::SOURCE_GEO_LOCATION_LON, 16.5)
            .with(field::SOURCE_BYTES, -1_i64);
        let observation = read(&event).unwrap();
        assert!(observation.place.is_some() && observation.amount.is_none());
    }

    #[test]
    fn neighbours_share_their_prefix() {
        let values = |address: &str| {
            let event = event().with(field::SOURCE_IP, address.parse::<IpAddr>().unwrap());
            let values = read(&event).unwrap().values;
            (values[Feature::Address.index()], values[Feature::Prefix.index()])
        };
        let ((one, near), (two, nearby), (_, far)) =
            (values("192.0.2.7"), values("192.0.2.9"), values("192.0.3.7"));
        assert!(one != two && near == nearby && near != far);
        assert_eq!(values("2001:db8::1"), values("2001:db8::2"));
        assert_eq!(values("::ffff:192.0.2.7"), values("192.0.2.7"));
    }

    #[test]
    fn weeks_begin_on_monday() {
        let hour = |text| hour_of_week(seconds(Timestamp::parse(text).unwrap()));
        assert_eq!(hour("2026-11-23T00:30:00Z"), 0, "a Monday");
        assert_eq!(hour("2026-11-22T23:59:59Z"), 167);
    }
}
