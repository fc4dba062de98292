use std::sync::Arc;

use crate::entity::Entity;
use crate::event::{Event, FieldId, Kind, Schema, Value};
use crate::net;

/// The field that names whom a finding is about, and what kind of entity it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    field: FieldId,
    names: Names,
}

#[derive(Clone, Copy, Debug)]
enum Names {
    Address,
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
        Some(Self { field, names })
    }

    /// The field.
    pub(crate) fn field(self) -> FieldId {
        self.field
    }

    /// Whether the event names a subject; costs nothing.
    pub(crate) fn is_named(self, event: &Event<'_>) -> bool {
        event.get(self.field).is_some_and(|value| value.each().iter().any(|value| self.fits(value)))
    }

    /// Whom the event names: of a list the first that fits.
    pub(crate) fn entity(self, event: &Event<'_>, ipv6_prefix: u8) -> Option<Entity> {
        let value = event.get(self.field)?.each().iter().find(|value| self.fits(value))?;
        let name = || -> Arc<str> { value.as_text().map_or_else(|| value.to_string().into(), Arc::from) };
        Some(match self.names {
            Names::Address => Entity::from(net::client(value.as_address()?, ipv6_prefix)),
            Names::Host => Entity::Host(name()),
            Names::User => Entity::User(name()),
            Names::Other => Entity::Other(name()),
        })
    }

    fn fits(self, value: &Value<'_>) -> bool {
        match self.names {
            Names::Address => matches!(value, Value::Address(_)),
            _ => matches!(value, Value::Text(_) | Value::Integer(_)),
        }
    }
}
