use std::net::IpAddr;
use std::sync::Arc;

use crate::entity::Entity;
use crate::event::{Event, FieldId, Kind, Schema, Value};
use crate::net;

/// The fields that may name whom a finding is about, and what kind of entity each names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subject {
    /// The first that the event has names it.
    fields: Box<[Naming]>,
    /// Names an event that has none of the fields.
    fallback: Option<Entity>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Naming {
    field: FieldId,
    names: Names,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Names {
    Address,
    /// A text that is the address of somebody, if it is one.
    Client,
    Host,
    User,
    Other,
}

impl Subject {
    /// Addresses name addresses; texts and integers name users below `user`, hosts below `host`, other things elsewhere.
    /// `None` for kinds that name nothing.
    pub(crate) fn new(schema: &Schema, field: FieldId) -> Option<Self> {
        let name = schema.name(field);
        let names = match schema.kind(field) {
            Kind::Address => Names::Address,
            Kind::Text | Kind::Integer if name.split('.').any(|part| part == "user") => Names::User,
            Kind::Text | Kind::Integer if name.starts_with("host.") => Names::Host,
            Kind::Text | Kind::Integer => Names::Other,
            _ => return None,
        };
        Some(Self { fields: Box::new([Naming { field, names }]), fallback: None })
    }

    /// The subject of a Sigma rule, which names none itself: who sent something, else where, else as whom it happened,
    /// as far as the schema has the fields; else something unknown, because a finding must not be lost for that.
    pub(crate) fn of_sigma(schema: &Schema) -> Self {
        let known = SIGMA_SUBJECTS
            .iter()
            .filter_map(|(name, names)| Some(Naming { field: schema.field(name)?, names: *names }));
        Self { fields: known.collect(), fallback: Some(unknown()) }
    }

    /// The subjects of a Sigma rule that is kept apart by keys, for each input by a key's fields: the field that comes
    /// first among those that name subjects elsewhere, or else the first that can name one. It has the same place in all
    /// keys, so that a finding is about the same whichever input completes it.
    pub(crate) fn of_keys(schema: &Schema, keys: &[Box<[FieldId]>]) -> Box<[Self]> {
        let rank = |field: &FieldId| {
            let name = schema.name(*field);
            let known = SIGMA_SUBJECTS.iter().position(|(known, _)| *known == name);
            known.or_else(|| Self::new(schema, *field).map(|_| SIGMA_SUBJECTS.len()))
        };
        let places = keys.first().map_or(0, |key| key.len());
        let ranked = (0..places).filter_map(|at| {
            let ranks = keys.iter().filter_map(|key| rank(key.get(at)?));
            Some((ranks.min()?, at))
        });
        let chosen = ranked.min().map(|(_, at)| at);
        let subject = |key: &[FieldId]| {
            let field = chosen.and_then(|at| key.get(at).copied());
            let otherwise = Self::of_sigma(schema);
            let known = field.and_then(|field| otherwise.fields.iter().find(|naming| naming.field == field));
            let naming = known.copied().or_else(|| Self::new(schema, field?)?.fields.first().copied());
            Self {
                fields: naming.into_iter().chain(otherwise.fields).collect(),
                fallback: otherwise.fallback,
            }
        };
        keys.iter().map(|key| subject(key)).collect()
    }

    /// Its fields, each with a number for what it names, and whether it always names something.
    pub(crate) fn parts(&self) -> (impl Iterator<Item = (FieldId, u8)>, bool) {
        (self.fields.iter().map(|naming| (naming.field, naming.names as u8)), self.fallback.is_some())
    }

    /// What such [parts](Subject::parts) make up; `None` for a number that means nothing.
    pub(crate) fn of_parts(fields: impl IntoIterator<Item = (FieldId, u8)>, always: bool) -> Option<Self> {
        let naming =
            |(field, code): (FieldId, u8)| Some(Naming { field, names: *NAMES.get(usize::from(code))? });
        let fields = fields.into_iter().map(naming).collect::<Option<_>>()?;
        Some(Self { fields, fallback: always.then(unknown) })
    }

    /// As the other says, of an event that has none of these fields.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        let fields = self.fields.iter().chain(&other.fields).copied().collect();
        Self { fields, fallback: self.fallback.or(other.fallback) }
    }

    /// The fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = FieldId> {
        self.fields.iter().map(|naming| naming.field)
    }

    /// Whether the event names a subject; costs nothing.
    pub(crate) fn is_named(&self, event: &Event<'_>) -> bool {
        self.fallback.is_some() || self.fields.iter().any(|naming| naming.value(event).is_some())
    }

    /// Whom the event names: of a list the first that fits.
    pub(crate) fn entity(&self, event: &Event<'_>, ipv6_prefix: u8) -> Option<Entity> {
        let named = self.fields.iter().find_map(|naming| naming.entity(event, ipv6_prefix));
        named.or_else(|| self.fallback.clone())
    }
}

/// By their numbers.
const NAMES: [Names; 5] = [Names::Address, Names::Client, Names::Host, Names::User, Names::Other];

/// Whom a finding is about when nothing tells.
fn unknown() -> Entity {
    Entity::Other("unknown".into())
}

/// Names of the fields that may tell whom a Sigma finding is about, in the order they are asked.
const SIGMA_SUBJECTS: &[(&str, Names)] = &[
    ("source.ip", Names::Address),
    ("c-ip", Names::Client),
    ("src_ip", Names::Client),
    ("host.name", Names::Host),
    ("Computer", Names::Host),
    ("ComputerName", Names::Host),
    ("Hostname", Names::Host),
    ("user.name", Names::User),
    ("User", Names::User),
];

impl Naming {
    fn value<'e, 'a>(self, event: &'e Event<'a>) -> Option<&'e Value<'a>> {
        event.get(self.field)?.each().iter().find(|value| self.fits(value))
    }

    fn entity(self, event: &Event<'_>, ipv6_prefix: u8) -> Option<Entity> {
        let value = self.value(event)?;
        let name = || -> Arc<str> { value.as_text().map_or_else(|| value.to_string().into(), Arc::from) };
        Some(match self.names {
            Names::Address => Entity::from(net::client(value.as_address()?, ipv6_prefix)),
            Names::Client => Entity::from(net::client(address(value)?, ipv6_prefix)),
            Names::Host => Entity::Host(name()),
            Names::User => Entity::User(name()),
            Names::Other => Entity::Other(name()),
        })
    }

    fn fits(self, value: &Value<'_>) -> bool {
        match self.names {
            Names::Address => matches!(value, Value::Address(_)),
            Names::Client => address(value).is_some(),
            _ => matches!(value, Value::Text(_) | Value::Integer(_)),
        }
    }
}

/// The address that a value is, also as text.
fn address(value: &Value<'_>) -> Option<IpAddr> {
    value.as_address().or_else(|| value.as_text()?.trim().parse().ok())
}
