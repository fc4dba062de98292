//! Any bytes as the answer of a PAN-OS firewall: nothing panics, and reading ends.
#![no_main]

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use autosec_core::enforce::{Block, FirewallIntegration};
use autosec_integrations::firewall::panos::{PanOs, PanOsConfig};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::HttpClient;
use http::{Request, Response};
use libfuzzer_sys::fuzz_target;

#[derive(Debug)]
struct Canned(Vec<u8>);

#[async_trait]
impl HttpClient for Canned {
    async fn send(&self, _request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
        Ok(Response::new(self.0.clone()))
    }
}

/// The answer is there at once, so nothing is waited for.
fn now<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for something"),
    }
}

fuzz_target!(|answer: &[u8]| {
    let secrets = Arc::new(FixedSecrets::default().with("pan-os-key", "key"));
    let config = PanOsConfig::new("https://fw.example");
    let firewall =
        PanOs::new(config, Arc::new(Canned(answer.to_vec())), secrets).expect("the settings are fine");
    let block = |target: &str| Block {
        target: target.parse().expect("an address"),
        ttl: None,
        reason: String::new(),
    };
    let blocks = [block("192.0.2.1/32"), block("2001:db8::1/128"), block("198.51.100.0/24")];
    let targets = blocks.each_ref().map(|block| block.target);
    if let Ok(outcomes) = now(firewall.block(&blocks)) {
        assert_eq!(outcomes.len(), blocks.len());
    }
    let _ = now(firewall.unblock(&targets));
    let _ = now(firewall.blocked());
    let _ = now(firewall.health());
});
