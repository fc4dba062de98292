use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use secrecy::ExposeSecret;

use super::TaxiiError;
use crate::secret::SecretSource;

/// How to say who asks. It holds names of secrets, not their values.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use autosec_integrations::feed::taxii::TaxiiLogin;
/// use autosec_integrations::secret::FixedSecrets;
///
/// let secrets = FixedSecrets::default().with("taxii-password", "Password0");
/// let login = TaxiiLogin::Basic { user: "admin".to_owned(), password: "taxii-password".to_owned() };
/// let authorization = login.authorization(&secrets).await?;
/// assert!(!format!("{authorization:?}").contains("UGFzc3dvcmQw"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TaxiiLogin {
    /// A user and a password.
    Basic {
        /// Who.
        user: String,
        /// The name of the password.
        password: String,
    },
    /// A token, after the word `Bearer`.
    Bearer {
        /// The name of the token.
        token: String,
    },
    /// A key in a header of its own, such as `X-Api-Key`.
    Key {
        /// The header's name.
        header: String,
        /// The name of the key.
        key: String,
    },
}

/// The header that says who asks. It is marked as sensitive, and `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct Authorization {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

impl TaxiiLogin {
    /// The header, with the secret as it is now.
    ///
    /// # Errors
    /// There is no such secret, or it or the rest cannot stand in a header.
    pub async fn authorization(&self, secrets: &dyn SecretSource) -> Result<Authorization, TaxiiError> {
        let (Self::Basic { password: name, .. } | Self::Bearer { token: name } | Self::Key { key: name, .. }) =
            self;
        let secret = secrets.secret(name).await.map_err(TaxiiError::Secret)?;
        let secret = secret.expose_secret();
        let (header, text) = match self {
            Self::Basic { user, .. } if user.contains(':') => {
                return Err(TaxiiError::Login("the user's name has a `:` in it".to_owned()));
            }
            Self::Basic { user, .. } => {
                (header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{user}:{secret}"))))
            }
            Self::Bearer { .. } => (header::AUTHORIZATION, format!("Bearer {secret}")),
            Self::Key { header, .. } => {
                let unfit = |_| TaxiiError::Login("the name of the key's header is none".to_owned());
                (HeaderName::from_bytes(header.as_bytes()).map_err(unfit)?, secret.to_owned())
            }
        };
        let unfit = |_| TaxiiError::Login(format!("the secret `{name}` holds characters that no header has"));
        let mut value = HeaderValue::from_str(&text).map_err(unfit)?;
        value.set_sensitive(true);
        Ok(Authorization { name: header, value })
    }
}
