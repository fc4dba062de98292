use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::PathBuf;

use autosec_core::decision::{Role, Surroundings, Vital};
use ipnet::IpNet;

use super::parse;

/// How much of a file is read: a routing table may be huge, and what matters comes first.
const LIMIT: u64 = 4 << 20;

/// Finds out what a Linux host lives by: its addresses, default gateways and DNS resolvers, and who administers it.
///
/// It reads `/proc/net` and `/etc/resolv.conf`, so it sees the network namespace that the process lives in. Whatever it
/// cannot read it leaves out.
///
/// The administrator is the client of the SSH session that the process was started in, if it was
/// (`SSH_CONNECTION`); others are [named](Self::administrator) by the host. Connections that happen to be open to
/// port 22 do not count: an attacker guessing passwords has one as well.
///
/// ```
/// use autosec_core::decision::{Role, Surroundings};
/// use autosec_core::engine::Engine;
/// use autosec_integrations::host::LinuxHost;
///
/// let host = LinuxHost::new().administrator("198.51.100.7".parse()?);
/// let found = host.look();
/// assert!(found.iter().any(|one| one.role == Role::Administrator && one.network.to_string() == "198.51.100.7/32"));
///
/// let engine = Engine::builder().surroundings(host).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinuxHost {
    root: PathBuf,
    administrators: Vec<IpAddr>,
}

impl Default for LinuxHost {
    fn default() -> Self {
        Self::new()
    }
}

impl LinuxHost {
    /// The host that the process runs on.
    pub fn new() -> Self {
        Self::at("/")
    }

    /// One whose files are below `root`: for a process in a container that sees the host's somewhere else.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), administrators: Vec::new() }
    }

    /// The same with an address somebody administers the host from.
    #[must_use]
    pub fn administrator(mut self, address: IpAddr) -> Self {
        self.administrators.push(address);
        self
    }

    fn read(&self, path: &str) -> String {
        let mut bytes = Vec::new();
        let read = File::open(self.root.join(path)).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
        // What was read before a failure is as good as any.
        let _incomplete = read.is_err();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Surroundings for LinuxHost {
    fn look(&self) -> Vec<Vital> {
        let session = std::env::var("SSH_CONNECTION").ok().and_then(|text| parse::ssh_client(&text));
        let mut found = Vec::new();
        let mut add = |role, addresses: &mut dyn Iterator<Item = IpAddr>| {
            found.extend(addresses.map(|address| Vital { network: IpNet::from(address), role }));
        };
        add(Role::Administrator, &mut self.administrators.iter().copied().chain(session));
        add(Role::Own, &mut parse::ipv4_addresses(&self.read("proc/net/fib_trie")));
        add(Role::Own, &mut parse::ipv6_addresses(&self.read("proc/net/if_inet6")));
        add(Role::Gateway, &mut parse::ipv4_gateways(&self.read("proc/net/route")));
        add(Role::Gateway, &mut parse::ipv6_gateways(&self.read("proc/net/ipv6_route")));
        add(Role::Resolver, &mut parse::resolvers(&self.read("etc/resolv.conf")));
        // Both tables of a trie name the host's addresses.
        found.sort_unstable_by_key(|vital| (vital.network, vital.role));
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_where_it_is_told_and_survives_what_is_missing() {
        let root = std::env::temp_dir().join(format!("autosec-host-{}", std::process::id()));
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::write(root.join("etc/resolv.conf"), b"nameserver 203.0.113.53\n\xff\n").unwrap();
        let found = LinuxHost::at(&root).look();
        let resolver = Vital { network: "203.0.113.53/32".parse().unwrap(), role: Role::Resolver };
        assert!(found.contains(&resolver), "{found:?}");
        assert!(!found.iter().any(|vital| matches!(vital.role, Role::Own | Role::Gateway)));
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn finds_this_machine() {
        let own: Vec<Vital> =
            LinuxHost::new().look().into_iter().filter(|vital| vital.role == Role::Own).collect();
        assert!(own.iter().any(|vital| vital.network.to_string() == "127.0.0.1/32"), "{own:?}");
    }
}
