use super::module::ConfigureError;
use super::schema::{Mistake, SchemaError};
use crate::plugin::firewall::MetadataError;

/// What the registry could not do. Whatever it is, everything goes on as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no plugin of this name.
    #[error("there is no plugin called `{name}`{}", others(.known))]
    Unknown {
        /// The name, cut to 64 characters.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A name is taken, or is none.
    #[error("the name `{name}` is {why}")]
    Name {
        /// The name, cut to 64 characters.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The plugin calls itself something else than its manifest does.
    #[error(
        "the manifest says `{id}`, and the plugin calls itself `{claims}`: one of them is not what it seems"
    )]
    Identity {
        /// What the manifest says.
        id: String,
        /// What the plugin says.
        claims: String,
    },
    /// Another plugin cannot take the place of this one.
    #[error(
        "`{name}` is the plugin `{id}`, and cannot be replaced by `{other}`: load that under a name of its own"
    )]
    OtherPlugin {
        /// The name.
        name: String,
        /// What it is.
        id: String,
        /// What was to take its place.
        other: String,
    },
    /// What somebody else signed cannot take the place of this one: it would be given the configuration.
    #[error(
        "`{name}` is signed by `{signer}`, and cannot be replaced by what `{other}` signed: load that under a name of its own"
    )]
    OtherSigner {
        /// The name.
        name: String,
        /// Who signed what is there.
        signer: String,
        /// Who signed what was to take its place; `nobody` if it is not signed.
        other: String,
    },
    /// What the plugin says of itself cannot be meant.
    #[error("plugin `{id}`: {source}")]
    Metadata {
        /// The plugin's id.
        id: String,
        /// What is wrong.
        source: MetadataError,
    },
    /// Its schema cannot be used.
    #[error("plugin `{id}`: {source}")]
    Schema {
        /// The plugin's id.
        id: String,
        /// What is wrong.
        source: SchemaError,
    },
    /// The configuration is no JSON, or larger than 64 KiB.
    #[error("the configuration of `{name}` is {why}")]
    Json {
        /// The plugin's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The configuration does not fit the plugin's schema.
    #[error("the configuration of `{name}` does not fit: {}", listed(.mistakes))]
    Configuration {
        /// The plugin's name.
        name: String,
        /// Every mistake, at most 16.
        mistakes: Vec<Mistake>,
    },
    /// The plugin does not run with the configuration.
    #[error("the configuration of `{name}` does not work: {source}")]
    Configure {
        /// The plugin's name.
        name: String,
        /// Why.
        source: ConfigureError,
    },
    /// It has no configuration yet.
    #[error("`{name}` is not configured yet: configure it first")]
    Unconfigured {
        /// The plugin's name.
        name: String,
    },
    /// There is nothing to go back to.
    #[error("`{name}` has no earlier version to go back to")]
    NoEarlier {
        /// The plugin's name.
        name: String,
    },
}

fn others(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!(": there are {}", known.join(", ")) }
}

fn listed(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
