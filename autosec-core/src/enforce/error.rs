use std::time::Duration;

use ipnet::IpNet;

use crate::time::Timestamp;

/// A call to a firewall that as a whole did not succeed.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::enforce::EnforceError;
///
/// let slow = EnforceError::Timeout { firewall: "edge".into(), after: Duration::from_secs(5) };
/// assert!(slow.is_transient());
/// assert_eq!(slow.to_string(), "firewall `edge` did not answer within 5s");
///
/// let reason = "it needs CAP_NET_ADMIN".to_owned();
/// assert!(!EnforceError::Forbidden { firewall: "edge".into(), reason }.is_transient());
/// ```
///
/// An integration chooses the variant by what helps: transient ones are tried again within the call,
/// [`Lost`](Self::Lost) makes the enforcer put everything back, [`Rejected`](Self::Rejected) with a target makes it send the
/// rest without that item.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnforceError {
    /// It is not there, or this machine has no support for it.
    #[error("firewall `{firewall}` is not available: {reason}")]
    Absent {
        /// The firewall's name.
        firewall: String,
        /// What is missing, and what to do.
        reason: String,
    },
    /// The integration itself failed: it panicked.
    #[error(
        "firewall `{firewall}` is broken: its integration panicked; see the host's standard error for where"
    )]
    Broken {
        /// The firewall's name.
        firewall: String,
    },
    /// A comparison found so large a difference that a person should look first; the rest of it went ahead.
    #[error(
        "firewall `{firewall}` holds {held} blocks, and {add} more and {remove} fewer are wanted: nothing of that was \
         done, see `enforcement.sync_guard`"
    )]
    Held {
        /// The firewall's name.
        firewall: String,
        /// How many blocks it holds.
        held: usize,
        /// How many would have been added; 0 if those went ahead.
        add: usize,
        /// How many would have been removed; 0 if those went ahead.
        remove: usize,
    },
    /// It answered that it has enough to do.
    #[error("firewall `{firewall}` wants to be asked again in {after:?}: {reason}")]
    Busy {
        /// The firewall's name.
        firewall: String,
        /// When it wants to be asked again.
        after: Duration,
        /// Its words.
        reason: String,
    },
    /// The host lacks the rights.
    #[error("firewall `{firewall}` needs more rights: {reason}")]
    Forbidden {
        /// The firewall's name.
        firewall: String,
        /// Which right, and how to give it.
        reason: String,
    },
    /// What AutoSec had put there is gone: everything must be put back.
    #[error("firewall `{firewall}` has lost its state: {reason}")]
    Lost {
        /// The firewall's name.
        firewall: String,
        /// What is gone.
        reason: String,
    },
    /// It failed so often in a row that it is left alone for a while; what it owes waits.
    #[error("firewall `{firewall}` is left alone until {until}: it failed too often in a row")]
    Resting {
        /// The firewall's name.
        firewall: String,
        /// When it is tried again, by the host's clock.
        until: Timestamp,
    },
    /// It did not answer in time.
    #[error("firewall `{firewall}` did not answer within {after:?}")]
    Timeout {
        /// The firewall's name.
        firewall: String,
        /// The time it was given.
        after: Duration,
    },
    /// It could not be reached, or the exchange broke off.
    #[error("firewall `{firewall}` could not be reached: {reason}")]
    Transport {
        /// The firewall's name.
        firewall: String,
        /// What happened.
        reason: String,
    },
    /// It answered, and refused the whole change.
    #[error("firewall `{firewall}` rejected the change{}: {reason}", item(.target))]
    Rejected {
        /// The firewall's name.
        firewall: String,
        /// The item it objects to, where it says so.
        target: Option<IpNet>,
        /// Its words.
        reason: String,
    },
}

fn item(target: &Option<IpNet>) -> String {
    target.map_or_else(String::new, |target| format!(" at `{target}`"))
}

impl EnforceError {
    /// Whether trying the same again later can succeed without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Timeout { .. } | Self::Transport { .. })
    }

    /// Whether it is the firewall's own answer, so that it is well enough to be asked.
    pub(super) fn is_an_answer(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Lost { .. } | Self::Rejected { .. })
    }
}
