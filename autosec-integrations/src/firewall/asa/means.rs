//! What a block is on the device: which lines bring it about, and how it is listed.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::answer;
use super::command::{
    self, GroupName, Line, MARK, SHOW_SHUN, add_member, change_members, clear_connections, remove_member,
};
use super::config::{AsaMode, ShunOwner};
use super::trouble::Trouble;

/// What a mode comes to, checked.
#[derive(Clone, Debug)]
pub(super) enum Means {
    Shun(ShunOwner),
    Group { name: GroupName, sentinel: Ipv4Addr },
}

/// What the device holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Held {
    /// What it drops, whoever asked for it.
    pub(super) targets: BTreeSet<IpNet>,
    /// Whether there is a group at all.
    is_there: bool,
    has_sentinel: bool,
}

impl Held {
    /// What [`Means::blocks`] gave for these was carried out.
    pub(super) fn gained(&mut self, new: &[IpNet]) {
        if !new.is_empty() {
            self.targets.extend(new);
            (self.is_there, self.has_sentinel) = (true, true);
        }
    }
}

/// What brings a change about, in this order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Steps {
    pub(super) configure: Vec<Line>,
    pub(super) exec: Vec<Line>,
}

impl Means {
    /// The means of a mode, or what is wrong with it.
    pub(super) fn new(mode: &AsaMode) -> Result<Self, String> {
        match mode {
            AsaMode::Shun { owner } => Ok(Self::Shun(*owner)),
            AsaMode::ObjectGroup { group, sentinel } => {
                let name = GroupName::new(group);
                let wrong = "the name of an object group has to be 1 to 64 letters, digits, `_` and `-`, and begin with another \
                             than `-`";
                Ok(Self::Group { name: name.ok_or(wrong)?, sentinel: *sentinel })
            }
        }
    }

    /// Why the device cannot hold a target, if it cannot.
    pub(super) fn obstacle(&self, target: &IpNet) -> Option<String> {
        let is_host = target.prefix_len() == target.max_prefix_len();
        match self {
            Self::Shun(_) if !is_host || ipv4(target).is_none() => {
                Some("a shun is for a single IPv4 address; an object group takes the others".to_owned())
            }
            Self::Group { .. } if target.prefix_len() == 0 => {
                Some("a group that holds every address would cut the device off".to_owned())
            }
            Self::Group { sentinel, .. } if *target == as_target(*sentinel) => {
                Some("it is the member that keeps the group from being empty".to_owned())
            }
            _ => None,
        }
    }

    /// What lists what is held.
    pub(super) fn listing(&self) -> Line {
        match self {
            Self::Shun(_) => SHOW_SHUN.into(),
            Self::Group { name, .. } => command::show_group(name),
        }
    }

    /// Reads the listing. A group of this name that is somebody else's is an error.
    pub(super) fn read(&self, listing: &str) -> Result<Held, Trouble> {
        match self {
            Self::Shun(_) => {
                let targets = answer::shuns(listing).map_err(unreadable)?;
                Ok(Held { targets, is_there: true, has_sentinel: false })
            }
            Self::Group { name, sentinel } => {
                let Some(group) = answer::group(name, listing).map_err(unreadable)? else {
                    return Ok(Held::default());
                };
                if !group.is_ours {
                    return Err(Trouble::Rejected(format!(
                        "the object group `{name}` is left alone: its description lacks the word `{MARK}`"
                    )));
                }
                let mut targets = group.members;
                let has_sentinel = targets.remove(&as_target(*sentinel));
                Ok(Held { targets, is_there: true, has_sentinel })
            }
        }
    }

    /// What makes it hold `new`, and ends the connections of `unfinished`.
    pub(super) fn blocks(&self, held: &Held, new: &[IpNet], unfinished: &[IpNet]) -> Steps {
        let cleared = unfinished.iter().map(clear_connections);
        match self {
            // A shun drops what comes from the address, and leaves the connection itself to time out.
            Self::Shun(_) => {
                let shunned = new.iter().filter_map(ipv4).map(command::shun);
                Steps { configure: Vec::new(), exec: shunned.chain(cleared).collect() }
            }
            // An access list is asked about the first packet of a connection only.
            Self::Group { .. } => {
                Steps { configure: self.members(held, new.iter().map(add_member)), exec: cleared.collect() }
            }
        }
    }

    /// What makes it hold `targets` no more, whether or not it was listed: a listing may be cut.
    pub(super) fn unblocks(&self, held: &Held, targets: &[IpNet]) -> Steps {
        match self {
            Self::Shun(_) => Steps {
                configure: Vec::new(),
                exec: targets.iter().filter_map(ipv4).map(command::no_shun).collect(),
            },
            Self::Group { .. } if !held.is_there => Steps::default(),
            Self::Group { .. } => {
                Steps { configure: self.members(held, targets.iter().map(remove_member)), exec: Vec::new() }
            }
        }
    }

    fn members(&self, held: &Held, lines: impl Iterator<Item = Line>) -> Vec<Line> {
        let lines: Vec<Line> = lines.collect();
        match self {
            Self::Group { name, sentinel } if !lines.is_empty() => {
                let sentinel = (!held.has_sentinel).then_some(*sentinel);
                change_members(name, !held.is_there, sentinel, lines.into_iter())
            }
            _ => Vec::new(),
        }
    }
}

/// The error behind a listing that is none.
pub(super) fn unreadable(words: String) -> Trouble {
    match answer::reaction(&words) {
        answer::Reaction::Forbidden(words) => Trouble::Forbidden(format!("it answered `{words}`")),
        _ => Trouble::Rejected(format!("it answered `{words}`")),
    }
}

fn as_target(address: Ipv4Addr) -> IpNet {
    IpAddr::from(address).into()
}

fn ipv4(target: &IpNet) -> Option<Ipv4Addr> {
    match target.addr() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn group() -> Means {
        Means::new(&AsaMode::group("AUTOSEC_BLOCK")).unwrap()
    }

    #[test]
    fn makes_a_group_with_its_mark_and_its_permanent_member() {
        let target = net("203.0.113.7/32");
        let steps = group().blocks(&Held::default(), &[target], &[target]);
        let lines: Vec<_> = steps.configure.iter().map(Line::as_str).collect();
        assert_eq!(
            lines,
            [
                "object-group network AUTOSEC_BLOCK",
                "description autosec: its members come and go by themselves",
                "network-object host 192.0.2.254",
                "network-object host 203.0.113.7",
            ]
        );
        let held = group().read("object-group network AUTOSEC_BLOCK\n description autosec\n").unwrap();
        assert_eq!(
            group().unblocks(&held, &[target]).configure.len(),
            3,
            "the permanent member comes back first"
        );
        assert_eq!(group().unblocks(&Held::default(), &[target]), Steps::default());
        assert_eq!(group().blocks(&held, &[], &[]), Steps::default());
    }

    #[test]
    fn knows_what_cannot_be_held() {
        let shun = Means::Shun(ShunOwner::Shared);
        for target in ["203.0.113.0/24", "2001:db8::1/128"] {
            assert!(shun.obstacle(&net(target)).is_some());
            assert_eq!(group().obstacle(&net(target)), None);
        }
        for target in ["0.0.0.0/0", "::/0", "192.0.2.254/32"] {
            assert!(group().obstacle(&net(target)).is_some(), "{target}");
        }
    }

    #[test]
    fn leaves_a_group_of_somebody_else_alone() {
        let foreign =
            "object-group network AUTOSEC_BLOCK\n description partners\n network-object host 203.0.113.7\n";
        assert!(matches!(group().read(foreign), Err(Trouble::Rejected(_))));
    }
}
