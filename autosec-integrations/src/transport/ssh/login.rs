use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{AuthResult, Handle, Handler, KeyboardInteractiveAuthResponse};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key};
use russh::{AlgorithmKind, Error, MethodKind};
use secrecy::{ExposeSecret, SecretString};

use super::{HostKey, SshConfig, SshLogin};
use crate::secret::SecretSource;

/// The most rounds of questions that are answered.
const ROUNDS: usize = 3;

/// The side of a session that looks at the device's key.
pub(super) struct Doorkeeper {
    pub(super) expected: HostKey,
    /// The key of a device that was turned away.
    pub(super) stranger: Stranger,
}

/// What a device showed that was not expected, in words.
pub(super) type Stranger = Arc<Mutex<Option<String>>>;

impl Handler for Doorkeeper {
    type Error = Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        let is_expected = self.expected.is(key);
        if !is_expected {
            let words = format!("{} ({})", key.fingerprint(HashAlg::Sha256), key.algorithm());
            *self.stranger.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
        }
        Ok(is_expected)
    }
}

/// Logs in on a session with the right device.
pub(super) async fn log_in(
    session: &mut Handle<Doorkeeper>,
    config: &SshConfig,
    secrets: &dyn SecretSource,
) -> io::Result<()> {
    let user = config.user.clone();
    let answer = match &config.login {
        SshLogin::Password { secret } => {
            let password = secrets.secret(secret).await?;
            let answer = session.authenticate_password(user, password.expose_secret()).await;
            match answer.map_err(|error| broken(config, &error))? {
                AuthResult::Failure { remaining_methods, .. } if asks_instead(&remaining_methods) => {
                    answer_questions(session, config, &password).await?
                }
                answer => matches!(answer, AuthResult::Success),
            }
        }
        SshLogin::Key { secret } => {
            let text = secrets.secret(secret).await?;
            let unfit = |_| {
                let why = format!("the secret `{secret}` is no private key without a passphrase");
                io::Error::new(io::ErrorKind::InvalidInput, why)
            };
            let key = Arc::new(decode_secret_key(text.expose_secret(), None).map_err(unfit)?);
            let said = session.best_supported_rsa_hash().await.map_err(|error| broken(config, &error))?;
            let key = PrivateKeyWithHashAlg::new(key, config.hash(said));
            let answer = session.authenticate_publickey(user, key).await;
            matches!(answer.map_err(|error| broken(config, &error))?, AuthResult::Success)
        }
    };
    match answer {
        true => Ok(()),
        // A session that broke off answers like one that refuses.
        false if session.is_closed() => Err(broken(config, &Error::Disconnect)),
        false => Err(io::Error::new(io::ErrorKind::PermissionDenied, refusal(config))),
    }
}

/// Whether the device takes no password as such, but asks for it.
fn asks_instead(methods: &russh::MethodSet) -> bool {
    methods.contains(&MethodKind::KeyboardInteractive) && !methods.contains(&MethodKind::Password)
}

/// Gives the password to every question whose answer is not shown.
async fn answer_questions(
    session: &mut Handle<Doorkeeper>,
    config: &SshConfig,
    password: &SecretString,
) -> io::Result<bool> {
    let lost = |error: Error| broken(config, &error);
    let user = config.user.clone();
    let mut asked = session.authenticate_keyboard_interactive_start(user, None).await.map_err(lost)?;
    for _ in 0..ROUNDS {
        let prompts = match asked {
            KeyboardInteractiveAuthResponse::Success => return Ok(true),
            KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
        };
        let answer =
            |echo: bool| if echo { config.user.clone() } else { password.expose_secret().to_owned() };
        let answers = prompts.iter().map(|prompt| answer(prompt.echo)).collect();
        asked = session.authenticate_keyboard_interactive_respond(answers).await.map_err(lost)?;
    }
    Ok(false)
}

fn refusal(config: &SshConfig) -> String {
    let (SshLogin::Password { secret } | SshLogin::Key { secret }) = &config.login;
    format!("{} refuses the user `{}` with the secret `{secret}`", config.place(), config.user)
}

/// A session that did not come about or did not last.
pub(super) fn broken(config: &SshConfig, error: &Error) -> io::Error {
    let place = config.place();
    match error {
        Error::IO(error) => io::Error::new(error.kind(), format!("{place}: {error}")),
        Error::NoCommonAlgo { kind, .. } => {
            let hint = match (kind, config.legacy) {
                (AlgorithmKind::Key, _) => {
                    ": the pinned key is of a kind that it has none of, or it needs `legacy`"
                }
                (_, false) => "; an old device may need `legacy`",
                (_, true) => "",
            };
            let text = format!("{place} and this side have no {kind:?} in common{hint}");
            io::Error::new(io::ErrorKind::Unsupported, text)
        }
        error => io::Error::new(io::ErrorKind::ConnectionAborted, format!("{place}: {error}")),
    }
}
