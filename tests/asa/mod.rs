//! Cisco ASA against our simulator: a real SSH server and a real HTTP server on loopback, with a device's state and faults
//! behind them.

mod behaviour;
mod device;
mod faults;
mod golden;
mod login;
mod together;
mod ssh;
mod web;

use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::{Block, FirewallIntegration, Outcome, Status};
use autosec_integrations::firewall::asa::{Asa, AsaConfig, AsaMode, AsaWeb, ShunOwner};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::{HostKey, SshConfig, SshLogin, SshShell};
use device::{Device, ENABLE_PASSWORD, SSH_PASSWORD, USER, WEB_PASSWORD};
use ipnet::IpNet;
use web::PlainClient;

/// How the simulator is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Ssh,
    Https,
}

const WAYS: [Way; 2] = [Way::Ssh, Way::Https];

/// A simulated device with both its doors open.
struct Simulator {
    device: Device,
    ssh: ssh::Server,
    web: web::Server,
}

impl Simulator {
    async fn start() -> Self {
        Self::with(Device::configured()).await
    }

    async fn with(device: Device) -> Self {
        let ssh = ssh::Server::start(&device, ssh::Door::default()).await;
        let web = web::Server::start(&device).await;
        Self { device, ssh, web }
    }

    fn asa(&self, way: Way, config: AsaConfig) -> Asa {
        self.asa_with(way, config, secrets())
    }

    fn asa_with(&self, way: Way, config: AsaConfig, secrets: FixedSecrets) -> Asa {
        let secrets = Arc::new(secrets);
        match way {
            Way::Ssh => {
                let shell = SshShell::new(ssh_config(&self.ssh), secrets.clone());
                Asa::over_shell(Arc::new(shell), secrets, config).unwrap()
            }
            Way::Https => {
                let url = format!("http://{}", self.web.address);
                let place = AsaWeb { url, user: USER.into(), secret: "web".into() };
                Asa::over_https(Arc::new(PlainClient), secrets, place, config).unwrap()
            }
        }
    }
}

fn secrets() -> FixedSecrets {
    FixedSecrets::default()
        .with("ssh", SSH_PASSWORD)
        .with("enable", ENABLE_PASSWORD)
        .with("web", WEB_PASSWORD)
}

fn ssh_config(server: &ssh::Server) -> SshConfig {
    let login = SshLogin::Password { secret: "ssh".into() };
    let host_key = HostKey::from(ssh::key(1).public_key());
    SshConfig {
        port: server.address.port(),
        connect_timeout: Duration::from_secs(30),
        ..SshConfig::new("127.0.0.1", USER, login, host_key)
    }
}

fn grouped() -> AsaConfig {
    AsaConfig { enable: Some("enable".into()), ..AsaConfig::default() }
}

fn shunning() -> AsaConfig {
    AsaConfig { mode: AsaMode::Shun { owner: ShunOwner::Shared }, ..grouped() }
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn blocks(targets: &[&str]) -> Vec<Block> {
    let block = |target: &&str| Block { target: net(target), ttl: None, reason: "rule=test".to_owned() };
    targets.iter().map(block).collect()
}

fn nets(targets: &[&str]) -> Vec<IpNet> {
    targets.iter().map(|target| net(target)).collect()
}

async fn held(asa: &Asa) -> Vec<String> {
    asa.blocked().await.unwrap().into_iter().map(|block| block.target.to_string()).collect()
}

fn is_done(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| outcome.status == Status::Done)
}

/// No password, and nothing that a password was put into.
fn assert_no_secret(text: &str) {
    for secret in [SSH_PASSWORD, ENABLE_PASSWORD, WEB_PASSWORD, "YXV0b3NlYzp3", "Basic Y"] {
        assert!(!text.contains(secret), "a secret stands in\n{text}");
    }
}
