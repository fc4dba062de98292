use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::instant;
use crate::time::Timestamp;

/// Objects that were seen together, `number_observed` times between two points in time.
///
/// Read from STIX ([`Observation::read_v20`], [`Observation::read_v21`]), made from an [event](crate::event::Event)
/// ([`Observation::from_event`]) or by hand:
///
/// ```
/// use autosec_core::intel::pattern::{MatchLimits, Matcher, Observation, Pattern};
/// use autosec_core::time::Timestamp;
/// use serde_json::json;
///
/// let seen = Observation::at(Timestamp::from_secs(1_800_000_000))
///     .with("0", json!({"type": "ipv4-addr", "value": "198.51.100.7"}))
///     .with("1", json!({"type": "network-traffic", "src_ref": "0", "dst_port": 22}));
/// let pattern = Pattern::parse("[network-traffic:src_ref.value ISSUBSET '198.51.100.0/24']")?;
/// let found = Matcher::new(&pattern)?.find(&[seen], &MatchLimits::default())?;
/// assert_eq!(found.unwrap().observations(), [0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Observation {
    pub(super) id: Option<Box<str>>,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) count: u64,
    pub(super) objects: Vec<Arc<Object>>,
    /// The place of each object by its id, once there are many.
    index: HashMap<Box<str>, usize>,
}

/// A cyber observable object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) id: Box<str>,
    pub(super) kind: Box<str>,
    pub(super) body: Value,
}

/// So many objects are searched one by one.
const FEW_OBJECTS: usize = 16;

/// Why something cannot be read as observed data.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObservationError {
    /// Something that must be there is not, or has another type.
    #[error("observed data without a usable `{0}`")]
    Missing(&'static str),
    /// A timestamp that is none.
    #[error("`{0}` is not a timestamp such as 2026-11-22T14:02:11Z")]
    Time(String),
    /// It ended before it began.
    #[error("`last_observed` is before `first_observed`")]
    Reversed,
}

impl Observation {
    /// Something seen once, at `time`.
    pub fn at(time: Timestamp) -> Self {
        Self::between(time, time)
    }

    /// Something seen once, from `first` to `last`; the later of the two is the end.
    pub fn between(first: Timestamp, last: Timestamp) -> Self {
        let (first, last) = (first.min(last), first.max(last));
        Self { id: None, first, last, count: 1, objects: Vec::new(), index: HashMap::new() }
    }

    /// Seen so many times, at least once.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = count.max(1);
        self
    }

    /// With one more object, which other objects of the observation refer to by `id`. One already there is replaced.
    #[must_use]
    pub fn with(mut self, id: &str, body: Value) -> Self {
        self.add(Arc::new(Object::new(id, body)));
        self
    }

    /// One STIX 2.0 object that lists what was observed under `objects`; its `type` is of no interest.
    ///
    /// # Errors
    /// A count or a time is missing or malformed.
    pub fn read_v20(observed: &Value) -> Result<Self, ObservationError> {
        let mut observation = Self::head(observed)?;
        for (id, body) in observed.get("objects").and_then(Value::as_object).into_iter().flatten() {
            observation.add(Arc::new(Object::new(id, body.clone())));
        }
        Ok(observation)
    }

    /// STIX 2.1 bundles as one: each `observed-data` with the objects that its `object_refs` name, whichever bundle they
    /// stand in. Of objects with one id the last counts.
    ///
    /// # Errors
    /// The same, and a bundle without `objects` or an `observed-data` without `object_refs`.
    pub fn read_v21(bundles: &[Value]) -> Result<Vec<Self>, ObservationError> {
        let mut observed = Vec::new();
        let mut objects: HashMap<&str, Arc<Object>> = HashMap::new();
        for bundle in bundles {
            let members = bundle
                .get("objects")
                .and_then(Value::as_array)
                .ok_or(ObservationError::Missing("objects"))?;
            for member in members {
                if member.get("type").and_then(Value::as_str) == Some("observed-data") {
                    observed.push(member);
                } else if let Some(id) = member.get("id").and_then(Value::as_str) {
                    objects.insert(id, Arc::new(Object::new(id, member.clone())));
                }
            }
        }
        observed.into_iter().map(|data| Self::referring(data, &objects)).collect()
    }

    fn referring(data: &Value, objects: &HashMap<&str, Arc<Object>>) -> Result<Self, ObservationError> {
        let mut observation = Self::head(data)?;
        let refs = data
            .get("object_refs")
            .and_then(Value::as_array)
            .ok_or(ObservationError::Missing("object_refs"))?;
        for object in refs.iter().filter_map(Value::as_str).filter_map(|id| objects.get(id)) {
            observation.add(Arc::clone(object));
        }
        Ok(observation)
    }

    /// Its identifier, where it was read from STIX that has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// From when to when.
    pub fn interval(&self) -> (Timestamp, Timestamp) {
        (self.first, self.last)
    }

    /// Replaces an object of the same id.
    pub(super) fn add(&mut self, object: Arc<Object>) {
        let count = self.objects.len();
        if let Some(held) = self.place(&object.id).and_then(|place| self.objects.get_mut(place)) {
            *held = object;
            return;
        }
        if count >= FEW_OBJECTS {
            let unlisted = self.objects.iter().enumerate().skip(self.index.len());
            self.index.extend(unlisted.map(|(place, object)| (object.id.clone(), place)));
            self.index.insert(object.id.clone(), count);
        }
        self.objects.push(object);
    }

    pub(super) fn object(&self, id: &str) -> Option<&Value> {
        self.objects.get(self.place(id)?).map(|object| &object.body)
    }

    fn place(&self, id: &str) -> Option<usize> {
        if self.index.is_empty() {
            return self.objects.iter().position(|object| &*object.id == id);
        }
        self.index.get(id).copied()
    }

    /// Everything but the objects.
    fn head(observed: &Value) -> Result<Self, ObservationError> {
        let time = |name| {
            let text = observed.get(name).and_then(Value::as_str).ok_or(ObservationError::Missing(name))?;
            instant::parse(text).ok_or_else(|| ObservationError::Time(super::fault::shown(text)))
        };
        let (first, last) = (time("first_observed")?, time("last_observed")?);
        if last < first {
            return Err(ObservationError::Reversed);
        }
        let count = observed.get("number_observed").and_then(Value::as_u64).filter(|count| *count > 0);
        let count = count.ok_or(ObservationError::Missing("number_observed"))?;
        let id = observed.get("id").and_then(Value::as_str).map(Box::from);
        Ok(Self { id, count, ..Self::between(first, last) })
    }
}

impl Object {
    pub(super) fn new(id: &str, body: Value) -> Self {
        let kind = body.get("type").and_then(Value::as_str).unwrap_or_default().into();
        Self { id: id.into(), kind, body }
    }
}
