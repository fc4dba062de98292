//! Two joined network namespaces, for the nftables adapter to stand between real packets.

use std::io::Write;
use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};

use crate::namespace::Namespace;

pub const SERVER: [&str; 2] = ["198.51.100.1", "2001:db8::1"];
/// Every address of these is the client's.
const CLIENTS: [&str; 4] = ["203.0.113.0/24", "198.18.0.0/16", "2001:db8:1::/48", "2001:db8:2::/48"];
const PORT: u16 = 9000;

/// A client and a server joined by a link; the adapter acts in the server.
pub struct Lab {
    pub client: Namespace,
    pub server: Namespace,
    heard: [UdpSocket; 2],
}

impl Lab {
    /// `None`, said aloud, where this machine cannot have one; in CI that is a failure.
    pub fn new() -> Option<Self> {
        match Self::make() {
            Ok(lab) => Some(lab),
            Err(why) => {
                // Not `eprintln!`, which the test harness hides.
                let _ = writeln!(std::io::stderr(), "\nskipped: nftables real packets: {why}");
                assert!(std::env::var_os("CI").is_none(), "in CI nothing may be skipped: {why}");
                None
            }
        }
    }

    fn make() -> Result<Self, String> {
        let (client, server) = (Namespace::new("c")?, Namespace::new("s")?);
        server.shell("nft list ruleset")?;
        for namespace in [&client, &server] {
            // Else IPv6 waits a second for neighbours that might have the same addresses.
            namespace.shell("echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad")?;
        }
        client.shell(&format!(
            "ip link add near0 type veth peer name far0 netns {}\n\
             ip address add 198.51.100.2/24 dev near0\n\
             ip address add 2001:db8::2/64 dev near0 nodad\n\
             echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind\n\
             ip link set near0 up",
            server.name()
        ))?;
        server.shell(
            "ip address add 198.51.100.1/24 dev far0\n\
             ip address add 2001:db8::1/64 dev far0 nodad\n\
             ip link set far0 up",
        )?;
        for network in CLIENTS {
            let (flag, gateway) =
                if network.contains(':') { ("-6", "2001:db8::2") } else { ("-4", "198.51.100.2") };
            client.shell(&format!("ip {flag} route add local {network} dev lo"))?;
            server.shell(&format!("ip {flag} route add {network} via {gateway}"))?;
        }
        let heard = server.inside(|| SERVER.map(|address| udp(address.parse().unwrap(), PORT)));
        let lab = Self { client, server, heard };
        // The neighbours are resolved with the first packets.
        let ready = Instant::now();
        while !lab.arrives("203.0.113.250") || !lab.arrives("2001:db8:1:ffff::1") {
            if ready.elapsed() > Duration::from_secs(5) {
                return Err("no packet crosses a fresh pair of namespaces".to_owned());
            }
        }
        Ok(lab)
    }

    pub fn firewall(&self, config: NftablesConfig) -> Nftables {
        self.server.inside(|| Nftables::open(config)).unwrap()
    }

    pub fn nft(&self, arguments: &str) -> String {
        self.server.shell(&format!("nft {arguments}")).unwrap()
    }

    /// Whether a packet from `source` arrives at the server.
    pub fn arrives(&self, source: &str) -> bool {
        self.arrivals(&[source.parse().unwrap()]) == [true]
    }

    /// Which of the packets, one from each source, arrive.
    pub fn arrivals(&self, sources: &[IpAddr]) -> Vec<bool> {
        let nonce = Instant::now();
        let nonce = format!("{nonce:?}");
        self.client.inside(|| {
            for (index, source) in sources.iter().enumerate() {
                let to: IpAddr = SERVER[usize::from(source.is_ipv6())].parse().unwrap();
                let message = format!("{index} {nonce}");
                udp(*source, 0).send_to(message.as_bytes(), (to, PORT)).unwrap();
            }
        });
        let mut arrived = vec![false; sources.len()];
        let mut bytes = [0; 512];
        for (socket, ipv6) in self.heard.iter().zip([false, true]) {
            if !sources.iter().any(|source| source.is_ipv6() == ipv6) {
                continue;
            }
            // A veth hands a packet over within the sender's call; the wait is for those a busy machine defers.
            socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            while let Ok(length) = socket.recv(&mut bytes) {
                let text = std::str::from_utf8(&bytes[..length]).unwrap();
                let (index, of) = text.split_once(' ').unwrap();
                if of == nonce {
                    arrived[index.parse::<usize>().unwrap()] = true;
                }
            }
        }
        arrived
    }
}

fn udp(address: IpAddr, port: u16) -> UdpSocket {
    UdpSocket::bind((address, port)).unwrap_or_else(|error| panic!("{address}: {error}"))
}
