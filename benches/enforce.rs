//! The bars of enforcing: firewalls that hang beside healthy ones, and blocks on nftables and ipset beside `nft`, `ipset`
//! and fail2ban, in network namespaces of their own.
//!
//! `cargo bench --bench enforce`, as root.

#[cfg(target_os = "linux")]
#[path = "support/bulk.rs"]
mod bulk;
#[cfg(target_os = "linux")]
#[path = "../tests/generation.rs"]
mod generation;
#[path = "support/hanging.rs"]
mod hanging;
mod support;

#[cfg(target_os = "linux")]
#[path = "../tests/namespace.rs"]
mod namespace;

fn main() {
    hanging::measure();
    #[cfg(target_os = "linux")]
    nftables::measure();
    #[cfg(target_os = "linux")]
    bulk::measure();
    #[cfg(not(target_os = "linux"))]
    println!("bar enforce/one-more-vs-nft skipped (nftables is Linux's)");
}

#[cfg(target_os = "linux")]
mod nftables {
    use std::fmt::Write as _;
    use std::fs;
    use std::io::Write as _;
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use autosec_core::enforce::{Block, FirewallIntegration};
    use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};
    use ipnet::IpNet;
    use tokio::runtime::{Builder, Runtime};

    use crate::namespace::Namespace;

    pub const PRESENT: u32 = 100_000;
    pub const REASON: &str = "rule=ssh-bf;id=42";

    pub fn measure() {
        let namespace = match Namespace::new("b") {
            Ok(namespace) => namespace,
            Err(why) => {
                return ["one-more-vs-nft", "one-more-vs-fail2ban", "batch-100k-vs-nft-f"]
                    .iter()
                    .for_each(|name| println!("bar enforce/{name} skipped ({why})"));
            }
        };
        println!("note enforce in network namespace {}", namespace.name());
        // On one thread inside the namespace: the adapter's socket and the peers' processes are all there.
        namespace.inside(|| {
            let bench = Bench::new();
            bench.batches();
            let ours = bench.one_more();
            bench.one_out();
            bench.fail2ban(ours);
            bench.prefixes();
        });
    }

    struct Bench {
        runtime: Runtime,
        firewall: Nftables,
        files: PathBuf,
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.files);
        }
    }

    impl Bench {
        fn new() -> Self {
            let files = std::env::temp_dir().join(format!("autosec-enforce-{}", std::process::id()));
            fs::create_dir_all(&files).unwrap();
            let runtime = Builder::new_current_thread().build().unwrap();
            Self { runtime, firewall: Nftables::open(NftablesConfig::default()).unwrap(), files }
        }

        fn block(&self, blocks: &[Block]) {
            self.runtime.block_on(self.firewall.block(blocks)).unwrap();
        }

        /// 100,000 in one transaction, into a fresh table on both sides.
        fn batches(&self) {
            let blocks: Vec<Block> = (0..PRESENT).map(host).collect();
            let file = self.files.join("batch.nft");
            fs::write(&file, statement("peer", "v4_32", 0..PRESENT, true)).unwrap();
            let (mut ours, mut again, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..7 {
                ours.push(timed(|| self.block(&blocks)));
                again.push(timed(|| self.block(&blocks)));
                self.firewall.release().unwrap();
                theirs.push(timed(|| run(Command::new("nft").arg("-f").arg(&file))));
                run(Command::new("nft").args(["delete", "table", "inet", "peer"]));
            }
            let (ours, again, theirs) = (median(ours), median(again), median(theirs));
            println!("note enforce/batch-100k ours {ours:?}, ours once more {again:?}, nft -f {theirs:?}");
            bar("batch-100k", ours.as_secs_f64(), "s", "<=", 0.3);
            bar("batch-100k-vs-nft-f", ratio(theirs, ours), "ratio", ">=", 3.0);
        }

        /// One more when 100,000 are in force; our median.
        fn one_more(&self) -> Duration {
            self.block(&(0..PRESENT).map(host).collect::<Vec<_>>());
            let mut fresh = PRESENT..;
            let mut ours_one = || {
                let block = host(fresh.next().unwrap());
                timed(|| self.block(std::slice::from_ref(&block)))
            };
            let _warm = median((0..200).map(|_| ours_one()).collect());
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for round in 0..21 {
                ours.extend((0..200).map(|_| ours_one()));
                let element = element(PRESENT * 2 + round);
                let element = format!("add element inet autosec v4_32 {{ {element} }}");
                theirs.push(timed(|| run(Command::new("nft").arg(&element))));
            }
            let (ours, theirs) = (median(ours), median(theirs));
            println!("note enforce/one-more ours {ours:?}, nft {theirs:?}");
            bar("one-more", ours.as_secs_f64() * 1e6, "us", "<=", 50.0);
            bar("one-more-vs-nft", ratio(theirs, ours), "ratio", ">=", 100.0);
            self.firewall.release().unwrap();
            ours
        }

        /// One back out of force and in again when 100,000 are in force.
        fn one_out(&self) {
            self.block(&(0..PRESENT).map(host).collect::<Vec<_>>());
            let one = |index: u32| {
                let block = host(index);
                let targets = [block.target];
                let out = timed(|| drop(self.runtime.block_on(self.firewall.unblock(&targets)).unwrap()));
                (out, timed(|| self.block(std::slice::from_ref(&block))))
            };
            let (out, back): (Vec<_>, Vec<_>) = (0..2000).map(one).unzip();
            println!("note enforce/one-out ours {:?}, and in again {:?}", median(out), median(back));
            self.firewall.release().unwrap();
        }

        fn fail2ban(&self, ours: Duration) {
            match Fail2ban::start(&self.files) {
                Ok(mut peer) => {
                    peer.ban(1);
                    let file = self.files.join("fail2ban.nft");
                    fs::write(&file, statement("f2b-table", "addr-set-autosec", 2..PRESENT, false)).unwrap();
                    run(Command::new("nft").arg("-f").arg(&file));
                    peer.ban(PRESENT);
                    let theirs = median((1..=11).map(|more| peer.ban(PRESENT + more)).collect());
                    println!("note enforce/one-more fail2ban {} {theirs:?}", peer.version);
                    bar("one-more-vs-fail2ban", ratio(theirs, ours), "ratio", ">=", 1000.0);
                }
                Err(why) => println!("bar enforce/one-more-vs-fail2ban skipped ({why})"),
            }
        }

        /// One more prefix when 100,000 prefixes are in force.
        fn prefixes(&self) {
            let prefix = |index: u32| Block { target: net(Ipv4Addr::from(index << 8), 24), ..host(0) };
            self.block(&(0..PRESENT).map(prefix).collect::<Vec<_>>());
            let one = |index: u32| {
                let block = prefix(PRESENT + index);
                timed(|| self.block(std::slice::from_ref(&block)))
            };
            let median = median((0..2000).map(one).collect());
            println!("note enforce/one-more-prefix ours {median:?} when {PRESENT} prefixes are in force");
            self.firewall.release().unwrap();
        }
    }

    /// A fail2ban of the machine's own, with its stock nftables action and files in a folder of ours.
    struct Fail2ban {
        server: Child,
        client: Child,
        version: String,
        to: UdpSocket,
    }

    impl Fail2ban {
        fn start(files: &Path) -> Result<Self, String> {
            let version = Command::new("fail2ban-server").arg("--version").output();
            let version = version.map_err(|error| format!("fail2ban-server: {error}"))?;
            let version = String::from_utf8_lossy(&version.stdout).trim().replace("Fail2Ban v", "");
            let folder = files.join("fail2ban");
            configure(&folder).map_err(|error| error.to_string())?;
            let socket = folder.join("socket");
            let server = Command::new("fail2ban-server")
                .arg("-c")
                .arg(&folder)
                .arg("-s")
                .arg(&socket)
                .arg("-p")
                .arg(folder.join("pid"))
                .args(["-f", "start"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .map_err(|error| error.to_string())?;
            // The client's own socket class, in a process that is already running: its start is not the peer's work.
            let script = "import sys\nfrom fail2ban.client.csocket import CSocket\n\
                          for line in sys.stdin: CSocket(sys.argv[1]).send(['set', 'autosec', 'banip', line.strip()])";
            let client = Command::new("python3")
                .args(["-c", script])
                .arg(&socket)
                .env("PYTHONPATH", "/usr/lib/python3/dist-packages")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .map_err(|error| error.to_string())?;
            run(Command::new("ip").args(["route", "add", "local", "10.0.0.0/8", "dev", "lo"]));
            let to = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
            to.set_nonblocking(true).map_err(|error| error.to_string())?;
            let peer = Self { server, client, version, to };
            let ready = Instant::now();
            while !socket.exists() {
                if ready.elapsed() > Duration::from_secs(20) {
                    return Err("fail2ban-server does not start".to_owned());
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            // The socket is there before the jail.
            std::thread::sleep(Duration::from_secs(3));
            Ok(peer)
        }

        /// How long from asking for a ban until the address's packets are dropped.
        fn ban(&mut self, index: u32) -> Duration {
            let source = UdpSocket::bind((address(index), 0)).unwrap();
            assert!(self.hears(&source), "{} before the ban", address(index));
            let asked = Instant::now();
            writeln!(self.client.stdin.as_mut().unwrap(), "{}", address(index)).unwrap();
            while self.hears(&source) {
                assert!(
                    asked.elapsed() < Duration::from_secs(30),
                    "fail2ban does not ban {}",
                    address(index)
                );
                std::thread::sleep(Duration::from_micros(50));
            }
            asked.elapsed()
        }

        fn hears(&self, source: &UdpSocket) -> bool {
            // A rejected packet comes back as an error of a later send.
            let sent = source.send_to(b"packet", self.to.local_addr().unwrap());
            // Loopback delivers within the send.
            sent.is_ok() && self.to.recv(&mut [0; 16]).is_ok()
        }
    }

    impl Drop for Fail2ban {
        fn drop(&mut self) {
            for process in [&mut self.client, &mut self.server] {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }

    fn configure(folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        for part in ["action.d", "filter.d"] {
            std::os::unix::fs::symlink(Path::new("/etc/fail2ban").join(part), folder.join(part))?;
        }
        let log = folder.join("log");
        fs::write(&log, "")?;
        let main = format!(
            "[Definition]\nloglevel = INFO\nlogtarget = {}\nsyslogsocket = auto\nsocket = {}\npidfile = {}\n\
             dbfile = None\ndbpurgeage = 1d\ndbmaxmatches = 10\n",
            folder.join("server.log").display(),
            folder.join("socket").display(),
            folder.join("pid").display()
        );
        fs::write(folder.join("fail2ban.conf"), main)?;
        let jail = format!(
            "[DEFAULT]\n[autosec]\nenabled = true\nfilter = sshd\nbackend = polling\nlogpath = {}\n\
             ignoreself = false\nignoreip =\nusedns = no\nmaxretry = 5\nfindtime = 600\nbantime = 3600\n\
             action = nftables-allports[name=autosec, protocol=udp]\n",
            log.display()
        );
        fs::write(folder.join("jail.conf"), jail)
    }

    pub fn address(index: u32) -> Ipv4Addr {
        Ipv4Addr::from(0x0A00_0000 + index)
    }

    pub fn net(address: Ipv4Addr, length: u8) -> IpNet {
        IpNet::new(IpAddr::V4(address), length).unwrap().trunc()
    }

    pub fn host(index: u32) -> Block {
        let ttl = Some(Duration::from_secs(3600));
        Block { target: net(address(index), 32), ttl, reason: REASON.to_owned() }
    }

    fn element(index: u32) -> String {
        format!("{} timeout 1h comment \"autosec:{REASON}\"", address(index))
    }

    /// One statement that adds hosts; with `table` also what it needs.
    fn statement(table: &str, set: &str, hosts: std::ops::Range<u32>, declare: bool) -> String {
        let mut text = String::new();
        if declare {
            let _ = writeln!(text, "add table inet {table}");
            let _ = writeln!(text, "add set inet {table} {set} {{ type ipv4_addr; flags timeout; }}");
        }
        let elements: Vec<String> =
            hosts.map(|index| if declare { element(index) } else { address(index).to_string() }).collect();
        let _ = writeln!(text, "add element inet {table} {set} {{ {} }}", elements.join(", "));
        text
    }

    pub fn run(command: &mut Command) {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn timed(act: impl FnOnce()) -> Duration {
        let start = Instant::now();
        act();
        start.elapsed()
    }

    pub fn median(mut times: Vec<Duration>) -> Duration {
        times.sort();
        times[times.len() / 2]
    }

    pub fn ratio(theirs: Duration, ours: Duration) -> f64 {
        theirs.as_secs_f64() / ours.as_secs_f64()
    }

    fn bar(name: &str, measured: f64, unit: &str, relation: &str, bound: f64) {
        let holds = if relation == ">=" { measured >= bound } else { measured <= bound };
        let verdict = if holds { "ok" } else { "missed" };
        println!("bar enforce/{name} measured {measured:.3} {unit} asks {relation}{bound} {verdict}");
    }
}
