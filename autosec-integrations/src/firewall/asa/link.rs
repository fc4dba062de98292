use std::sync::Arc;

use secrecy::SecretString;

use super::command::Line;
use super::session::Session;
use super::trouble::Trouble;
use super::web::Web;
use crate::secret::SecretSource;
use crate::transport::Shell;

/// How a device is reached.
#[derive(Debug)]
pub(super) enum Link {
    Shell { shell: Arc<dyn Shell>, secrets: Arc<dyn SecretSource>, enable: Option<String> },
    Web(Web),
}

/// What is said to a device in one call.
pub(super) enum Talk<'l> {
    Session(Session),
    Web(&'l Web),
}

/// How many blocks are brought about in full over a shell before the next are begun: some 20 lines.
const AT_ONCE: usize = 10;

impl Link {
    /// How many blocks are brought about together: line by line takes time, and what is done is to be known soon.
    pub(super) fn at_once(&self) -> usize {
        match self {
            Self::Shell { .. } => AT_ONCE,
            Self::Web(_) => usize::MAX,
        }
    }

    /// Begins a talk, over a shell with a session of its own: none idles between calls, and one that was cut costs one call.
    pub(super) async fn open(&self) -> Result<Talk<'_>, Trouble> {
        match self {
            Self::Web(web) => Ok(Talk::Web(web)),
            Self::Shell { shell, secrets, enable } => {
                let password: Option<SecretString> = match enable {
                    Some(name) => Some(secrets.secret(name).await?),
                    None => None,
                };
                let terminal = shell.open().await?;
                Ok(Talk::Session(Session::start(terminal, password.as_ref()).await?))
            }
        }
    }
}

impl Talk<'_> {
    /// Carries out commands, and gives all that is answered.
    pub(super) async fn exec(&mut self, lines: &[Line]) -> Result<String, Trouble> {
        match self {
            Self::Session(session) => session.run_all(lines).await,
            Self::Web(web) => web.exec(lines).await,
        }
    }

    /// Carries out lines of a configuration, and gives all that is answered.
    pub(super) async fn configure(&mut self, lines: &[Line]) -> Result<String, Trouble> {
        match self {
            Self::Session(session) => session.configure(lines).await,
            Self::Web(web) => web.configure(lines).await,
        }
    }
}
