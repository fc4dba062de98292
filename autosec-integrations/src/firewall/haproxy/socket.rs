use std::fmt::Debug;
use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// The longest answer that is read, in bytes: a list of a million IPv6 prefixes.
const ANSWER_LIMIT: u64 = 64 << 20;

/// How the runtime API is reached; the host may put its own in place, such as a connection through another machine.
#[async_trait]
pub trait RuntimeSocket: Debug + Send + Sync {
    /// Sends one line of commands, which has no line break, and gives all that is answered until the connection ends.
    ///
    /// # Errors
    /// The exchange did not take place, or broke off.
    async fn exchange(&self, line: &str) -> io::Result<String>;
}

/// The socket of `stats socket` on this machine.
#[derive(Clone, Debug)]
pub struct UnixSocket {
    path: PathBuf,
}

impl UnixSocket {
    /// The socket at this path; nothing is connected yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait]
impl RuntimeSocket for UnixSocket {
    async fn exchange(&self, line: &str) -> io::Result<String> {
        let mut stream = UnixStream::connect(&self.path).await?;
        stream.write_all(line.as_bytes()).await?;
        stream.write_all(b"\n").await?;
        let mut answer = Vec::new();
        let read = stream.take(ANSWER_LIMIT).read_to_end(&mut answer).await?;
        if read as u64 == ANSWER_LIMIT {
            return Err(io::Error::other("the answer is longer than 64 MiB"));
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
