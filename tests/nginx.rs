//! A real nginx with real clients, all on loopback.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use autosec_core::enforce::{Block, EnforceError, FirewallIntegration};
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::firewall::nginx::{Nginx, NginxConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// An nginx that ends with the test.
struct Server {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    /// `None`, said aloud, where this machine has no nginx; in CI that is a failure.
    fn new(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("autosec-nginx-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        std::fs::write(folder.join("autosec.geo"), "").unwrap();
        let at = folder.display();
        let configuration = format!(
            "pid {at}/nginx.pid;\nerror_log {at}/error.log;\ndaemon off;\nevents {{}}\nhttp {{\n\
             access_log off;\nclient_body_temp_path {at}/b;\nproxy_temp_path {at}/p;\nfastcgi_temp_path {at}/f;\n\
             uwsgi_temp_path {at}/u;\nscgi_temp_path {at}/s;\n\
             geo $autosec_blocked {{ default 0; include {at}/autosec.geo; }}\n\
             server {{ listen 127.0.0.1:{port}; if ($autosec_blocked) {{ return 403; }} location / {{ return 200; }} }}\n}}\n"
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-c").arg(folder.join("nginx.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => {
                let server = Self { child, folder, port };
                server.wait();
                Some(server)
            }
            Err(why) => {
                let _ = writeln!(std::io::stderr(), "\nskipped: nginx: {why}");
                assert!(std::env::var_os("CI").is_none(), "in CI nothing may be skipped: {why}");
                None
            }
        }
    }

    fn adapter(&self) -> Nginx {
        let path = |name: &str| self.folder.join(name);
        Nginx::new(NginxConfig {
            list: path("autosec.geo"),
            arguments: vec!["-c".to_owned(), path("nginx.conf").display().to_string()],
            distance: Duration::from_millis(100),
            ..NginxConfig::default()
        })
    }

    fn wait(&self) {
        let begun = Instant::now();
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        while std::net::TcpStream::connect(address).is_err() || !self.folder.join("nginx.pid").exists() {
            assert!(begun.elapsed() < Duration::from_secs(10), "nginx does not listen");
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

    /// Asks until the answer is this: new workers take a moment to come.
    async fn answers(&self, source: &str, status: &str) {
        let begun = Instant::now();
        while self.ask_from(source).await != status {
            assert!(begun.elapsed() < Duration::from_secs(10), "{source} is not answered {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end, the master takes its workers along; killed, it would leave them behind. Not by `nginx -s stop`, which
        // would not do it while the configuration is broken.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn block(target: &str) -> Block {
    Block { target: target.parse().unwrap(), ttl: None, reason: "rule=test".to_owned() }
}

#[tokio::test]
async fn refuses_blocked_clients_and_lets_them_in_again() {
    let Some(server) = Server::new("clients") else { return };
    let adapter = server.adapter();
    server.answers("127.0.0.2", "200").await;
    let blocks = [block("127.0.0.2/32"), block("127.9.0.0/16"), block("2001:db8::/64")];
    adapter.block(&blocks).await.unwrap();
    adapter.block(&blocks).await.unwrap();
    server.answers("127.0.0.2", "403").await;
    server.answers("127.9.8.7", "403").await;
    server.answers("127.10.0.1", "200").await;
    adapter.unblock(&["127.0.0.2/32".parse().unwrap(), "192.0.2.1/32".parse().unwrap()]).await.unwrap();
    server.answers("127.0.0.2", "200").await;
    server.answers("127.9.8.7", "403").await;
    let held: Vec<_> =
        adapter.blocked().await.unwrap().iter().map(|block| block.target.to_string()).collect();
    assert_eq!(held, ["127.9.0.0/16", "2001:db8::/64"]);
    assert!(adapter.health().await.unwrap().enforcing);
}

#[tokio::test]
async fn puts_the_previous_list_back_when_nginx_objects() {
    let Some(server) = Server::new("objects") else { return };
    let adapter = server.adapter();
    adapter.block(&[block("127.0.0.2/32")]).await.unwrap();
    // The master reads its configuration after it was told to: it must not find the broken one.
    server.answers("127.0.0.2", "403").await;
    let before = std::fs::read_to_string(server.folder.join("autosec.geo")).unwrap();
    let conf = server.folder.join("nginx.conf");
    let right = std::fs::read_to_string(&conf).unwrap();
    std::fs::write(&conf, right.replace("return 403", "retrun 403")).unwrap();

    let refused = adapter.block(&[block("127.0.0.3/32")]).await.unwrap_err();
    let EnforceError::Rejected { reason, .. } = &refused else { panic!("{refused}") };
    assert!(reason.contains("the previous list is back") && reason.contains("unknown directive"), "{reason}");
    assert_eq!(std::fs::read_to_string(server.folder.join("autosec.geo")).unwrap(), before);
    server.answers("127.0.0.2", "403").await;
    server.answers("127.0.0.3", "200").await;

    std::fs::write(&conf, right).unwrap();
    adapter.block(&[block("127.0.0.3/32")]).await.unwrap();
    server.answers("127.0.0.3", "403").await;
}

#[tokio::test]
async fn leaves_a_file_of_others_alone() {
    let Some(server) = Server::new("foreign") else { return };
    let list = server.folder.join("autosec.geo");
    std::fs::write(&list, "198.51.100.0/24 0; # the office\n").unwrap();
    let refused = server.adapter().block(&[block("127.0.0.2/32")]).await.unwrap_err();
    assert!(refused.to_string().contains("give it a file of its own"), "{refused}");
    assert_eq!(std::fs::read_to_string(list).unwrap(), "198.51.100.0/24 0; # the office\n");
}

#[tokio::test]
async fn keeps_what_every_firewall_promises() {
    let Some(server) = Server::new("promises") else { return };
    let report = conformance::check(&server.adapter(), &Conformance::default()).await;
    assert!(report.is_passed(), "{report}");
}
