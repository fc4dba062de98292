use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

/// The longest line of commands: half of what HAProxy's buffer holds by default.
const LINE_LIMIT: usize = 8_000;

/// A process of HAProxy: its id and when it started.
pub(super) type Process = (String, String);

/// How HAProxy wants a target written.
pub(super) fn pattern(target: &IpNet) -> String {
    let is_host = target.prefix_len() == target.max_prefix_len();
    if is_host { target.addr().to_string() } else { target.to_string() }
}

/// Commands joined to as few lines as hold them.
pub(super) fn lines(commands: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for command in commands {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + command.len() <= LINE_LIMIT => {
                line.push(';');
                line.push_str(&command);
            }
            _ => lines.push(command),
        }
    }
    lines
}

/// What an answer objects to, if anything: adding and deleting answer nothing, and what is deleted may be gone already.
pub(super) fn objection(answer: &str) -> Option<&str> {
    let objects = |line: &&str| !line.is_empty() && *line != "Key not found.";
    answer.lines().map(str::trim).find(objects)
}

/// The process that answered `show info`.
pub(super) fn process(answer: &str) -> Option<Process> {
    let value =
        |key| answer.lines().find_map(|line| line.strip_prefix(key)).map(|text| text.trim().to_owned());
    value("Pid:").zip(value("Start_time_sec:").or_else(|| Some(String::new())))
}

/// The entries that `show acl` lists, and the first line that is none.
pub(super) fn entries(answer: &str) -> Result<BTreeSet<IpNet>, String> {
    let mut entries = BTreeSet::new();
    for line in answer.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let pattern =
            line.strip_prefix("0x").and_then(|line| line.split_once(' ')).map(|(_, pattern)| pattern);
        entries.insert(pattern.and_then(target).ok_or_else(|| line.to_owned())?);
    }
    Ok(entries)
}

/// The number that `prepare acl` gives the new version.
pub(super) fn version(answer: &str) -> Option<u32> {
    answer.trim().strip_prefix("New version created:")?.trim().parse().ok()
}

fn target(pattern: &str) -> Option<IpNet> {
    let pattern = pattern.trim();
    pattern.parse::<IpAddr>().map(IpNet::from).or_else(|_| pattern.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_listed() {
        let listed = entries("0x55d 192.0.2.1\n0x55e 2001:db8::/64\n\n").unwrap();
        let wanted: [IpNet; 2] = ["192.0.2.1/32".parse().unwrap(), "2001:db8::/64".parse().unwrap()];
        assert_eq!(listed, BTreeSet::from(wanted));
        assert_eq!(entries("Unknown ACL identifier."), Err("Unknown ACL identifier.".to_owned()));
        assert_eq!(entries("\n"), Ok(BTreeSet::new()));
    }

    #[test]
    fn joins_commands_within_a_buffer() {
        let lines =
            lines((0..1_000).map(|n| format!("add acl /etc/haproxy/autosec.acl 192.0.2.{}", n % 256)));
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= LINE_LIMIT));
        assert_eq!(lines.iter().map(|line| line.split(';').count()).sum::<usize>(), 1_000);
    }

    #[test]
    fn knows_an_objection() {
        assert_eq!(objection("\n\nKey not found.\n\n"), None);
        assert_eq!(objection("\nPermission denied\n"), Some("Permission denied"));
        assert_eq!(version("New version created: 7\n\n"), Some(7));
        let info = "Name: HAProxy\nPid: 42\nStart_time_sec: 1700000000\n";
        assert_eq!(process(info), Some(("42".to_owned(), "1700000000".to_owned())));
    }
}
