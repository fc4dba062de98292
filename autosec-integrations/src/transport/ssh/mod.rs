//! A [`Shell`](super::Shell) on a device over SSH, in process: no program is run, no agent or file of the user is asked.
//!
//! ```
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use autosec_integrations::secret::EnvironmentSecrets;
//! use autosec_integrations::transport::{HostKey, SshConfig, SshLogin, SshShell};
//!
//! let host_key: HostKey = "SHA256:HAQLBM/Bn3eztkbQZV7+f5jDPkYvhOZ5iTsu09GdNg0".parse()?;
//! let login = SshLogin::Password { secret: "asa-password".into() };
//! let config = SshConfig::new("192.0.2.10", "autosec", login, host_key);
//! let shell = SshShell::new(config, Arc::new(EnvironmentSecrets::new("AUTOSEC_")));
//! # Ok(())
//! # }
//! # example().unwrap();
//! ```
//!
//! # Is it the right device?
//! The device's key is pinned: a session with anything else ends before a password is sent. There is no way to accept any
//! key, and none is learned at the first contact. An administrator takes it from a machine that has long known it
//! (`ssh-keygen -F device -l`), or asks for it where nobody can stand in between (`ssh-keyscan`).
//!
//! # Old devices
//! By default there is neither SHA-1 nor CBC. Devices that know nothing better need [`SshConfig::legacy`], which adds both,
//! behind the modern ones. Triple DES, DSA and RC4 are not there at all.

mod config;
mod host_key;
mod login;
mod shell;

pub use config::{SshConfig, SshLogin};
pub use host_key::{HostKey, HostKeyError};
pub use shell::SshShell;
