//! The shell over SSH by itself: whom it trusts, how it logs in, and what it leaves behind.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::{HostKey, Shell, SshConfig, SshLogin, SshShell, Terminal};
use russh::keys::ssh_key::LineEnding;
use russh::{MethodKind, MethodSet, Preferred, cipher, kex, mac};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::device::Device;
use super::ssh::{Door, Server, key};
use super::{assert_no_secret, secrets, ssh_config};

/// A host key that the simulator does not have, nor any of its kind.
const OF_ANOTHER_KIND: &str = "ecdsa-sha2-nistp256 \
    AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAhBmcRwRbwAbBzTt288dpXV2Fr/aHXZQTQnRkTH0t33M2ZOQCE03XnJ41nhg6xlHUPbigjgQNpygStC2nQPR5g=";

async fn open(config: SshConfig) -> io::Result<Box<dyn Terminal>> {
    let key = key(9).to_openssh(LineEnding::LF).unwrap();
    let secrets = secrets().with("key", key.as_str()).with("wrong", "wrong-Secret-8").with("no key", "-----");
    let shell = SshShell::new(config, Arc::new(secrets));
    let opened = shell.open().await;
    assert_no_secret(&format!(
        "{shell:?} {:?}",
        opened.as_ref().err().map(|error| format!("{error:?} {error}"))
    ));
    opened
}

async fn refused(config: SshConfig) -> (io::ErrorKind, String) {
    let error = open(config).await.err().unwrap();
    (error.kind(), error.to_string())
}

async fn shown(terminal: &mut dyn Terminal, until: &str) -> String {
    let mut shown = String::new();
    while !shown.ends_with(until) {
        let mut bytes = [0; 256];
        let length = terminal.read(&mut bytes).await.unwrap();
        assert!(length > 0, "it ended after {shown}");
        shown.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
    }
    shown
}

#[tokio::test]
async fn gives_a_terminal_that_ends_when_it_is_dropped() {
    let device = Device::configured();
    let server = Server::start(&device, Door::default()).await;
    let mut terminal = open(ssh_config(&server)).await.unwrap();
    assert!(shown(&mut *terminal, "> ").await.contains("Type help"));
    terminal.write_all(b"show version\n").await.unwrap();
    assert!(shown(&mut *terminal, "ciscoasa> ").await.contains("% Invalid input"));
    assert_eq!(device.state().terminals, 1);
    drop(terminal);
    let begun = Instant::now();
    while device.state().terminals > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the session outlives its terminal");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn speaks_to_the_pinned_device_alone() {
    let device = Device::configured();
    let server = Server::start(&device, Door { host: 2, ..Door::default() }).await;
    let right = HostKey::from(key(2).public_key());
    let line = format!("asa {}", key(2).public_key().to_openssh().unwrap());
    for host_key in [right.clone(), right.to_string().parse().unwrap(), line.parse().unwrap()] {
        open(SshConfig { host_key, ..ssh_config(&server) }).await.unwrap();
    }
    let (kind, text) = refused(ssh_config(&server)).await;
    assert_eq!(kind, io::ErrorKind::InvalidData);
    let wrong = HostKey::from(key(1).public_key());
    assert!(text.contains(&format!("shows the host key {right} (ssh-ed25519), not {wrong}")), "{text}");
    let host_key = OF_ANOTHER_KIND.parse().unwrap();
    let (kind, text) = refused(SshConfig { host_key, ..ssh_config(&server) }).await;
    assert!(kind == io::ErrorKind::Unsupported && text.contains("the pinned key is of a kind"), "{text}");
    assert_eq!(device.state().logins, 3, "a stranger is not logged in to");
}

#[tokio::test]
async fn logs_in_in_every_way() {
    let device = Device::configured();
    let server = Server::start(&device, Door::default()).await;
    let with = |login| SshConfig { login, ..ssh_config(&server) };
    open(with(SshLogin::Key { secret: "key".into() })).await.unwrap();
    let interactive = MethodSet::from(&[MethodKind::KeyboardInteractive][..]);
    let asking = Server::start(&device, Door { methods: interactive, ..Door::default() }).await;
    open(ssh_config(&asking)).await.unwrap();
    assert_eq!(device.state().logins, 2);
    let password = |secret: &str| SshLogin::Password { secret: secret.into() };
    for config in [with(password("wrong")), SshConfig { login: password("wrong"), ..ssh_config(&asking) }] {
        let (kind, text) = refused(config).await;
        assert_eq!(kind, io::ErrorKind::PermissionDenied);
        assert!(text.ends_with("refuses the user `autosec` with the secret `wrong`"), "{text}");
    }
    let (kind, text) = refused(with(password("forgotten"))).await;
    assert!(kind == io::ErrorKind::NotFound && text.contains("`forgotten`"), "{text}");
    let (kind, text) = refused(with(SshLogin::Key { secret: "no key".into() })).await;
    assert!(kind == io::ErrorKind::InvalidInput && text.contains("`no key` is no private key"), "{text}");
    let shut = Server::start(&device, Door { gives_shells: false, ..Door::default() }).await;
    assert_eq!(refused(ssh_config(&shut)).await.0, io::ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn takes_old_algorithms_only_when_asked() {
    let device = Device::configured();
    let preferred = Preferred {
        kex: Cow::Borrowed(&[kex::DH_G14_SHA1]),
        cipher: Cow::Borrowed(&[cipher::AES_256_CBC]),
        mac: Cow::Borrowed(&[mac::HMAC_SHA1]),
        ..Preferred::DEFAULT
    };
    let server = Server::start(&device, Door { preferred, ..Door::default() }).await;
    let (kind, text) = refused(ssh_config(&server)).await;
    assert!(
        kind == io::ErrorKind::Unsupported && text.ends_with("an old device may need `legacy`"),
        "{text}"
    );
    open(SshConfig { legacy: true, ..ssh_config(&server) }).await.unwrap();
}

#[tokio::test]
async fn does_not_wait_for_ever() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let login = SshLogin::Password { secret: "ssh".into() };
    let config = SshConfig {
        port: address.port(),
        connect_timeout: Duration::from_millis(50),
        ..SshConfig::new("127.0.0.1", "autosec", login, HostKey::from(key(1).public_key()))
    };
    assert_eq!(refused(config.clone()).await.0, io::ErrorKind::TimedOut);
    drop(silent);
    let shell = SshShell::new(config, Arc::new(FixedSecrets::default()));
    assert_eq!(shell.open().await.err().unwrap().kind(), io::ErrorKind::ConnectionRefused);
}
