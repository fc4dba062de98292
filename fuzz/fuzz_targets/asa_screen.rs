//! Any bytes as what a Cisco ASA shows on its terminal: nothing panics, and every call ends. The first byte picks the mode and
//! how many bytes come at a time.
#![no_main]

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use autosec_core::enforce::{Block, FirewallIntegration};
use autosec_integrations::firewall::asa::{Asa, AsaConfig, AsaMode, ShunOwner};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::{Shell, Terminal};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Shows its bytes, whatever is typed.
#[derive(Clone, Debug)]
struct Recital {
    bytes: Vec<u8>,
    at: usize,
    step: usize,
}

#[async_trait]
impl Shell for Recital {
    async fn open(&self) -> io::Result<Box<dyn Terminal>> {
        Ok(Box::new(self.clone()))
    }
}

impl AsyncRead for Recital {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = self.bytes.len().min(self.at + self.step);
        buf.put_slice(&self.bytes[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recital {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Nothing here waits.
fn finish<T>(call: impl Future<Output = T>) -> T {
    match std::pin::pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a call waits for what is there"),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let recital = Recital { bytes: bytes.to_vec(), at: 0, step: usize::from(first >> 2) + 1 };
    let mode = match first % 3 {
        0 => AsaMode::group("AUTOSEC_BLOCK"),
        1 => AsaMode::Shun { owner: ShunOwner::Shared },
        _ => AsaMode::Shun { owner: ShunOwner::AutoSec },
    };
    let config = AsaConfig { mode, enable: Some("enable".to_owned()), ..AsaConfig::default() };
    let secrets = Arc::new(FixedSecrets::default().with("enable", "secret"));
    let asa = Asa::over_shell(Arc::new(recital), secrets, config).expect("the settings are right");
    let target = "203.0.113.7/32".parse().expect("an address");
    let block = Block { target, ttl: None, reason: String::new() };
    if let Ok(outcomes) = finish(asa.block(&[block])) {
        assert_eq!(outcomes.len(), 1);
    }
    let _ =
        std::hint::black_box((finish(asa.blocked()), finish(asa.unblock(&[target])), finish(asa.health())));
});
