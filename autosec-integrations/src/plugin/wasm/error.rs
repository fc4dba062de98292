use std::time::Duration;

use crate::plugin::interface::{Crash, Failure};
use crate::plugin::manifest::one_line;

/// Why a file is not taken as a plugin.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is larger than what is compiled.
    #[error("the file has {size} bytes, and at most {limit} are compiled: the host can raise that limit")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// The file is something else than a component.
    #[error("the file is {0}, not a WebAssembly component")]
    NoComponent(&'static str),
    /// The file is damaged, or uses what this host leaves out of WebAssembly.
    #[error("the component cannot be compiled: {0}")]
    Invalid(String),
    /// It took too long, or waited too long for others.
    #[error("the component was not compiled within {0:?}")]
    Slow(Duration),
    /// It is a plugin, but of an interface that this host does not speak.
    #[error(
        "the plugin is made for `{found}`, and this host speaks `{spoken}`: build it with that version of the SDK"
    )]
    Version {
        /// The interface that it names.
        found: String,
        /// The one that is there.
        spoken: &'static str,
    },
    /// It imports what is no part of the interface.
    #[error("the component imports `{0}`, which no plugin gets")]
    Import(String),
    /// It exports no firewall.
    #[error("the component exports no `autosec:firewall/firewall`, so it is no firewall plugin")]
    NoFirewall,
    /// It names the interface, and its functions have another shape.
    #[error("the plugin does not fit the interface that it names: {0}")]
    Shape(String),
    /// It could not say what it is.
    #[error("the plugin cannot describe itself: {0}")]
    Silent(#[source] Crash),
    /// The engine did not start.
    #[error("plugins cannot run here: {0}")]
    Engine(String),
}

/// Why a plugin is not configured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StartError {
    /// It refuses the configuration, and says why.
    #[error("the plugin refuses its configuration: {}", one_line(&.0.message, 240))]
    Refused(Failure),
    /// It did not come to its end.
    #[error(transparent)]
    Crashed(#[from] Crash),
}
