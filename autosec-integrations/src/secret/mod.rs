//! Where integrations get their passwords and keys from.
//!
//! An integration holds the *name* of a secret and asks for its value when it needs it, so that a secret that was changed
//! is used from the next login on, and nothing that is kept, printed or compared holds it.

mod environment;
mod file;

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::io;

use async_trait::async_trait;
pub use environment::EnvironmentSecrets;
pub use file::FileSecrets;
use secrecy::SecretString;

/// The longest secret that is taken, in bytes.
pub const SECRET_LIMIT: usize = 16 << 10;

/// Gives secrets by name.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use autosec_integrations::secret::{FixedSecrets, SecretSource};
/// use secrecy::ExposeSecret;
///
/// let secrets = FixedSecrets::default().with("edge-key", "LUFRPT1");
/// assert_eq!(secrets.secret("edge-key").await?.expose_secret(), "LUFRPT1");
/// assert!(!format!("{secrets:?}").contains("LUFRPT1"));
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait SecretSource: Debug + Send + Sync {
    /// The secret of this name, as it is now.
    ///
    /// # Errors
    /// There is none ([`NotFound`](io::ErrorKind::NotFound)), it is empty, longer than [`SECRET_LIMIT`] or no UTF-8, or it could
    /// not be asked for. The text names the secret, not its value.
    async fn secret(&self, name: &str) -> io::Result<SecretString>;
}

/// Secrets that the host knows already. Its `Debug` shows their names.
#[derive(Clone, Default)]
pub struct FixedSecrets(BTreeMap<String, SecretString>);

impl FixedSecrets {
    /// The same secrets and one more.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }
}

impl Debug for FixedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[async_trait]
impl SecretSource for FixedSecrets {
    async fn secret(&self, name: &str) -> io::Result<SecretString> {
        self.0.get(name).cloned().ok_or_else(|| missing(name, "the host gave none of this name"))
    }
}

fn missing(name: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no secret `{name}`: {why}"))
}

/// The secret as it stands in a source: without the line end that editors put behind it.
fn checked(name: &str, value: Vec<u8>) -> io::Result<SecretString> {
    let unfit =
        |why: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the secret `{name}` is {why}"));
    if value.len() > SECRET_LIMIT {
        return Err(unfit("longer than 16 KiB"));
    }
    let text = String::from_utf8(value).map_err(|_| unfit("not UTF-8"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(unfit("empty")),
        text => Ok(text.into()),
    }
}
