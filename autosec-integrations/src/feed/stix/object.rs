//! What is read of an object. Everything else in it is stepped over.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

/// Enough to tell what it is: in an object of no interest nothing else need be of the right kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head<'b> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'b, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StixObject<'b> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'b, str>,
    #[serde(borrow)]
    pub(super) id: Cow<'b, str>,
    pub(super) spec_version: Option<String>,
    pub(super) created: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) revoked: bool,
    pub(super) name: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) confidence: Option<f64>,
    pub(super) pattern: Option<String>,
    pub(super) pattern_type: Option<String>,
    pub(super) pattern_version: Option<String>,
    pub(super) valid_from: Option<String>,
    pub(super) valid_until: Option<String>,
    pub(super) kill_chain_phases: Vec<KillChainPhase>,
    pub(super) external_references: Vec<ExternalReference>,
    pub(super) object_marking_refs: Vec<String>,
    pub(super) relationship_type: Option<String>,
    pub(super) source_ref: Option<String>,
    pub(super) target_ref: Option<String>,
    pub(super) sighting_of_ref: Option<String>,
    pub(super) count: Option<u64>,
    pub(super) last_seen: Option<String>,
    pub(super) definition: Option<Definition>,
    pub(super) extensions: HashMap<String, Extension>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KillChainPhase {
    pub(super) kill_chain_name: String,
    pub(super) phase_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExternalReference {
    pub(super) source_name: String,
    pub(super) external_id: Option<String>,
}

/// The definition of a marking of version 1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Definition {
    pub(super) tlp: Option<String>,
}

/// The extension that defines a marking of TLP 2.0, or any other.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Extension {
    pub(super) tlp_2_0: Option<String>,
}

impl StixObject<'_> {
    /// The ATT&CK techniques that it names.
    pub(super) fn techniques(&self) -> impl Iterator<Item = &str> {
        let named = self.external_references.iter().filter(|one| one.source_name.starts_with("mitre"));
        let ids = named.filter_map(|one| one.external_id.as_deref());
        ids.filter(|id| {
            id.strip_prefix('T').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    }

    /// How it marks others, if it defines a marking.
    pub(super) fn defined_tlp(&self) -> Option<autosec_core::intel::Tlp> {
        let old = self.definition.as_ref().and_then(|definition| definition.tlp.as_deref());
        let new = self.extensions.values().find_map(|extension| extension.tlp_2_0.as_deref());
        new.or(old).and_then(autosec_core::intel::Tlp::parse)
    }
}
