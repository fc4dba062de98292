//! What is typed: fixed words, checked names and addresses, and nothing else.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

/// The longest name of a group.
const NAME_LIMIT: usize = 64;

/// What the description of a group has to hold for the group to be AutoSec's.
pub(super) const MARK: &str = "autosec";

/// A line for the device. It can only be made here, and never holds a line break or a `?`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line(String);

impl Line {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) const fn fixed(words: &'static str) -> Fixed {
        Fixed(words)
    }
}

/// A line without parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed(&'static str);

impl From<Fixed> for Line {
    fn from(Fixed(words): Fixed) -> Self {
        Self(words.to_owned())
    }
}

pub(super) const ENABLE: Fixed = Line::fixed("enable");
pub(super) const PAGER: Fixed = Line::fixed("terminal pager 0");
pub(super) const CONFIGURE: Fixed = Line::fixed("configure terminal");
pub(super) const END: Fixed = Line::fixed("end");
pub(super) const SAVE: Fixed = Line::fixed("write memory");
pub(super) const SHOW_SHUN: Fixed = Line::fixed("show shun");
pub(super) const SHOW_VERSION: Fixed = Line::fixed("show version");
pub(super) const SHOW_FAILOVER: Fixed = Line::fixed("show failover");

/// The name of an object group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct GroupName(String);

impl GroupName {
    /// The name, if it is one that can stand in a command and in a filter of a listing.
    pub(super) fn new(name: &str) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let fits = (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(legal);
        // An option of a command begins with a hyphen.
        (fits && !name.starts_with('-')).then(|| Self(name.to_owned()))
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lists a group with its description.
pub(super) fn show_group(group: &GroupName) -> Line {
    Line(format!("show running-config object-group id {group}"))
}

/// Lists the access lists that use a group.
pub(super) fn show_users(group: &GroupName) -> Line {
    Line(format!("show running-config access-list | include {group}"))
}

/// The lines of a configuration that change members of a group, which is made if it is not there.
pub(super) fn change_members(
    group: &GroupName,
    is_new: bool,
    sentinel: Option<Ipv4Addr>,
    members: impl Iterator<Item = Line>,
) -> Vec<Line> {
    let description =
        is_new.then(|| Line(format!("description {MARK}: its members come and go by themselves")));
    let sentinel = sentinel.map(|sentinel| add_member(&IpNet::from(IpAddr::from(sentinel))));
    let enter = Line(format!("object-group network {group}"));
    [enter].into_iter().chain(description).chain(sentinel).chain(members).collect()
}

pub(super) fn add_member(target: &IpNet) -> Line {
    Line(format!("network-object {}", member(target)))
}

pub(super) fn remove_member(target: &IpNet) -> Line {
    Line(format!("no network-object {}", member(target)))
}

/// A target as a group's member.
fn member(target: &IpNet) -> String {
    let target = target.trunc();
    if target.prefix_len() == target.max_prefix_len() {
        return format!("host {}", target.addr());
    }
    match target {
        IpNet::V4(net) => format!("{} {}", net.network(), net.netmask()),
        IpNet::V6(net) => net.to_string(),
    }
}

pub(super) fn shun(address: Ipv4Addr) -> Line {
    Line(format!("shun {address}"))
}

pub(super) fn no_shun(address: Ipv4Addr) -> Line {
    Line(format!("no shun {address}"))
}

/// Ends the connections through the device that have an end in `target`; those to the device itself stay.
pub(super) fn clear_connections(target: &IpNet) -> Line {
    let (first, last) = (target.network(), target.broadcast());
    if first == last {
        return Line(format!("clear conn address {first}"));
    }
    Line(format!("clear conn address {first}-{last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_every_kind_of_target() {
        let lines = |target: &str| {
            let target: IpNet = target.parse().unwrap();
            [add_member(&target), remove_member(&target), clear_connections(&target)].map(|line| line.0)
        };
        assert_eq!(
            lines("203.0.113.7/32"),
            [
                "network-object host 203.0.113.7",
                "no network-object host 203.0.113.7",
                "clear conn address 203.0.113.7"
            ]
        );
        assert_eq!(
            lines("203.0.113.77/25"),
            [
                "network-object 203.0.113.0 255.255.255.128",
                "no network-object 203.0.113.0 255.255.255.128",
                "clear conn address 203.0.113.0-203.0.113.127"
            ]
        );
        let host = lines("2001:db8::1/128");
        assert_eq!(host[0], "network-object host 2001:db8::1");
        let prefix = lines("2001:db8::/64");
        assert_eq!(prefix[0], "network-object 2001:db8::/64");
        assert_eq!(prefix[2], "clear conn address 2001:db8::-2001:db8::ffff:ffff:ffff:ffff");
    }

    #[test]
    fn takes_names_that_are_names() {
        let long = "x".repeat(65);
        for name in ["", "a b", "a\nreload", "a;b", "a|b", "a.b", "-a", "ä", "a?", &long] {
            assert_eq!(GroupName::new(name), None, "{name:?}");
        }
        assert!(GroupName::new(&long[1..]).is_some() && GroupName::new("AUTOSEC_BLOCK-1").is_some());
    }
}
