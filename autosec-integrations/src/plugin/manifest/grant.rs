use std::collections::BTreeMap;

use autosec_core::rule::Diagnostic;
use ipnet::IpNet;
use serde::Deserialize;

use super::ask::{Asks, ExecAsk, HttpAsk, SecretAsk, SessionAsk};
use super::document::{Manifest, asks};
use super::limits::{LimitAsks, Limits};
use super::read;

/// What a host gives to a plugin, in the words of a [`Manifest`]. What it does not name is denied.
///
/// ```
/// use autosec_integrations::plugin::manifest::Grant;
///
/// let grant = Grant::parse("grants/fence.toml", r#"
/// networks = ["10.20.0.0/16"]
///
/// [limits]
/// deadline = "5s"
///
/// [[http]]
/// host = "*.fence.example"
/// methods = ["GET", "POST"]
/// paths = ["/api/**"]
/// secrets = ["key"]
///
/// [[secret]]
/// name = "key"
/// use = "header:authorization"
/// format = "Bearer {}"
/// from = "fence-admin-token"
/// "#).unwrap();
/// assert!(!grant.secrets_in_clear && grant.limits.deadline.as_secs() == 5);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// What may be reached.
    pub allows: Asks,
    /// The private and otherwise special networks that names of hosts may lead to: loopback, private, link-local and such
    /// addresses are refused unless they are in one of these. Default none.
    pub networks: Vec<IpNet>,
    /// Whether secrets may be sent over `http://`, where whoever is on the way reads them. Default false.
    pub secrets_in_clear: bool,
    /// The most that the plugin may use. Default [`Limits::most`].
    pub limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    networks: Vec<Network>,
    #[serde(default)]
    secrets_in_clear: bool,
    #[serde(default)]
    limits: LimitAsks,
    #[serde(default)]
    http: Vec<HttpAsk>,
    #[serde(default)]
    exec: Vec<ExecAsk>,
    #[serde(default)]
    session: Vec<SessionAsk>,
    #[serde(default)]
    secret: Vec<SecretAsk>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Network(IpNet);

impl Default for Grant {
    fn default() -> Self {
        Self::nothing()
    }
}

impl Grant {
    /// A grant of nothing but the default [limits](Limits::most).
    pub fn nothing() -> Self {
        Self {
            allows: Asks::default(),
            networks: Vec::new(),
            secrets_in_clear: false,
            limits: Limits::most(),
        }
    }

    /// All that a manifest asks to reach, for a host whose operator has read it. Private networks are not part of it, and
    /// neither are secrets in the clear or limits beyond [`Limits::most`].
    pub fn as_asked(manifest: &Manifest) -> Self {
        Self { allows: manifest.asks.clone(), ..Self::nothing() }
    }

    /// The same grant with private networks.
    #[must_use]
    pub fn with_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.networks.extend(networks);
        self
    }

    /// The same grant, with a secret that the host calls something else.
    #[must_use]
    pub fn with_secret(mut self, name: &str, from: impl Into<String>) -> Self {
        let from = from.into();
        for secret in self.allows.secret.iter_mut().filter(|secret| secret.name == name) {
            secret.from = Some(from.clone());
        }
        self
    }

    /// Reads a grant from TOML; `name` (the file's path, say) appears in the diagnostic.
    ///
    /// # Errors
    /// What is wrong: a [code](super::CODES), the place, and what would be right.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let document: Document = read::value(name, text)?;
        let Document { networks, secrets_in_clear, limits, http, exec, session, secret } = document;
        Ok(Self {
            allows: asks(name, text, Asks { http, exec, session, secret })?,
            networks: networks.into_iter().map(|network| network.0).collect(),
            secrets_in_clear,
            limits: limits.over(&Limits::most()),
        })
    }

    /// What the host calls a plugin's secrets.
    pub(super) fn names(&self) -> BTreeMap<&str, &str> {
        let named =
            self.allows.secret.iter().filter_map(|secret| Some((&*secret.name, secret.from.as_deref()?)));
        named.collect()
    }
}

impl TryFrom<String> for Network {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "no network; write an address or a prefix without host bits, such as `10.0.0.0/8`";
        let network = autosec_core::net::network(&text).map_err(|_| wrong)?;
        if network.trunc() == network { Ok(Self(network)) } else { Err(wrong) }
    }
}
