use std::sync::Arc;

use autosec_core::enforce::EnforceError;
use http::{HeaderValue, Request, Response, Uri};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::answer;
use super::config::{Credentials, PanOsConfig};
use super::fault::Fault;
use super::message;
use super::xml::Element;
use crate::secret::SecretSource;
use crate::transport::{HttpClient, is_final};

/// How an answer is read.
type Reader = fn(&Response<Vec<u8>>, &SecretString) -> Result<Element, Fault>;

/// The API of one firewall: sends what is asked for, logged in.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) config: PanOsConfig,
    url: Uri,
    client: Arc<dyn HttpClient>,
    secrets: Arc<dyn SecretSource>,
    /// The key that was accepted last.
    key: Mutex<Option<SecretString>>,
}

impl Api {
    pub(super) fn new(
        config: PanOsConfig,
        client: Arc<dyn HttpClient>,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Self, EnforceError> {
        let url = config.checked()?;
        Ok(Self { config, url, client, secrets, key: Mutex::new(None) })
    }

    /// Asks something.
    pub(super) async fn ask(&self, fields: Vec<u8>) -> Result<Element, EnforceError> {
        let answered = self.try_to(fields, answer::read).await?;
        answered.map_err(|words| self.error(Fault::Refused(words)))
    }

    /// Sends a request and reads what is answered. What the firewall refuses about it as a whole is the inner error,
    /// because parts of it may be fine.
    ///
    /// A key that is not known any more is asked for anew, once.
    pub(super) async fn try_to(
        &self,
        fields: Vec<u8>,
        read: Reader,
    ) -> Result<Result<Element, String>, EnforceError> {
        let key = self.key(None).await?;
        let mut answered = self.exchange(&key, fields.clone(), read).await;
        if let Err(Fault::Unknown(_)) = answered {
            let newer = self.key(Some(&key)).await?;
            if newer.expose_secret() != key.expose_secret() {
                answered = self.exchange(&newer, fields, read).await;
            }
        }
        match answered {
            Ok(answer) => Ok(Ok(answer)),
            Err(Fault::Refused(words)) => Ok(Err(words)),
            Err(fault) => {
                if let Fault::Unknown(_) = fault {
                    *self.key.lock().await = None;
                }
                Err(self.error(fault))
            }
        }
    }

    pub(super) fn error(&self, fault: Fault) -> EnforceError {
        fault.error(&self.config.name)
    }

    async fn exchange(&self, key: &SecretString, fields: Vec<u8>, read: Reader) -> Result<Element, Fault> {
        let header = HeaderValue::from_str(key.expose_secret())
            .map_err(|_| Fault::Unknown("it holds characters that no key has".to_owned()))?;
        let request = message::request(&self.url, Some(header), fields);
        read(&self.send(request).await?, key)
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Fault> {
        self.client.send(request).await.map_err(Fault::from)
    }

    /// The key to use; another one than `refused`, if there is one.
    async fn key(&self, refused: Option<&SecretString>) -> Result<SecretString, EnforceError> {
        let mut held = self.key.lock().await;
        let is_refused = |key: &SecretString| {
            refused.is_some_and(|refused| refused.expose_secret() == key.expose_secret())
        };
        if let Some(key) = held.as_ref().filter(|key| !is_refused(key)) {
            return Ok(key.clone());
        }
        *held = None;
        let key = match &self.config.credentials {
            Credentials::Key(name) => self.secret(name).await?,
            Credentials::Login { user, password } => self.log_in(user, &self.secret(password).await?).await?,
        };
        *held = Some(key.clone());
        Ok(key)
    }

    async fn secret(&self, name: &str) -> Result<SecretString, EnforceError> {
        self.secrets.secret(name).await.map_err(|error| {
            let (firewall, reason) = (self.config.name.clone(), error.to_string());
            match is_final(error.kind()) {
                true => EnforceError::Forbidden { firewall, reason },
                // What keeps the secrets was not to be reached.
                false => EnforceError::Transport { firewall, reason },
            }
        })
    }

    async fn log_in(&self, user: &str, password: &SecretString) -> Result<SecretString, EnforceError> {
        let fields = message::login(user, password.expose_secret());
        let response = self.send(message::request(&self.url, None, fields)).await;
        let answer = response.and_then(|response| answer::read(&response, password));
        let answer = answer.map_err(|fault| match fault {
            Fault::Unknown(_) => EnforceError::Forbidden {
                firewall: self.config.name.clone(),
                reason: format!(
                    "it refuses the password of `{user}`; change the secret, before it locks the user out"
                ),
            },
            fault => self.error(fault),
        })?;
        match answer::key(&answer) {
            Some(key) => Ok(key.into()),
            None => Err(self.error(Fault::Broken("it gave no key".to_owned()))),
        }
    }
}
