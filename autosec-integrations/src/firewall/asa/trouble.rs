use std::io;
use std::time::Duration;

use autosec_core::enforce::EnforceError;

use crate::transport::is_final;

/// What stands in the way of a call, before it is known of which firewall.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    Absent(String),
    Busy(Duration, String),
    Forbidden(String),
    Lost(String),
    Rejected(String),
    Transport(String),
}

impl Trouble {
    pub(super) fn of(self, firewall: &str) -> EnforceError {
        let firewall = firewall.to_owned();
        match self {
            Self::Absent(reason) => EnforceError::Absent { firewall, reason },
            Self::Busy(after, reason) => EnforceError::Busy { firewall, after, reason },
            Self::Forbidden(reason) => EnforceError::Forbidden { firewall, reason },
            Self::Lost(reason) => EnforceError::Lost { firewall, reason },
            Self::Rejected(reason) => EnforceError::Rejected { firewall, target: None, reason },
            Self::Transport(reason) => EnforceError::Transport { firewall, reason },
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        let reason = error.to_string();
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Forbidden(reason),
            kind if is_final(kind) => Self::Absent(reason),
            _ => Self::Transport(reason),
        }
    }
}
