use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use russh::client::{Handle, Msg, connect};
use russh::{Channel, ChannelMsg, ChannelStream, Error};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::SshConfig;
use super::login::{Doorkeeper, Stranger, broken, log_in};
use crate::secret::SecretSource;
use crate::transport::{Shell, Terminal};

/// The width that a terminal is said to have, so that a device breaks no lines.
const COLUMNS: u32 = 511;

/// The most that is taken before the device has said that there is a shell, in bytes.
const EARLY_LIMIT: usize = 64 << 10;

/// Opens a terminal on a device over SSH. The module says what it insists on.
///
/// It needs tokio, as the session is a task of its own; that ends with the terminal.
#[derive(Clone, Debug)]
pub struct SshShell {
    config: SshConfig,
    secrets: Arc<dyn SecretSource>,
}

impl SshShell {
    /// A shell on this device; nothing is connected yet. Secrets are asked for at each login.
    pub fn new(config: SshConfig, secrets: Arc<dyn SecretSource>) -> Self {
        Self { config, secrets }
    }

    async fn open_terminal(&self) -> io::Result<SshTerminal> {
        let mut session = self.connect().await?;
        log_in(&mut session, &self.config, &*self.secrets).await?;
        let lost = |error: Error| broken(&self.config, &error);
        let channel = session.channel_open_session().await.map_err(lost)?;
        channel.request_pty(false, "vt100", COLUMNS, 0, 0, 0, &[]).await.map_err(lost)?;
        channel.request_shell(true).await.map_err(lost)?;
        let (channel, early) = self.until_ready(channel).await?;
        Ok(SshTerminal { early: io::Cursor::new(early), stream: channel.into_stream(), _session: session })
    }

    async fn connect(&self) -> io::Result<Handle<Doorkeeper>> {
        let config = &self.config;
        let stranger = Stranger::default();
        let doorkeeper = Doorkeeper { expected: config.host_key.clone(), stranger: Arc::clone(&stranger) };
        let address = (config.host.as_str(), config.port);
        connect(Arc::new(config.offer()), address, doorkeeper).await.map_err(|error| {
            let shown = stranger.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(shown) = shown else { return broken(config, &error) };
            let text = format!(
                "{} shows the host key {shown}, not {}: it has a new key, or somebody stands in between",
                config.place(),
                config.host_key
            );
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }

    /// Waits until the device says that there is a shell. What it shows earlier is kept.
    async fn until_ready(&self, mut channel: Channel<Msg>) -> io::Result<(Channel<Msg>, Vec<u8>)> {
        let mut early = Vec::new();
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => return Ok((channel, early)),
                Some(ChannelMsg::Data { data }) if early.len() + data.len() <= EARLY_LIMIT => {
                    early.extend_from_slice(&data);
                }
                Some(ChannelMsg::Failure) => {
                    let text = format!("{} gives the user no shell", self.config.place());
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
                }
                None | Some(ChannelMsg::Close | ChannelMsg::Eof | ChannelMsg::Data { .. }) => {
                    return Err(broken(&self.config, &Error::Disconnect));
                }
                Some(_) => {}
            }
        }
    }
}

#[async_trait]
impl Shell for SshShell {
    async fn open(&self) -> io::Result<Box<dyn Terminal>> {
        let limit = self.config.connect_timeout;
        let Ok(terminal) = timeout(limit, self.open_terminal()).await else {
            let text = format!("{} gave no shell within {limit:?}", self.config.place());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        };
        Ok(Box::new(terminal?))
    }
}

/// A terminal, and the session that ends with it.
struct SshTerminal {
    early: io::Cursor<Vec<u8>>,
    stream: ChannelStream<Msg>,
    _session: Handle<Doorkeeper>,
}

impl AsyncRead for SshTerminal {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let early = Pin::new(&mut self.early).poll_read(cx, buf);
        if buf.filled().len() > before {
            return early;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for SshTerminal {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
