//! The AWS WAF plugin against `moto`, a public stand-in for AWS.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use autosec_core::enforce::FirewallIntegration;
use autosec_integrations::plugin::firewall::PluginFirewall;
use autosec_integrations::plugin::gate::Gate;
use autosec_integrations::plugin::manifest::{Capabilities, Excess, Grant, Manifest, Tls};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::{HttpClient, HttpsClient, HttpsConfig, Trust};
use http::Request;
use serde_json::{Value, json};

use super::{Made, are_done, block, held, nets};
use crate::support::python;

const REGION: &str = "eu-central-1";

/// A server that ends with the test.
struct Moto {
    process: Child,
    url: String,
}

impl Moto {
    fn start(test: &str) -> Option<Self> {
        let programs = python::cloud(test)?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(programs.join("moto_server"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { process, url: format!("http://127.0.0.1:{port}") };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(120), "the server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// Makes a set, and says what it is called.
    async fn set(&self, client: &HttpsClient, name: &str, version: &str) -> Value {
        let body = json!({"Name": name, "Scope": "REGIONAL", "IPAddressVersion": version, "Addresses": []});
        let scope = format!("AKIDEXAMPLE/20261123/{REGION}/wafv2/aws4_request");
        let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        let request = Request::post(&self.url)
            .header("x-amz-target", "AWSWAF_20190729.CreateIPSet")
            .header("content-type", "application/x-amz-json-1.1")
            .header("authorization", signed)
            .body(body.to_string().into_bytes())
            .unwrap();
        let answer = client.send(request).await.unwrap();
        let made: Value = serde_json::from_slice(answer.body()).unwrap();
        json!({"name": name, "id": made["Summary"]["Id"]})
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        assert!(ended.is_ok(), "{ended:?}");
    }
}

#[tokio::test]
async fn blocks_and_lets_in_at_moto() {
    let Some(moto) = Moto::start("the AWS WAF plugin against moto") else { return };
    let trust = Trust::Pinned(Vec::new());
    let client = Arc::new(HttpsClient::new(HttpsConfig { trust, ..HttpsConfig::default() }).unwrap());
    let ipv4 = [moto.set(&client, "blocked-1", "IPV4").await, moto.set(&client, "blocked-2", "IPV4").await];
    let ipv6 = [moto.set(&client, "blocked-6", "IPV6").await];
    let config = json!({"url": moto.url, "region": REGION, "ipv4": ipv4, "ipv6": ipv6});

    // It speaks in the clear, which the plugin's own manifest does not ask for.
    let mut manifest: Manifest = super::manifest("aws-wafv2");
    manifest.asks.http.iter_mut().for_each(|ask| ask.tls = Tls::Optional);
    let mut grant = Grant::as_asked(&manifest).with_networks(["127.0.0.1/32".parse().unwrap()]);
    grant.secrets_in_clear = true;
    let capabilities = Capabilities::new(&manifest, &[&grant], &config, Excess::Refuse).unwrap();
    let secrets = FixedSecrets::default().with("aws-wafv2-key", "AKIDEXAMPLE:secret");
    let gate = Gate::builder(capabilities).client(client).secrets(Arc::new(secrets)).build();
    let guest = super::start(Made::Component, "aws-wafv2", &config, Arc::new(gate)).await;
    let firewall = PluginFirewall::new("aws-wafv2", guest).unwrap().with_deadline(Duration::from_secs(60));

    let first = [block("192.0.2.1/32", 60), block("198.51.100.0/24", 60)];
    assert!(are_done(&firewall.block(&first).await.unwrap()));
    assert!(are_done(&firewall.block(&[block("2001:db8::/64", 60)]).await.unwrap()));
    assert_eq!(
        held(&firewall).await,
        ["192.0.2.1/32 for ever", "198.51.100.0/24 for ever", "2001:db8::/64 for ever"]
    );
    assert!(are_done(&firewall.unblock(&nets(["192.0.2.1/32", "192.0.2.9/32"])).await.unwrap()));
    assert_eq!(held(&firewall).await, ["198.51.100.0/24 for ever", "2001:db8::/64 for ever"]);
    assert!(firewall.health().await.unwrap().enforcing);
}
