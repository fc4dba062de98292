use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use autosec_core::entity::Entity;
use autosec_core::event::{Event, FieldId, FieldMask, Kind, Schema, Value};
use autosec_core::net;
use autosec_core::sketch::BoundedMap;
use autosec_core::time::human;
use serde::{Deserialize, Serialize};

use super::history::History;
use super::measure::{hash_all, holds};
use super::plan::Plan;
use super::{FeatureSchema, FeatureSet, FeatureSetError};

/// Entities are kept in so many parts with a lock each, or fewer if there is room for few only.
const SHARDS: usize = 64;
/// An IPv6 client is a prefix of this length.
const IPV6_PREFIX: u8 = 64;

/// What an extractor may remember.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Entities remembered (at least 1); 50,000 if not said. When there are more, those of longest ago make room.
    ///
    /// They are kept in up to 64 parts by a hash of their names, each with its share of the room, so some may make room a
    /// little before all of it is full.
    pub entities: usize,
    /// How late an event may come and still count in windows; 10 s if not said. Windows that are short for it keep up to
    /// 128 slots, and a set that needs more is refused.
    #[serde(with = "human")]
    pub lateness: Duration,
}

/// Turns events into rows, and remembers of each entity what that takes.
///
/// Share it between threads: one entity's events come one after another, those of others do not wait for them. A row is
/// filled in the caller's buffer; of an entity that is known already nothing is allocated but for new values of
/// [`Distinct`](super::Column::Distinct), [`New`](super::Column::New) and [`Surprise`](super::Column::Surprise), up to what these
/// remember.
///
/// How much an entity takes depends on the set, and is no more than
/// [`most_bytes_an_entity`](FeatureExtractor::most_bytes_an_entity): about 136 bytes for each count of events, 1.8 KiB for
/// each count of different values, 0.6 KiB for each surprise, 0.1 KiB for each level. Of the ready-made sets, a login takes
/// 1.7 KB of a user with four addresses.
///
/// Ready-made sets cost 0.3 to 0.9 µs an event with 1,000 entities, and those of logins 1.6 µs with 40,000, which no cache
/// holds (2026-11-22, 2-core x86-64 VM, busy).
#[derive(Debug)]
pub struct FeatureExtractor {
    schema: FeatureSchema,
    plan: Plan,
    entity: FieldId,
    named: Named,
    when: Vec<(FieldId, Option<Box<str>>)>,
    fields: FieldMask,
    shards: Box<[Mutex<BoundedMap<u64, History>>]>,
}

/// Whose event it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sighted {
    /// How many events of the entity were seen before, since it was remembered.
    pub earlier: u32,
}

/// What kind of entity a field names.
#[derive(Clone, Copy, Debug)]
enum Named {
    Address,
    Host,
    User,
    Other,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entities: 50_000, lateness: Duration::from_secs(10) }
    }
}

impl FeatureExtractor {
    /// An extractor of this set, for events with these fields.
    ///
    /// # Errors
    /// When the set has a field that is not there or of another kind, a window that cannot be kept, or no columns.
    pub fn new(set: &FeatureSet, fields: &Schema) -> Result<Self, FeatureSetError> {
        Self::with_limits(set, fields, &Limits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// Those of [`FeatureExtractor::new`].
    pub fn with_limits(set: &FeatureSet, fields: &Schema, limits: &Limits) -> Result<Self, FeatureSetError> {
        let schema = set.schema()?;
        set.check(fields)?;
        let unknown =
            |name: &str| FeatureSetError::UnknownField { place: "entity".into(), field: name.into() };
        let find = |name: &str| fields.field(name).ok_or_else(|| unknown(name));
        let plan = Plan::new(set, fields, limits)?;
        let entity = find(&set.entity)?;
        let when = set.when.iter().map(|condition| Ok((find(&condition.field)?, condition.is.clone())));
        let when = when.collect::<Result<Vec<_>, FeatureSetError>>()?;
        let mut mask = plan.reads();
        mask.insert(entity);
        when.iter().for_each(|(field, _)| mask.insert(*field));
        let entities = limits.entities.max(1);
        let shards = SHARDS.min(entities.div_ceil(1_024));
        let shard = || Mutex::new(BoundedMap::new(entities / shards));
        let named = Named::new(&set.entity, fields.kind(entity));
        let shards = std::iter::repeat_with(shard).take(shards).collect();
        Ok(Self { schema, plan, entity, named, when, fields: mask, shards })
    }

    /// Takes an event in, and fills `row` with its columns; none, and an untouched row, if the event is not one of the
    /// set's or does not say whose it is. Of several values the first names the entity. Columns that `row` is too short for are left out, what it has too many stays.
    pub fn extract(&self, event: &Event<'_>, row: &mut [f64]) -> Option<Sighted> {
        if !self.applies(event) {
            return None;
        }
        let key = hash_all(event.get(self.entity)?.each().get(..1)?);
        let shards = self.shards.len() as u64;
        let shard = usize::try_from(key % shards).ok().and_then(|shard| self.shards.get(shard))?;
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let history = shard.entry(key, event.time(), || History::new(&self.plan, event.time()));
        let earlier = history.events();
        history.observe(&self.plan, event);
        history.fill(&self.plan, event, row);
        Some(Sighted { earlier })
    }

    /// Whose event it is, as findings name it: an address with IPv6 is its /64.
    pub fn subject(&self, event: &Event<'_>) -> Option<Entity> {
        let value = event.get(self.entity)?.each().first()?;
        let name = |make: fn(std::sync::Arc<str>) -> Entity| match value {
            Value::Text(text) => Some(make(text.as_ref().into())),
            other => Some(make(other.to_string().into())),
        };
        match (self.named, value) {
            (_, Value::Address(address)) => Some(Entity::from(net::client(*address, IPV6_PREFIX))),
            (Named::User, _) => name(Entity::User),
            (Named::Host, _) => name(Entity::Host),
            (Named::Address | Named::Other, _) => name(Entity::Other),
        }
    }

    /// What the columns are called.
    pub fn schema(&self) -> &FeatureSchema {
        &self.schema
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.schema.columns().len()
    }

    /// The fields it reads.
    pub fn fields(&self) -> &FieldMask {
        &self.fields
    }

    /// The most bytes that an entity takes, however many events and values it has; [`Limits::entities`] times as much is
    /// the most that all take.
    pub fn most_bytes_an_entity(&self) -> usize {
        // With its key, the time of its last use, and its place in an index that is half full at least.
        History::most_bytes(&self.plan) + 40
    }

    /// How many entities are remembered.
    pub fn entities(&self) -> usize {
        self.sum(BoundedMap::len)
    }

    /// How many entities were forgotten to make room for others.
    pub fn evicted(&self) -> u64 {
        self.sum(BoundedMap::evicted)
    }

    fn applies(&self, event: &Event<'_>) -> bool {
        self.when.iter().all(|(field, text)| match (event.get(*field), text) {
            (Some(value), Some(text)) => holds(value, text),
            (Some(_), None) => true,
            (None, _) => false,
        })
    }

    fn sum<N: std::iter::Sum>(&self, of: impl Fn(&BoundedMap<u64, History>) -> N) -> N {
        self.shards.iter().map(|shard| of(&shard.lock().unwrap_or_else(PoisonError::into_inner))).sum()
    }
}

impl Named {
    fn new(field: &str, kind: Kind) -> Self {
        match kind {
            Kind::Address => Named::Address,
            _ if field.split('.').any(|part| part == "user") => Named::User,
            _ if field.starts_with("host.") => Named::Host,
            _ => Named::Other,
        }
    }
}
