use std::fmt::Debug;
use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// Opens interactive sessions on a device, as a person with a terminal would.
///
/// A session is a stream of bytes: what is typed and what is shown. Prompts, passwords asked for and error texts are the
/// integration's to understand; who may log in, and whether the device is the right one, is the shell's.
#[async_trait]
pub trait Shell: Debug + Send + Sync {
    /// Logs in and starts a session. Dropping the session ends it.
    ///
    /// # Errors
    /// The device could not be reached, is not the one that is expected, or refuses the login
    /// ([`PermissionDenied`](io::ErrorKind::PermissionDenied)). The text names no secret.
    async fn open(&self) -> io::Result<Box<dyn Terminal>>;
}

/// The two directions of a session: what is typed is written, what is shown is read.
pub trait Terminal: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Terminal for T {}
