//! The prefixes: made up, and the Internet's own.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ipnet::{Ipv4Net, Ipv6Net};

use crate::random::Random;

/// IPv4 prefixes with a value each.
pub(super) type V4 = Vec<(Ipv4Net, u32)>;
/// IPv6 prefixes with a value each.
pub(super) type V6 = Vec<(Ipv6Net, u32)>;

/// As blocklists are: nine of ten are single addresses, the others from /16 to /24. Every value is another.
pub(super) fn blocklist(count: usize, random: &mut Random) -> V4 {
    distinct(count, || {
        let lengths = [16, 17, 18, 19, 20, 21, 22, 23, 24];
        let length = if random.below(10) < 9 { 32 } else { pick(&lengths, random) };
        Ipv4Net::new(random.below(u32::MAX).into(), length).expect("a length of an IPv4 prefix").trunc()
    })
}

/// As lists of IPv6 clients are: 70 % /64, 20 % /48, 10 % single addresses, in four thousand /32s.
pub(super) fn clients(count: usize, random: &mut Random) -> V6 {
    distinct(count, || {
        let length = pick(&[64, 64, 64, 64, 64, 64, 64, 48, 48, 128], random);
        let provider = 0x2400_0000 + random.below(4_000) * 0x1_0003;
        let address = u128::from(provider) << 96 | below_provider(random);
        Ipv6Net::new(address.into(), length).expect("a length of an IPv6 prefix").trunc()
    })
}

/// 96 bits of an address.
pub(super) fn below_provider(random: &mut Random) -> u128 {
    (0..3).fold(0, |bits, _| bits << 32 | u128::from(random.below(u32::MAX)))
}

fn distinct<N: Copy + Eq + std::hash::Hash>(count: usize, mut make: impl FnMut() -> N) -> Vec<(N, u32)> {
    let mut seen = HashSet::with_capacity(count);
    std::iter::repeat_with(|| make()).filter(|network| seen.insert(*network)).zip(0..).take(count).collect()
}

/// The routing table that iptrie carries for its own benches, shuffled; the values are AS numbers.
pub(super) fn bgp(random: &mut Random) -> Result<(V4, V6), String> {
    let path = iptrie()?.join("benches/bgpas.lpm");
    let text = fs::read_to_string(&path).map_err(|error| format!("no routing table: {error}"))?;
    let (mut v4, mut v6) = (V4::new(), V6::new());
    for line in text.lines() {
        let (prefix, number) =
            line.split_once(' ').ok_or_else(|| format!("`{line}` is no prefix and number"))?;
        let number = number.trim().parse().map_err(|error| format!("`{line}`: {error}"))?;
        match prefix.parse::<ipnet::IpNet>() {
            Ok(ipnet::IpNet::V4(net)) => v4.push((net.trunc(), number)),
            Ok(ipnet::IpNet::V6(net)) => v6.push((net.trunc(), number)),
            Err(error) => return Err(format!("`{line}`: {error}")),
        }
    }
    shuffle(&mut v4, random);
    shuffle(&mut v6, random);
    Ok((v4, v6))
}

/// The folder in which cargo keeps the source of iptrie.
fn iptrie() -> Result<PathBuf, String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(manifest)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata.get("packages").and_then(|packages| packages.as_array());
    let manifest = packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").is_some_and(|name| name == "iptrie"))
        .and_then(|package| package.get("manifest_path")?.as_str());
    let folder = manifest.and_then(|path| Path::new(path).parent());
    folder.map(Path::to_owned).ok_or_else(|| "cargo metadata does not name iptrie".to_owned())
}

fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for last in (1..items.len()).rev() {
        let bound = u32::try_from(last + 1).expect("a list of a few million");
        items.swap(last, random.below(bound) as usize);
    }
}

/// One of some.
pub(super) fn pick<T: Copy>(items: &[T], random: &mut Random) -> T {
    let bound = u32::try_from(items.len()).expect("a list of a few million");
    *items.get(random.below(bound) as usize).expect("a list that is not empty")
}
