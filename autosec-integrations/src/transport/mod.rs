//! How integrations reach what they talk to. Each seam is a trait with a default, so that a host can put its own in
//! place: to go through a proxy, to run commands as another user, to record what would be done.

mod command;
mod failure;
mod http;
#[cfg(feature = "https")]
mod https;
mod resolve;
mod shell;
mod shown;
#[cfg(feature = "ssh")]
mod ssh;

pub use command::{CommandRunner, Finished, LocalCommands};
pub(crate) use failure::is_final;
pub use http::{AnswerTooLarge, HttpClient, Route};
#[cfg(feature = "https")]
pub use https::{Fingerprint, FingerprintError, HttpsClient, HttpsConfig, Trust};
pub use resolve::{Resolver, SystemResolver};
pub use shell::{Shell, Terminal};
pub use shown::shown;
#[cfg(feature = "ssh")]
pub use ssh::{HostKey, HostKeyError, SshConfig, SshLogin, SshShell};
