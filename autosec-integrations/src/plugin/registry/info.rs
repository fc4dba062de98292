use std::fmt;

use autosec_core::time::Timestamp;

use super::module::About;

/// One plugin of the registry, for a person.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PluginInfo {
    /// Its name: that of its firewall.
    pub name: String,
    /// Which plugin it is.
    pub about: About,
    /// Who makes the device; empty for a plugin that was not loaded.
    pub vendor: String,
    /// How it is.
    pub state: PluginState,
    /// The version it replaced, if that can be put back.
    pub earlier: Option<String>,
}

/// How a plugin is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PluginState {
    /// It could not be loaded.
    Refused {
        /// Why.
        why: String,
    },
    /// It waits for a configuration.
    Unconfigured,
    /// It is asked.
    Ready,
    /// The host wants it not to be asked.
    Disabled,
    /// It crashed so often in a row that it is left alone for a while.
    Resting {
        /// Until when, by the host's clock.
        until: Timestamp,
        /// Its last words.
        why: String,
    },
}

impl fmt::Display for PluginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { why } => write!(f, "refused: {why}"),
            Self::Unconfigured => f.write_str("not configured"),
            Self::Ready => f.write_str("ready"),
            Self::Disabled => f.write_str("disabled"),
            Self::Resting { until, why } => write!(f, "resting until {until}: {why}"),
        }
    }
}

impl fmt::Display for PluginInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let About { id, version, kind, .. } = &self.about;
        write!(f, "{}", self.name)?;
        if *id != self.name && !id.is_empty() {
            write!(f, " ({id})")?;
        }
        if !version.is_empty() {
            write!(f, " {version}, {kind}")?;
        }
        write!(f, ": {}", self.state)
    }
}
