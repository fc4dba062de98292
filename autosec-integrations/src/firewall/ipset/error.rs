//! What the kernel's error codes mean for a caller.

use autosec_core::enforce::EnforceError;
use rustix::io::Errno;

use super::config::IpsetConfig;

/// The codes that something is done about here, as the kernel numbers them: those up to 4095 are the system's, those
/// from 4096 on ipset's.
pub(super) const ABSENT: i32 = 2;
const NOT_PERMITTED: i32 = 1;
const NO_MEMORY: i32 = 12;
const TAKEN: i32 = 17;
const INVALID: i32 = 22;
const NOT_SUPPORTED: i32 = 95;
const PROTOCOL: i32 = 4097;
const KIND: i32 = 4098;
const TOO_MANY_SETS: i32 = 4099;
pub(super) const IN_USE: i32 = 4100;
pub(super) const EXISTS: i32 = 4103;
const LENGTH: i32 = 4104;
const FAMILY: i32 = 4106;
const NO_TIMES: i32 = 4107;
const REFERENCED: i32 = 4108;
const NO_COMMENTS: i32 = 4112;
const FULL: i32 = 4352;

/// Why an exchange did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The kernel said no.
    Refused {
        /// Its code, without the sign.
        code: i32,
        /// Which of the message's entries it objects to, where it says so; those before it are applied.
        entry: Option<usize>,
    },
    /// The exchange itself broke off: whether it was applied is not known.
    Broken(Errno),
    /// This kernel lacks something; it is said what.
    Lacking(&'static str),
    /// A set of our name is not ours; it was left alone.
    Foreign {
        /// Its name.
        set: String,
    },
}

impl Failure {
    /// Whether the kernel refused with this code.
    pub(super) fn is(&self, wanted: i32) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == wanted)
    }

    pub(super) fn explain(&self, config: &IpsetConfig) -> EnforceError {
        let firewall = config.name.clone();
        match self {
            Self::Refused { code, .. } => refused(config, *code),
            Self::Broken(errno) => broken(config, *errno),
            Self::Lacking(what) => EnforceError::Absent { firewall, reason: (*what).to_owned() },
            Self::Foreign { set } => rejected(config, foreign(set)),
        }
    }
}

pub(super) fn lost(config: &IpsetConfig, reason: String) -> EnforceError {
    EnforceError::Lost { firewall: config.name.clone(), reason }
}

pub(super) fn rejected(config: &IpsetConfig, reason: impl Into<String>) -> EnforceError {
    EnforceError::Rejected { firewall: config.name.clone(), target: None, reason: reason.into() }
}

/// What is to be done about a set of our name that is not ours.
pub(super) fn foreign(set: &str) -> String {
    format!(
        "set `{set}` holds something else than AutoSec put there: give AutoSec sets of its own by another `set` \
         name, or destroy that one"
    )
}

/// What a code says, in words.
pub(super) fn words(code: i32) -> String {
    let words = match code {
        ABSENT => "the set is gone",
        NO_MEMORY => "the kernel has no memory for it",
        TAKEN => "a set of that name is there already, and made otherwise",
        INVALID => "the kernel did not understand the request, or has no ipset",
        PROTOCOL => "the kernel did not understand the entry",
        KIND => "this kernel has no sets of kind `hash:net`",
        TOO_MANY_SETS => "the kernel holds as many sets as it can",
        IN_USE | REFERENCED => "the set is in use by a rule that is not AutoSec's, or is being listed",
        EXISTS => "the entry is there already, or is not there",
        LENGTH => "a set holds no prefix of this length",
        FAMILY => "the address is of another family than the set",
        NO_TIMES => "the set keeps no times",
        NO_COMMENTS => "the set keeps no comments",
        FULL => "the set is full: raise `capacity` and release the sets, or block wider prefixes",
        _ => return format!("the kernel refused it with code -{code}"),
    };
    format!("{words} (-{code})")
}

fn refused(config: &IpsetConfig, code: i32) -> EnforceError {
    let firewall = config.name.clone();
    match code {
        NOT_PERMITTED => {
            let reason = "ipset needs CAP_NET_ADMIN in this network namespace".to_owned();
            EnforceError::Forbidden { firewall, reason }
        }
        INVALID | KIND | NOT_SUPPORTED => EnforceError::Absent { firewall, reason: words(code) },
        ABSENT => lost(config, words(code)),
        IN_USE => EnforceError::Transport { firewall, reason: words(code) },
        code => rejected(config, words(code)),
    }
}

fn broken(config: &IpsetConfig, errno: Errno) -> EnforceError {
    let firewall = config.name.clone();
    match errno {
        Errno::AGAIN => EnforceError::Timeout { firewall, after: config.timeout },
        Errno::PERM | Errno::ACCESS => refused(config, NOT_PERMITTED),
        Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT | Errno::SOCKTNOSUPPORT => {
            let reason = format!("this kernel has no netfilter sockets ({errno})");
            EnforceError::Absent { firewall, reason }
        }
        other => EnforceError::Transport { firewall, reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_an_error_that_says_what_to_do() {
        let config = IpsetConfig::default();
        let refused = |code| Failure::Refused { code, entry: None }.explain(&config);
        for (code, text, transient) in [
            (1, "firewall `ipset` needs more rights: ipset needs CAP_NET_ADMIN in this network", false),
            (2, "firewall `ipset` has lost its state: the set is gone (-2)", true),
            (12, "firewall `ipset` rejected the change: the kernel has no memory for it (-12)", false),
            (17, "firewall `ipset` rejected the change: a set of that name is there already", false),
            (22, "firewall `ipset` is not available: the kernel did not understand the request", false),
            (95, "firewall `ipset` is not available: the kernel refused it with code -95", false),
            (4097, "firewall `ipset` rejected the change: the kernel did not understand the entry", false),
            (4098, "firewall `ipset` is not available: this kernel has no sets of kind `hash:net`", false),
            (4099, "firewall `ipset` rejected the change: the kernel holds as many sets", false),
            (4100, "firewall `ipset` could not be reached: the set is in use by a rule", true),
            (4103, "firewall `ipset` rejected the change: the entry is there already", false),
            (4104, "firewall `ipset` rejected the change: a set holds no prefix of this length", false),
            (4106, "firewall `ipset` rejected the change: the address is of another family", false),
            (4107, "firewall `ipset` rejected the change: the set keeps no times (-4107)", false),
            (4108, "firewall `ipset` rejected the change: the set is in use by a rule", false),
            (4112, "firewall `ipset` rejected the change: the set keeps no comments (-4112)", false),
            (4352, "firewall `ipset` rejected the change: the set is full: raise `capacity`", false),
            (9999, "firewall `ipset` rejected the change: the kernel refused it with code -9999", false),
        ] {
            let error = refused(code);
            assert!(error.to_string().starts_with(text), "{error}");
            assert_eq!(error.is_transient(), transient, "{error}");
        }
    }

    #[test]
    fn a_broken_exchange_says_how() {
        let config = IpsetConfig::default();
        let broken = |errno| Failure::Broken(errno).explain(&config);
        for (error, text, transient) in [
            (broken(Errno::AGAIN), "firewall `ipset` did not answer within 5s", true),
            (broken(Errno::PERM), "firewall `ipset` needs more rights", false),
            (broken(Errno::PROTONOSUPPORT), "firewall `ipset` is not available: this kernel has", false),
            (broken(Errno::NOBUFS), "firewall `ipset` could not be reached", true),
            (
                Failure::Lacking("no IPv6").explain(&config),
                "firewall `ipset` is not available: no IPv6",
                false,
            ),
            (
                Failure::Foreign { set: "autosec_v4".to_owned() }.explain(&config),
                "firewall `ipset` rejected the change: set `autosec_v4` holds something else than AutoSec",
                false,
            ),
        ] {
            assert!(error.to_string().starts_with(text), "{error}");
            assert_eq!(error.is_transient(), transient, "{error}");
        }
    }
}
