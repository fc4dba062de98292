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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};

    use async_trait::async_trait;

    use super::*;

    /// Answers with what it is told to, and keeps what it was asked.
    #[derive(Debug)]
    struct Recorded {
        answers: Mutex<Vec<io::Result<Finished>>>,
        asked: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl CommandRunner for Recorded {
        async fn run(&self, program: &str, arguments: &[&str]) -> io::Result<Finished> {
            self.asked.lock().unwrap().push(format!("{program} {}", arguments.join(" ")));
            self.answers.lock().unwrap().remove(0)
        }
    }

    fn recorded(answers: Vec<io::Result<Finished>>) -> Recorded {
        Recorded { answers: Mutex::new(answers), asked: Mutex::default() }
    }

    fn ended(status: i32, errors: &str) -> io::Result<Finished> {
        Ok(Finished::new(Some(status), "", errors))
    }

    fn now<T>(call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("a recording does not wait"),
        }
    }

    const ABSENT: &str = "iptables: Bad rule (does a matching rule exist in that chain?).";

    #[test]
    fn a_rule_is_put_in_where_it_is_not() {
        let config = IpsetConfig::default();
        let commands = recorded(vec![ended(1, ABSENT), ended(0, ""), ended(0, "")]);
        let rules = Rules { commands: &commands, config: &config };
        now(rules.declare(Family::V4)).unwrap();
        now(rules.declare(Family::V6)).unwrap();
        let rule =
            |set: &str| format!("! -i lo -m set --match-set {set} src -m comment --comment autosec -j DROP");
        let asked = commands.asked.lock().unwrap().clone();
        let expected = [
            format!("iptables -w 2 -t raw -C PREROUTING {}", rule("autosec_v4")),
            format!("iptables -w 2 -t raw -I PREROUTING {}", rule("autosec_v4")),
            format!("ip6tables -w 2 -t raw -C PREROUTING {}", rule("autosec_v6")),
        ];
        assert_eq!(asked, expected);
    }

    #[test]
    fn every_copy_is_deleted() {
        let config = IpsetConfig::default();
        let commands = recorded(vec![ended(0, ""), ended(0, ""), ended(1, ABSENT)]);
        now(Rules { commands: &commands, config: &config }.delete(Family::V4)).unwrap();
        assert!(commands.asked.lock().unwrap().iter().all(|asked| asked.contains(" -D PREROUTING ")));
        let gone = "iptables v1.8.9 (legacy): Set autosec_v4 doesn't exist.\n\nTry `iptables -h' for help.";
        let commands = recorded(vec![ended(2, gone)]);
        now(Rules { commands: &commands, config: &config }.delete(Family::V4)).unwrap();
    }

    #[test]
    fn every_answer_of_the_program_is_an_error_that_says_what_to_do() {
        let config = IpsetConfig::default();
        let inserted = |answer| {
            let commands = recorded(vec![ended(1, ABSENT), answer]);
            now(Rules { commands: &commands, config: &config }.declare(Family::V6)).unwrap_err()
        };
        let lock = "Another app is currently holding the xtables lock. Stopped waiting after 2s.";
        let root = "Fatal: can't open lock file /run/xtables.lock: Permission denied";
        let rights = "ip6tables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied \
                      (you must be root)";
        let table = "modprobe: FATAL: Module ip6_tables not found\nip6tables v1.8.9 (legacy): can't initialize \
                     ip6tables table `raw': Table does not exist (do you need to insmod?)";
        let set = "ip6tables v1.8.9 (legacy): Set autosec_v6 doesn't exist.\n\nTry `ip6tables -h' for help.";
        for (error, text) in [
            (
                inserted(ended(4, lock)),
                "firewall `ipset` wants to be asked again in 1s: `ip6tables`: Another app",
            ),
            (
                inserted(ended(4, root)),
                "firewall `ipset` needs more rights: `ip6tables`: Fatal: can't open lock",
            ),
            (inserted(ended(4, rights)), "firewall `ipset` needs more rights: `ip6tables`: ip6tables v1.8.9"),
            (inserted(ended(3, table)), "firewall `ipset` is not available: `ip6tables`: modprobe: FATAL"),
            (
                inserted(ended(1, "ip6tables: No chain/target/match by that name.")),
                "firewall `ipset` is not available: `ip6tables`: ip6tables: No chain/target/match by that name.; \
                 load `xt_set`, `xt_comment` and the table `raw`, or set `ipv6` to false",
            ),
            (
                inserted(ended(2, "ip6tables v1.8.9: Couldn't load match `set':No such file or directory")),
                "firewall `ipset` is not available: `ip6tables`: ip6tables v1.8.9: Couldn't load",
            ),
            (inserted(ended(2, set)), "firewall `ipset` has lost its state: `ip6tables`: ip6tables v1.8.9"),
            (
                inserted(ended(2, "bad argument")),
                "firewall `ipset` rejected the change: `ip6tables`: bad argument",
            ),
            (
                inserted(Ok(Finished::new(None, "", ""))),
                "firewall `ipset` could not be reached: `ip6tables` was ended by a signal",
            ),
            (
                inserted(Err(io::ErrorKind::NotFound.into())),
                "firewall `ipset` is not available: there is no program `ip6tables`: install iptables",
            ),
            (
                inserted(Err(io::ErrorKind::PermissionDenied.into())),
                "firewall `ipset` needs more rights: `ip6tables` may not be run",
            ),
            (inserted(Err(io::ErrorKind::OutOfMemory.into())), "firewall `ipset` could not be reached"),
        ] {
            assert!(error.to_string().starts_with(text), "{error}");
        }
        let long = inserted(ended(2, &"words ".repeat(1_000)));
        assert!(long.to_string().len() < 400, "{long}");
    }
}
