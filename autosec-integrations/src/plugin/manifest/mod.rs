//! What a plugin says of itself, what it asks for, and what it is given.
//!
//! A plugin is a folder with a manifest, `plugin.toml`, beside its file. The [`Manifest`] names what the plugin wants to reach;
//! a [`Grant`] of the host, in the same words, names what it may; the [`Capabilities`] of a configured plugin are what both
//! say, and everything else is denied. Who signed the manifest is a [`Verifier`]'s business, and an [`Artifact`] is a file
//! whose bytes are those that the signed manifest pins.

mod artifact;
mod ask;
mod capability;
mod document;
mod glob;
mod grant;
pub(crate) mod host;
mod limits;
mod read;
mod signature;
pub(crate) mod rule;
pub(crate) mod slot;
mod template;
mod visible;

pub use artifact::{Artifact, ArtifactError, Checks};
pub use ask::{Asks, ExecAsk, HttpAsk, SecretAsk, SecretSlot, SessionAsk, Site, Tls};
pub use capability::{Capabilities, CapabilityError, Excess};
pub use document::{Api, Manifest, PluginKind, Sha256};
pub use grant::Grant;
pub use limits::{LimitAsks, Limits, Size};
pub use read::CODES;
pub use signature::{KeyError, MinisignVerifier, SignatureError, Signer, TrustedKey, Unsigned, Verifier};
pub use template::{FillError, Template};
pub(in crate::plugin) use visible::is_hiding;
