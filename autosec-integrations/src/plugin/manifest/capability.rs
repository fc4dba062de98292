use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use autosec_core::net;
use ipnet::IpNet;
use serde_json::Value;

use super::document::Manifest;
use super::grant::Grant;
use super::limits::Limits;
use super::rule::Rules;
use super::template::FillError;

/// What becomes of a manifest that asks for more than it is granted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Excess {
    /// It is refused, with a list of what is too much.
    #[default]
    Refuse,
    /// The plugin gets what it asks for and is granted, and is denied the rest when it tries.
    Deny,
}

/// What a configured plugin may do: what its manifest asks for, as far as every grant allows it.
///
/// There may be several grants, such as the host's own and the most that the signer of the manifest may be given.
#[derive(Clone, Debug)]
pub struct Capabilities {
    plugin: String,
    asked: Rules,
    granted: Vec<Granted>,
    limits: Limits,
    secrets: BTreeMap<String, String>,
}

/// A grant that is filled in.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) rules: Rules,
    networks: Vec<IpNet>,
    secrets_in_clear: bool,
}

/// A plugin gets no capabilities.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// A place in the manifest or the grant cannot be filled in with the configuration.
    #[error(transparent)]
    Config(#[from] FillError),
    /// The manifest asks for more than is granted.
    #[error(
        "plugin `{plugin}` asks for more than it is granted: {}; grant it, or load the plugin with less",
        asked.join(", ")
    )]
    Excess {
        /// The plugin's id.
        plugin: String,
        /// What is too much, one by one.
        asked: Vec<String>,
    },
}

impl Capabilities {
    /// What a plugin may do with this configuration.
    ///
    /// # Errors
    /// The configuration lacks what a place in the manifest or a grant is filled in with, or, with [`Excess::Refuse`], the
    /// manifest asks for more than is granted.
    pub fn new(
        manifest: &Manifest,
        grants: &[&Grant],
        config: &Value,
        excess: Excess,
    ) -> Result<Self, CapabilityError> {
        let asked = Rules::fill(&manifest.asks, config)?;
        let granted =
            grants.iter().map(|grant| Granted::fill(grant, config)).collect::<Result<Vec<_>, _>>()?;
        let limits = grants.iter().map(|grant| grant.limits.clone());
        let most = limits.reduce(|most, limits| most.at_most(&limits)).unwrap_or_default();
        if excess == Excess::Refuse {
            let beyond = beyond(&asked, &granted).chain(manifest.limits.beyond(&most));
            let beyond: BTreeSet<String> = beyond.collect();
            if !beyond.is_empty() {
                let beyond = beyond.into_iter().collect();
                return Err(CapabilityError::Excess { plugin: manifest.id.clone(), asked: beyond });
            }
        }
        let names: BTreeMap<_, _> = grants.iter().rev().flat_map(|grant| grant.names()).collect();
        let secrets = asked.secret.iter().map(|secret| {
            let usual = format!("{}-{}", manifest.id, secret.name);
            (secret.name.clone(), names.get(secret.name.as_str()).map_or(usual, |from| (*from).to_owned()))
        });
        let secrets = secrets.collect();
        let limits = manifest.limits.over(&Limits::default().at_most(&most)).at_most(&most);
        Ok(Self { plugin: manifest.id.clone(), asked, granted, limits, secrets })
    }

    /// The id of the plugin.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// How much it may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The names of its secrets, and what the host calls them.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.secrets.iter().map(|(name, from)| (name.as_str(), from.as_str()))
    }

    pub(crate) fn asked(&self) -> &Rules {
        &self.asked
    }

    /// What every one of has to allow; none at all allows nothing.
    pub(crate) fn granted(&self) -> &[Granted] {
        &self.granted
    }

    /// What the host calls a secret.
    pub(crate) fn secret_of_host(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str)
    }

    pub(crate) fn may_send_secrets_in_clear(&self) -> bool {
        !self.granted.is_empty() && self.granted.iter().all(|granted| granted.secrets_in_clear)
    }

    /// Whether every grant names a network that a special address is in.
    pub(crate) fn may_reach(&self, address: IpAddr) -> bool {
        let address = net::canonical(address);
        let has = |granted: &Granted| granted.networks.iter().any(|network| network.contains(&address));
        !self.granted.is_empty() && self.granted.iter().all(has)
    }
}

/// What is asked for and not granted by all. No grant at all grants nothing.
fn beyond(asked: &Rules, granted: &[Granted]) -> impl Iterator<Item = String> {
    let nothing = if granted.is_empty() { asked.beyond(&Rules::default()) } else { Vec::new() };
    granted.iter().flat_map(|granted| asked.beyond(&granted.rules)).chain(nothing)
}

impl Granted {
    fn fill(grant: &Grant, config: &Value) -> Result<Self, FillError> {
        let networks = grant.networks.iter().map(|network| net::canonical_network(*network)).collect();
        let rules = Rules::fill(&grant.allows, config)?;
        Ok(Self { rules, networks, secrets_in_clear: grant.secrets_in_clear })
    }
}
