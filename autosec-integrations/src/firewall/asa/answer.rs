//! What is answered, read.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::command::{GroupName, MARK};

/// The longest text of a device that goes into an error, in characters.
const WORDS_LIMIT: usize = 200;

/// What the answer to a change says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Reaction {
    /// Nothing but what is known to be good.
    Smooth,
    /// Something else: whether the change was made has to be looked up.
    Odd(String),
    /// Another one configures it at the moment.
    Busy(String),
    /// The user may not do this.
    Forbidden(String),
    /// It is the standby unit of a pair.
    Standby,
}

/// What changing items made the device say.
pub(super) fn reaction(answer: &str) -> Reaction {
    let mut odd: Vec<&str> = Vec::new();
    for line in answer.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line {
            _ if line.contains("Configuration Replication is NOT performed") => return Reaction::Standby,
            _ if line.contains("ommand authorization failed") => return Reaction::Forbidden(words(line)),
            _ if line.contains("Command Ignored, Configuration in progress") => {
                return Reaction::Busy(words(line));
            }
            // The caret shows where in the line above, which is not here.
            "^" => {}
            _ if is_good(line) => {}
            // A reason may take two lines.
            _ if odd.len() < 2 => odd.push(line),
            _ => {}
        }
    }
    odd.dedup();
    if odd.is_empty() { Reaction::Smooth } else { Reaction::Odd(words(&odd.join(" "))) }
}

fn is_good(line: &str) -> bool {
    let begins = ["WARNING:", "INFO:", "%ASA-"].iter().any(|start| line.starts_with(start));
    begins
        || line.ends_with("failed; object already exists")
        || line == "obj does not exist in this group"
        || line.ends_with("connection(s) deleted.")
        || (line.starts_with("Shun ")
            && (line.ends_with(" successful") || line.contains(" added in context")))
}

/// Whether the configuration was saved.
pub(super) fn is_saved(answer: &str) -> bool {
    answer.lines().any(|line| line.trim() == "[OK]")
}

/// Text of a device, fit for an error.
pub(super) fn words(text: &str) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(WORDS_LIMIT).collect()
}

/// The addresses that `show shun` lists, or the line that is not understood.
///
/// A line is `Shun 192.0.2.1 0.0.0.0 0 0`, with the interface in brackets before the address on some versions.
pub(super) fn shuns(answer: &str) -> Result<BTreeSet<IpNet>, String> {
    let mut listed = BTreeSet::new();
    for line in answer.lines().map(str::trim) {
        let mut parts = line.split_ascii_whitespace();
        match parts.next() {
            Some(first) if first.eq_ignore_ascii_case("shun") => {
                let address: Option<IpAddr> =
                    parts.find(|part| !part.starts_with('(')).and_then(|part| part.parse().ok());
                listed.insert(address.map(IpNet::from).ok_or_else(|| words(line))?);
            }
            Some(_) if is_refusal(line) => return Err(words(line)),
            _ => {}
        }
    }
    Ok(listed)
}

/// A group as it is listed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Group {
    /// Whether its description says that it is AutoSec's.
    pub(super) is_ours: bool,
    /// The addresses and prefixes in it.
    pub(super) members: BTreeSet<IpNet>,
}

/// The group of this name; none if there is no such group, and the line that is not understood.
pub(super) fn group(name: &GroupName, answer: &str) -> Result<Option<Group>, String> {
    let mut found: Option<Group> = None;
    for line in answer.lines().map(str::trim) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, &mut found) {
            ("object-group", None) if rest.trim() == format!("network {name}") => {
                found = Some(Group::default())
            }
            ("object-group", _) => return Err(words(line)),
            ("description", Some(group)) => group.is_ours |= rest.to_ascii_lowercase().contains(MARK),
            // Named objects and nested groups are somebody else's: no block is written like that.
            ("network-object", Some(group)) => group.members.extend(member(rest)),
            // That there is no such group is no failure, however it is said.
            (error, None) if error.starts_with("ERROR") && line.contains("does not exist") => {}
            _ if is_refusal(line) => return Err(words(line)),
            _ => {}
        }
    }
    Ok(found)
}

/// Whether a line in the place of a listing says that there is none: an error, or a page for people.
fn is_refusal(line: &str) -> bool {
    ["ERROR", "%", "<", "Command authorization"].iter().any(|start| line.starts_with(start))
}

/// `host 192.0.2.1`, `192.0.2.0 255.255.255.0` or `2001:db8::/64`.
fn member(text: &str) -> Option<IpNet> {
    let mut parts = text.split_ascii_whitespace();
    match (parts.next()?, parts.next()) {
        ("host", Some(address)) => address.parse::<IpAddr>().map(IpNet::from).ok(),
        (address, Some(mask)) => {
            let net = Ipv4Net::with_netmask(address.parse().ok()?, mask.parse().ok()?).ok()?;
            Some(net.trunc().into())
        }
        (prefix, None) => prefix.parse().map(|net: IpNet| net.trunc()).ok(),
    }
}

/// Whether an access list that denies or permits something names the group.
pub(super) fn is_used(name: &GroupName, answer: &str) -> bool {
    let name = name.to_string();
    let uses = |line: &str| {
        line.starts_with("access-list ") && line.split_ascii_whitespace().any(|word| word == name)
    };
    answer.lines().map(str::trim).any(uses)
}

/// What a unit is in its pair.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Alone,
    Active,
    Standby,
}

/// The role that `show failover` says this unit has. With several failover groups, the first.
pub(super) fn role(answer: &str) -> Role {
    let host = answer.lines().map(str::trim).find(|line| line.starts_with("This host:"));
    match host {
        Some(line) if line.contains("Active") => Role::Active,
        Some(line) if line.contains("Standby") || line.contains("Failed") => Role::Standby,
        _ => Role::Alone,
    }
}

/// How long it has been running, in the words of `show version`.
pub(super) fn uptime(answer: &str) -> Option<String> {
    answer.lines().find_map(|line| {
        let (_, time) = line.split_once(" up ")?;
        time.trim_start().starts_with(|first: char| first.is_ascii_digit()).then(|| words(time))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name() -> GroupName {
        GroupName::new("AUTOSEC_BLOCK").unwrap()
    }

    fn nets(texts: &[&str]) -> BTreeSet<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn reads_shuns_of_every_version() {
        let listed = "Shun 192.0.2.10 0.0.0.0 0 0\nshun (outside) 192.0.2.27 198.51.100.89 555 666 6\n\n";
        assert_eq!(shuns(listed), Ok(nets(&["192.0.2.10/32", "192.0.2.27/32"])));
        assert_eq!(shuns(""), Ok(BTreeSet::new()));
        let odd = "Shun lost";
        assert_eq!(shuns(odd), Err(odd.to_owned()));
        for error in
            ["ERROR: % Invalid input detected at '^' marker.", "<html>", "Command authorization failed"]
        {
            assert_eq!(shuns(error), Err(error.to_owned()));
        }
    }

    #[test]
    fn reads_a_group() {
        let text = "object-group network AUTOSEC_BLOCK\n description AutoSec: hands off\n network-object host 192.0.2.254\n \
                    network-object 203.0.113.0 255.255.255.128\n network-object 2001:db8::/64\n \
                    network-object host 2001:db8::1\n network-object object partner\n group-object others\n";
        let members = nets(&["192.0.2.254/32", "203.0.113.0/25", "2001:db8::/64", "2001:db8::1/128"]);
        assert_eq!(group(&name(), text), Ok(Some(Group { is_ours: true, members })));
        assert_eq!(group(&name(), ""), Ok(None));
        assert_eq!(group(&name(), "ERROR: object-group (AUTOSEC_BLOCK) does not exist"), Ok(None));
        let foreign = group(&name(), "object-group network AUTOSEC_BLOCK\n network-object host 192.0.2.1\n");
        assert!(!foreign.unwrap().unwrap().is_ours);
        for other in [
            "object-group service AUTOSEC_BLOCK tcp",
            "object-group network OTHER",
            "ERROR: % Incomplete command",
        ] {
            assert_eq!(group(&name(), other), Err(other.to_owned()));
        }
    }

    #[test]
    fn tells_what_is_known_to_be_good_from_the_rest() {
        let good = "Adding obj (network-object host 192.0.2.1) to grp (AUTOSEC_BLOCK) failed; object already exists\n\
                    obj does not exist in this group\n3 connection(s) deleted.\nShun 192.0.2.1 successful\n\
                    Shun 192.0.2.1 added in context: single_vf\nWARNING: something\nINFO: else\n";
        assert_eq!(reaction(good), Reaction::Smooth);
        let empty = "Removing obj from object-group not allowed;";
        assert_eq!(reaction(&format!("{good}{empty}\n")), Reaction::Odd(empty.to_owned()));
        let both = format!("{empty}\nobject-group (A), being used in access-list, would become empty\nmore");
        assert!(matches!(reaction(&both), Reaction::Odd(words) if words.ends_with("would become empty")));
        let invalid = "      ^\nERROR: % Invalid input detected at '^' marker.\n";
        assert_eq!(
            reaction(invalid),
            Reaction::Odd("ERROR: % Invalid input detected at '^' marker.".to_owned())
        );
        let standby = "**** WARNING ****\n\tConfiguration Replication is NOT performed from Standby unit to Active unit.";
        assert_eq!(reaction(standby), Reaction::Standby);
        assert!(matches!(reaction("ERROR: Command authorization failed"), Reaction::Forbidden(_)));
        assert!(matches!(reaction("Command Ignored, Configuration in progress..."), Reaction::Busy(_)));
    }

    #[test]
    fn reads_how_the_device_is() {
        assert_eq!(role("Failover Off\n"), Role::Alone);
        assert_eq!(
            role("Failover On\n\tThis host: Primary - Active\n\tOther host: Secondary - Standby Ready"),
            Role::Active
        );
        assert_eq!(role("This host: Secondary - Standby Ready\nOther host: Primary - Active"), Role::Standby);
        assert_eq!(uptime("Cisco\n\nciscoasa up 12 days 3 hours\n"), Some("12 days 3 hours".to_owned()));
        assert_eq!(uptime("Interface is up and running"), None);
        let used = "access-list outside_in extended deny ip object-group AUTOSEC_BLOCK any \n";
        assert!(
            is_used(&name(), used)
                && !is_used(&name(), "access-list a extended deny ip object-group AUTOSEC_BLOCK2 any")
        );
    }

    proptest! {
        #[test]
        fn survives_any_text(text in "(?s).{0,200}") {
            let _ = (reaction(&text), shuns(&text), group(&name(), &text), role(&text), uptime(&text), is_used(&name(), &text));
        }

        #[test]
        fn survives_text_that_looks_right(text in "((Shun|object-group|network-object|host|description|ERROR|[0-9:./]{1,6}|\n) ?){0,30}") {
            let _ = (reaction(&text), shuns(&text), group(&name(), &text));
        }
    }
}
