//! A real HAProxy between a real client and a real server, all on loopback.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Status};
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::firewall::haproxy::{Haproxy, HaproxyConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// A HAProxy that ends with the test.
struct Proxy {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Proxy {
    /// `None`, said aloud, where this machine has no HAProxy; in CI that is a failure.
    fn new(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("autosec-haproxy-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let list = folder.join("autosec.acl");
        std::fs::write(&list, "").unwrap();
        let configuration = format!(
            "global\n    stats socket {folder}/admin.sock mode 600 level admin\n\
             defaults\n    mode http\n    timeout client 5s\n    timeout connect 5s\n    timeout server 5s\n\
             frontend www\n    bind 127.0.0.1:{port}\n    acl blocked src -f {list}\n\
             \x20   http-request deny deny_status 403 if blocked\n    http-request return status 200\n",
            folder = folder.display(),
            list = list.display(),
        );
        std::fs::write(folder.join("haproxy.cfg"), configuration).unwrap();
        match start(&folder) {
            Ok(child) => {
                let proxy = Self { child, folder, port };
                proxy.wait();
                Some(proxy)
            }
            Err(why) => {
                let _ = writeln!(std::io::stderr(), "\nskipped: HAProxy: {why}");
                assert!(std::env::var_os("CI").is_none(), "in CI nothing may be skipped: {why}");
                None
            }
        }
    }

    fn adapter(&self) -> Haproxy {
        let config = HaproxyConfig {
            socket: self.folder.join("admin.sock"),
            list: self.folder.join("autosec.acl"),
            ..HaproxyConfig::default()
        };
        Haproxy::new(config).unwrap()
    }

    /// Ends the process and starts another one on the same configuration.
    fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let _ = std::fs::remove_file(self.folder.join("admin.sock"));
        // The start is part of what tells two processes apart.
        self.child = start(&self.folder).unwrap();
        self.wait();
    }

    fn wait(&self) {
        let begun = Instant::now();
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        while std::net::TcpStream::connect(address).is_err() || !self.folder.join("admin.sock").exists() {
            assert!(begun.elapsed() < Duration::from_secs(10), "HAProxy does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The status with which a request from this address is answered.
    async fn ask_from(&self, source: &str) -> String {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(source.parse::<IpAddr>().unwrap(), 0)).unwrap();
        let mut stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], self.port))).await.unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn start(folder: &Path) -> Result<Child, String> {
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg"));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| format!("`haproxy`: {error}"))
}

fn block(target: &str) -> Block {
    Block { target: target.parse().unwrap(), ttl: None, reason: "rule=test".to_owned() }
}

fn held(blocks: Vec<Block>) -> Vec<String> {
    blocks.into_iter().map(|block| block.target.to_string()).collect()
}

#[tokio::test]
async fn refuses_blocked_clients_and_lets_them_in_again() {
    let Some(mut proxy) = Proxy::new("clients") else { return };
    let adapter = proxy.adapter();
    assert_eq!(proxy.ask_from("127.0.0.2").await, "200");
    let blocks = [block("127.0.0.2/32"), block("127.9.0.0/16"), block("2001:db8::/64")];
    for _ in 0..2 {
        let outcomes = adapter.block(&blocks).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.status == Status::Done));
    }
    assert_eq!(held(adapter.blocked().await.unwrap()), ["127.0.0.2/32", "127.9.0.0/16", "2001:db8::/64"]);
    for (source, status) in
        [("127.0.0.2", "403"), ("127.9.8.7", "403"), ("127.0.0.3", "200"), ("127.10.0.1", "200")]
    {
        assert_eq!(proxy.ask_from(source).await, status, "{source}");
    }
    // The file was written too, so that a new process starts with it.
    proxy.restart();
    assert_eq!(proxy.ask_from("127.0.0.2").await, "403");
    adapter.unblock(&["127.0.0.2/32".parse().unwrap(), "192.0.2.1/32".parse().unwrap()]).await.unwrap();
    assert_eq!(proxy.ask_from("127.0.0.2").await, "200");
    assert_eq!(proxy.ask_from("127.9.8.7").await, "403");
    assert_eq!(held(adapter.blocked().await.unwrap()), ["127.9.0.0/16", "2001:db8::/64"]);
}

#[tokio::test]
async fn replaces_a_long_list_at_once() {
    let Some(proxy) = Proxy::new("long") else { return };
    let adapter = proxy.adapter();
    let many: Vec<_> =
        (0..3_000_u32).map(|n| block(&format!("127.{}.{}.1/32", 20 + n / 250, n % 250))).collect();
    adapter.block(&[block("127.0.0.2/32")]).await.unwrap();
    adapter.block(&many).await.unwrap();
    assert_eq!(adapter.blocked().await.unwrap().len(), 3_001);
    assert_eq!(proxy.ask_from("127.31.249.1").await, "403");
    let targets: Vec<_> = many.iter().map(|block| block.target).collect();
    adapter.unblock(&targets).await.unwrap();
    assert_eq!(held(adapter.blocked().await.unwrap()), ["127.0.0.2/32"]);
    // Another program's change is seen when everything is read back, and put right by the next call.
    let other = proxy.adapter();
    other.unblock(&["127.0.0.2/32".parse().unwrap()]).await.unwrap();
    assert!(adapter.blocked().await.unwrap().is_empty());
    adapter.block(&[block("127.0.0.2/32")]).await.unwrap();
    assert_eq!(proxy.ask_from("127.0.0.2").await, "403");
}

#[tokio::test]
async fn says_when_a_new_process_lacks_what_was_in_force() {
    let Some(mut proxy) = Proxy::new("lost") else { return };
    let adapter = proxy.adapter();
    adapter.block(&[block("127.0.0.2/32")]).await.unwrap();
    std::fs::write(proxy.folder.join("autosec.acl"), "").unwrap();
    proxy.restart();
    let lost = adapter.block(&[block("127.0.0.3/32")]).await.unwrap_err();
    assert!(matches!(lost, EnforceError::Lost { .. }), "{lost}");
    adapter.block(&[block("127.0.0.2/32"), block("127.0.0.3/32")]).await.unwrap();
    assert_eq!(proxy.ask_from("127.0.0.2").await, "403");
}

#[tokio::test]
async fn explains_what_is_missing() {
    let Some(proxy) = Proxy::new("missing") else { return };
    let config = HaproxyConfig { socket: proxy.folder.join("admin.sock"), ..HaproxyConfig::default() };
    let absent = Haproxy::new(config.clone()).unwrap().block(&[block("127.0.0.2/32")]).await.unwrap_err();
    assert_eq!(
        absent.to_string(),
        "firewall `haproxy` is not available: no rule uses the list `/etc/haproxy/autosec.acl`; \
         write `acl blocked src -f /etc/haproxy/autosec.acl` and reload"
    );
    let nobody = HaproxyConfig { socket: "/nonexistent/admin.sock".into(), ..config.clone() };
    let unreached = Haproxy::new(nobody).unwrap().health().await.unwrap_err();
    assert!(unreached.is_transient(), "{unreached}");
    let odd = HaproxyConfig { list: "/etc/haproxy/a;b".into(), ..config };
    assert!(matches!(Haproxy::new(odd), Err(EnforceError::Rejected { .. })));
}

#[tokio::test]
async fn keeps_what_every_firewall_promises() {
    let Some(proxy) = Proxy::new("promises") else { return };
    let report = conformance::check(&proxy.adapter(), &Conformance::default()).await;
    assert!(report.is_passed(), "{report}");
}
