//! What is read of a document, in whatever events are wrapped. Everything else is stepped over.

use serde::Deserialize;

use super::lenient::{Entries, Maybe, Scalar};

/// An event, or what wraps some.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    #[serde(rename = "Event")]
    pub(super) event: Option<Box<Maybe<Node>>>,
    pub(super) response: Option<Entries<Node>>,
    pub(super) uuid: Scalar,
    pub(super) info: Scalar,
    pub(super) threat_level_id: Scalar,
    #[serde(rename = "Tag", alias = "EventTag")]
    pub(super) tags: Entries<Tag>,
    #[serde(rename = "Galaxy")]
    pub(super) galaxies: Entries<Galaxy>,
    #[serde(rename = "Attribute")]
    pub(super) attributes: Option<Entries<Attribute>>,
    #[serde(rename = "Object")]
    pub(super) objects: Option<Entries<Object>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    pub(super) deleted: Scalar,
    #[serde(rename = "Attribute")]
    pub(super) attributes: Entries<Attribute>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attribute {
    pub(super) uuid: Scalar,
    #[serde(rename = "type")]
    pub(super) kind: Scalar,
    pub(super) value: Scalar,
    pub(super) to_ids: Scalar,
    pub(super) deleted: Scalar,
    pub(super) timestamp: Scalar,
    pub(super) last_seen: Scalar,
    #[serde(rename = "Tag")]
    pub(super) tags: Entries<Tag>,
    #[serde(rename = "Galaxy")]
    pub(super) galaxies: Entries<Galaxy>,
    #[serde(rename = "Sighting")]
    pub(super) sightings: Entries<Seen>,
}

/// A tag, or one inside its use by an event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tag {
    pub(super) name: Scalar,
    #[serde(rename = "Tag")]
    pub(super) inner: Option<Box<Maybe<Tag>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Galaxy {
    #[serde(rename = "GalaxyCluster")]
    pub(super) clusters: Entries<Cluster>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cluster {
    pub(super) tag_name: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    pub(super) date_sighting: Scalar,
    #[serde(rename = "type")]
    pub(super) kind: Scalar,
}

impl Node {
    /// Whether it has anything that an event has.
    pub(super) fn is_event(&self) -> bool {
        self.info.text().is_some() || self.attributes.is_some() || self.objects.is_some()
    }
}
