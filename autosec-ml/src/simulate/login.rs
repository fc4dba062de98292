use std::net::Ipv4Addr;

use autosec_core::event::{Event, field};
use autosec_core::time::Timestamp;

use super::agent::Agent;
use super::attacker::Attacker;
use super::network::Source;

/// One attempt to log in, and the truth about it.
#[derive(Clone, Debug)]
pub struct Login {
    /// Milliseconds of the Unix epoch.
    pub(super) millis: i64,
    pub(super) user: u32,
    pub(super) group: Option<u16>,
    pub(super) source: Source,
    pub(super) agent: Agent,
    pub(super) succeeded: bool,
    pub(super) attacker: Option<Attacker>,
}

impl Login {
    /// When it happened.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_micros(self.millis.saturating_mul(1_000))
    }

    /// The number of the user whose name was given. Numbers from the simulation's count of users on belong to nobody:
    /// lists of stolen passwords have names of other services in them.
    pub fn user(&self) -> u32 {
        self.user
    }

    /// Whether the password was right.
    pub fn succeeded(&self) -> bool {
        self.succeeded
    }

    /// Who it truly was; none for the user.
    pub fn attacker(&self) -> Option<Attacker> {
        self.attacker
    }

    /// Where it came from.
    pub fn address(&self) -> Ipv4Addr {
        self.source.address()
    }

    /// What a host would hand in: fields of the Elastic Common Schema as an enriched log has them. Nothing in it tells the
    /// truth about who it was.
    pub fn event(&self) -> Event<'static> {
        let outcome = if self.succeeded { "success" } else { "failure" };
        let mut event = Event::new(self.time())
            .with(field::EVENT_CATEGORY, "authentication")
            .with(field::EVENT_ACTION, "login")
            .with(field::EVENT_OUTCOME, outcome)
            .with(field::USER_NAME, format!("user-{:06}", self.user));
        if let Some(group) = self.group {
            event.set(field::USER_GROUP_NAME, format!("firm-{group:04}"));
        }
        self.describe_source(&mut event);
        self.describe_agent(&mut event);
        event
    }

    fn describe_source(&self, event: &mut Event<'static>) {
        let (source, place) = (&self.source, self.source.place());
        event.set(field::SOURCE_IP, std::net::IpAddr::V4(source.address()));
        event.set(field::SOURCE_AS_NUMBER, source.system());
        event.set(field::SOURCE_AS_ORGANIZATION_NAME, source.organization());
        event.set(field::SOURCE_GEO_COUNTRY_ISO_CODE, source.country().code);
        event.set(field::SOURCE_GEO_REGION_ISO_CODE, place.region);
        event.set(field::SOURCE_GEO_CITY_NAME, place.city);
        event.set(field::SOURCE_GEO_LOCATION_LAT, place.latitude);
        event.set(field::SOURCE_GEO_LOCATION_LON, place.longitude);
        event.set(field::SOURCE_GEO_ACCURACY_RADIUS, source.radius);
        if let Some(anonymizer) = source.anonymizer {
            event.set(field::SOURCE_ANONYMIZER, anonymizer);
        }
    }

    fn describe_agent(&self, event: &mut Event<'static>) {
        let (name, version, system, system_version, device) = self.agent.parsed();
        event.set(field::USER_AGENT_ORIGINAL, self.agent.text());
        event.set(field::USER_AGENT_NAME, name);
        event.set(field::USER_AGENT_VERSION, version);
        event.set(field::USER_AGENT_OS_NAME, system);
        if !system_version.is_empty() {
            event.set(field::USER_AGENT_OS_VERSION, system_version);
        }
        event.set(field::USER_AGENT_DEVICE_NAME, device);
    }
}
