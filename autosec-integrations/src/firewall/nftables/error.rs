//! What the kernel's error numbers mean for a caller.

use autosec_core::enforce::EnforceError;
use ipnet::IpNet;
use rustix::io::Errno;

use super::config::NftablesConfig;

/// Why an exchange did not succeed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The kernel said no, and nothing was applied.
    Refused {
        /// Its error number.
        errno: Errno,
        /// The index of the caller's item it objects to, where that is known.
        item: Option<usize>,
    },
    /// The exchange itself broke off: whether it was applied is not known.
    Broken(Errno),
    /// The table is not ours; it was left alone.
    Foreign(Foreign),
}

/// Why a table of our name is not ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Foreign {
    /// It lacks our mark and holds what we did not put there.
    Unmarked,
    /// Another process owns it.
    Owned,
}

impl Foreign {
    pub(super) fn explain(self, config: &NftablesConfig) -> String {
        let table = &config.table;
        let why = match self {
            Self::Unmarked => "holds something else than AutoSec put there",
            Self::Owned => "belongs to another process, which alone may change it",
        };
        format!(
            "table `inet {table}` {why}: give AutoSec a table of its own by another `table` name, or delete that one"
        )
    }
}

impl Failure {
    /// Whether the kernel refused with this number.
    pub(super) fn is(self, wanted: Errno) -> bool {
        matches!(self, Self::Refused { errno, .. } if errno == wanted)
    }

    pub(super) fn explain(self, config: &NftablesConfig, target: Option<IpNet>) -> EnforceError {
        match self {
            Self::Refused { errno, .. } => refused(config, errno, target),
            Self::Broken(errno) => broken(config, errno),
            Self::Foreign(foreign) => rejected(config, &foreign.explain(config)),
        }
    }
}

pub(super) fn lost(config: &NftablesConfig, reason: &str) -> EnforceError {
    EnforceError::Lost { firewall: config.name.clone(), reason: reason.to_owned() }
}

pub(super) fn rejected(config: &NftablesConfig, reason: &str) -> EnforceError {
    EnforceError::Rejected { firewall: config.name.clone(), target: None, reason: reason.to_owned() }
}

fn refused(config: &NftablesConfig, errno: Errno, target: Option<IpNet>) -> EnforceError {
    let (firewall, table) = (config.name.clone(), &config.table);
    let reason = match errno {
        Errno::PERM | Errno::ACCESS => {
            let reason = "nftables needs CAP_NET_ADMIN in this network namespace".to_owned();
            return EnforceError::Forbidden { firewall, reason };
        }
        Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT | Errno::OPNOTSUPP | Errno::SOCKTNOSUPPORT => {
            let reason = format!("this kernel has no nftables, or not all of it is loaded ({errno})");
            return EnforceError::Absent { firewall, reason };
        }
        Errno::NOENT => return lost(config, &format!("table `{table}` or a set of it is gone")),
        Errno::NFILE => "the set is full: raise its capacity, or block wider prefixes".to_owned(),
        Errno::EXIST | Errno::BUSY => format!(
            "table `{table}` holds something else under a name of ours: give AutoSec a table of its own ({errno})"
        ),
        Errno::RESTART => {
            let reason = "others kept changing the ruleset; try again".to_owned();
            return EnforceError::Transport { firewall, reason };
        }
        Errno::NOMEM => "the kernel has no memory for it".to_owned(),
        other => other.to_string(),
    };
    EnforceError::Rejected { firewall, target, reason }
}

fn broken(config: &NftablesConfig, errno: Errno) -> EnforceError {
    let firewall = config.name.clone();
    let reason = match errno {
        Errno::AGAIN => return EnforceError::Timeout { firewall, after: config.timeout },
        Errno::PERM | Errno::ACCESS | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT | Errno::SOCKTNOSUPPORT => {
            return refused(config, errno, None);
        }
        Errno::INTR => "others kept changing the ruleset while it was read; try again".to_owned(),
        Errno::NOBUFS => "more answers than the receive buffer holds; the result is not known".to_owned(),
        Errno::MSGSIZE => {
            let reason = "the batch is longer than the send buffer, whose ceiling only CAP_NET_ADMIN on the host \
                          lifts: send fewer items a call or raise net.core.wmem_max";
            return rejected(config, reason);
        }
        other => other.to_string(),
    };
    EnforceError::Transport { firewall, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_the_kernel_is_an_error_that_says_what_to_do() {
        let config = NftablesConfig::default();
        let item: IpNet = "192.0.2.1/32".parse().unwrap();
        let refused = |errno| Failure::Refused { errno, item: Some(0) }.explain(&config, Some(item));
        let broken = |errno| Failure::Broken(errno).explain(&config, None);
        let cases = [
            (
                broken(Errno::PROTONOSUPPORT),
                "firewall `nftables` is not available: this kernel has no nftables",
                false,
            ),
            (refused(Errno::OPNOTSUPP), "firewall `nftables` is not available", false),
            (
                refused(Errno::PERM),
                "firewall `nftables` needs more rights: nftables needs CAP_NET_ADMIN",
                false,
            ),
            (refused(Errno::NOENT), "firewall `nftables` has lost its state", true),
            (
                refused(Errno::NFILE),
                "firewall `nftables` rejected the change at `192.0.2.1/32`: the set is full",
                false,
            ),
            (refused(Errno::INVAL), "firewall `nftables` rejected the change at `192.0.2.1/32`", false),
            (refused(Errno::RESTART), "firewall `nftables` could not be reached: others kept changing", true),
            (broken(Errno::AGAIN), "firewall `nftables` did not answer within 5s", true),
            (broken(Errno::NOBUFS), "firewall `nftables` could not be reached", true),
            (broken(Errno::MSGSIZE), "firewall `nftables` rejected the change: the batch is longer", false),
        ];
        for (error, words, transient) in cases {
            assert!(error.to_string().starts_with(words), "{error}");
            assert_eq!(error.is_transient(), transient, "{error}");
        }
        assert!(matches!(broken(Errno::PROTONOSUPPORT), EnforceError::Absent { .. }));
    }
}
