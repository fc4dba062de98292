//! PAN-OS: every request and every documented error as files, and a firewall of our own making that behaves like one
//! where its documentation says how. Results are against that simulator, not on PAN-OS.

mod answers;
mod arbitrary;
pub mod device;
mod engine;
mod faults;
mod message;
mod requests;
mod simulated;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{Block, FirewallIntegration, Outcome, Status};
use autosec_integrations::firewall::panos::{PanOs, PanOsConfig};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::HttpClient;
use http::{Request, Response};
use ipnet::IpNet;

/// The key of every test.
pub const KEY: &str = "LUFRPT1-the-key-of-the-test";

/// Gives the same answer to every request, and keeps what was asked.
#[derive(Clone, Debug)]
struct Canned {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    asked: Arc<Mutex<Vec<Request<Vec<u8>>>>>,
}

impl Canned {
    fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), asked: Arc::default() }
    }

    fn asked(&self) -> Vec<Request<Vec<u8>>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait]
impl HttpClient for Canned {
    async fn send(&self, request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
        self.asked.lock().unwrap().push(request);
        let head = Response::builder().status(self.status);
        let head = self.headers.iter().fold(head, |head, (name, value)| head.header(name, value));
        head.body(self.body.clone()).map_err(io::Error::other)
    }
}

fn secrets() -> FixedSecrets {
    FixedSecrets::default().with("pan-os-key", KEY).with("pan-os-password", "correct horse")
}

fn canned(client: &Canned, config: PanOsConfig) -> PanOs {
    PanOs::new(config, Arc::new(client.clone()), Arc::new(secrets())).unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

/// A block for so many seconds; 0 is for ever.
fn block(target: &str, seconds: u64) -> Block {
    let ttl = Some(Duration::from_secs(seconds)).filter(|ttl| !ttl.is_zero());
    Block { target: net(target), ttl, reason: "rule=test \"'<&>".to_owned() }
}

fn are_done(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| outcome.status == Status::Done)
}

/// What is blocked, in words: `192.0.2.1/32 60 s`.
async fn held(firewall: &PanOs) -> Vec<String> {
    let left =
        |ttl: Option<Duration>| ttl.map_or("for ever".to_owned(), |ttl| format!("{} s", ttl.as_secs()));
    let blocked = firewall.blocked().await.unwrap();
    blocked.iter().map(|block| format!("{} {}", block.target, left(block.ttl))).collect()
}
