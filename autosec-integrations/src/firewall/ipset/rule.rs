//! The rule that drops what a set holds, one an address family, by `iptables` and `ip6tables`.

use std::io;

use autosec_core::enforce::EnforceError;

use super::config::IpsetConfig;
use super::family::Family;
use crate::transport::{CommandRunner, Finished};

/// How long to leave iptables alone when others hold its lock.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);
/// The most characters of a program's words in an error.
const WORDS: usize = 300;
/// How many rules of ours are deleted before it is given up: there is one, unless somebody doubled it.
const COPIES: usize = 64;

/// Statuses that `iptables` ends with.
const NO_SUCH: i32 = 1;
const MISUSED: i32 = 2;
const NO_RESOURCE: i32 = 4;

/// The rules, by commands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    pub(super) commands: &'a dyn CommandRunner,
    pub(super) config: &'a IpsetConfig,
}

/// What is done with a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Action {
    Check,
    Insert,
    Delete,
}

impl Rules<'_> {
    /// Puts the rule first in its chain, unless it is somewhere in it.
    pub(super) async fn declare(&self, family: Family) -> Result<(), EnforceError> {
        if self.stands(family).await? {
            return Ok(());
        }
        let finished = self.run(family, Action::Insert).await?;
        if finished.is_success() { Ok(()) } else { Err(self.explain(family, &finished)) }
    }

    /// Whether the rule is in its chain.
    pub(super) async fn stands(&self, family: Family) -> Result<bool, EnforceError> {
        self.answer(family, Action::Check).await
    }

    /// Takes the rule out, as often as it is there.
    pub(super) async fn delete(&self, family: Family) -> Result<(), EnforceError> {
        for _ in 0..COPIES {
            if !self.answer(family, Action::Delete).await? {
                break;
            }
        }
        Ok(())
    }

    /// Which `iptables` it is: `iptables v1.8.9 (nf_tables)`, or `(legacy)`, which very old ones leave out.
    pub(super) async fn version(&self, family: Family) -> Result<String, EnforceError> {
        let finished = self.start(family, &["--version"]).await?;
        Ok(brief(&finished.output))
    }

    /// Whether there was such a rule.
    async fn answer(&self, family: Family, action: Action) -> Result<bool, EnforceError> {
        let finished = self.run(family, action).await?;
        match finished.status {
            Some(0) => Ok(true),
            _ if is_absent(&finished) => Ok(false),
            _ => Err(self.explain(family, &finished)),
        }
    }

    async fn run(&self, family: Family, action: Action) -> Result<Finished, EnforceError> {
        let (set, wait) = (family.set(self.config), self.config.lock_wait.to_string());
        self.start(family, &arguments(action, &set, &wait)).await
    }

    async fn start(&self, family: Family, arguments: &[&str]) -> Result<Finished, EnforceError> {
        let program = family.program(self.config);
        self.commands.run(program, arguments).await.map_err(|error| {
            let firewall = self.config.name.clone();
            match error.kind() {
                io::ErrorKind::NotFound => {
                    let reason = format!("there is no program `{program}`: install iptables");
                    EnforceError::Absent { firewall, reason }
                }
                io::ErrorKind::PermissionDenied => {
                    let reason = format!("`{program}` may not be run: {error}");
                    EnforceError::Forbidden { firewall, reason }
                }
                _ => EnforceError::Transport { firewall, reason: format!("`{program}`: {error}") },
            }
        })
    }

    /// What a failure of the program means.
    fn explain(&self, family: Family, finished: &Finished) -> EnforceError {
        let firewall = self.config.name.clone();
        let words = &finished.errors;
        let program = family.program(self.config);
        let reason = format!("`{program}`: {}", brief(words));
        let says = |part: &str| words.contains(part);
        if says("Permission denied") || says("you must be root") || says("Operation not permitted") {
            return EnforceError::Forbidden { firewall, reason: format!("{reason}; it needs CAP_NET_ADMIN") };
        }
        if says("xtables lock") || (finished.status == Some(NO_RESOURCE) && says("temporarily unavailable")) {
            return EnforceError::Busy { firewall, after: RETRY, reason };
        }
        if finished.status == Some(MISUSED) && says("doesn't exist") && says(&family.set(self.config)) {
            return EnforceError::Lost { firewall, reason };
        }
        let lacks =
            ["does not exist", "No chain/target/match by that name", "Couldn't load", "not supported"];
        if lacks.iter().any(|part| says(part)) {
            let hint = match family {
                Family::V4 => "",
                Family::V6 => ", or set `ipv6` to false",
            };
            let reason = format!("{reason}; load `xt_set`, `xt_comment` and the table `raw`{hint}");
            return EnforceError::Absent { firewall, reason };
        }
        match finished.status {
            None => {
                EnforceError::Transport { firewall, reason: format!("`{program}` was ended by a signal") }
            }
            Some(_) => EnforceError::Rejected { firewall, target: None, reason },
        }
    }
}

/// `iptables -w 2 -t raw -C PREROUTING ! -i lo -m set --match-set autosec_v4 src -m comment --comment autosec -j DROP`
///
/// Table raw is before connection tracking, so what is dropped costs no entry there, and its chain sees traffic to the
/// host, to forwarded networks and to containers.
fn arguments<'a>(action: Action, set: &'a str, wait: &'a str) -> [&'a str; 20] {
    let action = match action {
        Action::Check => "-C",
        Action::Insert => "-I",
        Action::Delete => "-D",
    };
    [
        "-w",
        wait,
        "-t",
        "raw",
        action,
        "PREROUTING",
        "!",
        "-i",
        "lo",
        "-m",
        "set",
        "--match-set",
        set,
        "src",
        "-m",
        "comment",
        "--comment",
        "autosec",
        "-j",
        "DROP",
    ]
}

/// Whether a check or a deletion failed because there is no such rule.
fn is_absent(finished: &Finished) -> bool {
    let says = |part: &str| finished.errors.contains(part);
    match finished.status {
        Some(NO_SUCH) => says("Bad rule") || says("does a matching rule exist"),
        // Without the set there can be no rule that looks into it.
        Some(MISUSED) => says("Set ") && says("doesn't exist"),
        _ => false,
    }
}

/// A program's words on one line, cut to what an error can hold.
fn brief(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(WORDS).collect()
}
