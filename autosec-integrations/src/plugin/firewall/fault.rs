//! What a plugin's failures mean to the enforcer.

use std::time::Duration;

use autosec_core::enforce::{EnforceError, Status};

use crate::plugin::interface::{Crash, Failure, FailureKind};
use crate::plugin::manifest::one_line;

/// When to ask again where a device wants to be asked more slowly and does not say for how long.
const SLOWLY: Duration = Duration::from_secs(10);
/// When to ask again where somebody else changed the same thing.
const CONFLICT: Duration = Duration::from_secs(1);
/// When to ask again for the items that a device left undone for another reason.
const LATER: Duration = Duration::from_secs(10);
/// The longest a plugin can put us off.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// How much of a plugin's words is kept, in characters.
const WORDS_LIMIT: usize = 240;

/// Whether it is about the device or the plugin rather than about the one item that it was said of.
pub(super) fn is_general(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::InvalidConfig
        | FailureKind::Unauthorized
        | FailureKind::Denied
        | FailureKind::RateLimited
        | FailureKind::Unavailable
        | FailureKind::Timeout
        | FailureKind::Conflict
        | FailureKind::Protocol
        | FailureKind::Internal => true,
        FailureKind::InvalidTarget | FailureKind::Unsupported | FailureKind::Full | FailureKind::Other(_) => {
            false
        }
    }
}

/// How long to leave alone what could not be done.
pub(super) fn wait(failure: &Failure) -> Duration {
    let hint = failure.retry_after_ms.map(|millis| Duration::from_millis(millis.into()).min(LONGEST_WAIT));
    hint.unwrap_or(match failure.kind {
        FailureKind::RateLimited => SLOWLY,
        FailureKind::Conflict => CONFLICT,
        _ => LATER,
    })
}

/// A failure of the whole call.
///
/// What the device does not want for now is [`EnforceError::Busy`], which costs it no circuit; what may have been the network
/// is tried again at once; what a person must mend is not.
pub(super) fn error(firewall: &str, failure: &Failure) -> EnforceError {
    let (firewall, reason) = (firewall.to_owned(), text(failure));
    let is_hinted = failure.retry_after_ms.is_some();
    match failure.kind {
        FailureKind::RateLimited | FailureKind::Conflict => {
            EnforceError::Busy { firewall, after: wait(failure), reason }
        }
        FailureKind::Unavailable | FailureKind::Timeout if is_hinted => {
            EnforceError::Busy { firewall, after: wait(failure), reason }
        }
        FailureKind::Unavailable | FailureKind::Timeout | FailureKind::Protocol => {
            EnforceError::Transport { firewall, reason }
        }
        FailureKind::Unauthorized | FailureKind::Denied => EnforceError::Forbidden { firewall, reason },
        _ => EnforceError::Rejected { firewall, target: None, reason },
    }
}

/// A failure of one item.
pub(super) fn status(failure: &Failure) -> Status {
    match failure.kind {
        FailureKind::InvalidTarget | FailureKind::Unsupported => Status::Unsupported(text(failure)),
        _ => Status::Rejected(text(failure)),
    }
}

/// A call that did not come to its end. A fresh instance stands where the dead one was, so that the same may be tried again.
pub(super) fn crash(firewall: &str, crash: &Crash) -> EnforceError {
    let firewall = firewall.to_owned();
    match crash {
        Crash::Deadline(after) => EnforceError::Timeout { firewall, after: *after },
        Crash::Gone(_) => EnforceError::Absent { firewall, reason: words(&crash.to_string()) },
        _ => EnforceError::Transport { firewall, reason: words(&crash.to_string()) },
    }
}

/// What a plugin says, on one line and bounded.
pub(super) fn words(text: &str) -> String {
    one_line(text, WORDS_LIMIT)
}

fn text(failure: &Failure) -> String {
    let message = words(&failure.message);
    match &failure.kind {
        FailureKind::InvalidConfig => format!("its configuration cannot work: {message}"),
        FailureKind::Denied => format!("the host denied the plugin what it needs: {message}"),
        FailureKind::Unauthorized => format!("the device refuses the credentials: {message}"),
        FailureKind::Conflict => format!("somebody else changed it at the same time: {message}"),
        FailureKind::Full => format!("the device is full: {message}"),
        FailureKind::Internal => format!("the plugin is at fault: {message}"),
        FailureKind::Protocol => {
            format!("the device answered what the plugin does not understand: {message}")
        }
        FailureKind::Timeout => format!("the device did not answer in time: {message}"),
        FailureKind::Other(kind) => format!("{}: {message}", words(kind)),
        FailureKind::InvalidTarget
        | FailureKind::RateLimited
        | FailureKind::Unavailable
        | FailureKind::Unsupported => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind, retry_after_ms: Option<u32>) -> Failure {
        Failure { kind, message: "no\nroom".to_owned(), retry_after_ms, extra: Vec::new() }
    }

    #[test]
    fn a_failure_of_the_call_asks_for_what_helps() {
        let kind = |kind, hint| error("edge", &failure(kind, hint));
        let busy = |after| move |error: EnforceError| matches!(error, EnforceError::Busy { after: wait, .. } if wait == after);
        assert!(busy(Duration::from_secs(10))(kind(FailureKind::RateLimited, None)));
        assert!(busy(Duration::from_millis(1_500))(kind(FailureKind::RateLimited, Some(1_500))));
        assert!(
            busy(LONGEST_WAIT)(kind(FailureKind::RateLimited, Some(u32::MAX))),
            "nobody puts us off for ever"
        );
        assert!(busy(Duration::from_secs(1))(kind(FailureKind::Conflict, None)));
        assert!(busy(Duration::from_secs(2))(kind(FailureKind::Unavailable, Some(2_000))));
        for transient in [FailureKind::Unavailable, FailureKind::Timeout, FailureKind::Protocol] {
            assert!(kind(transient, None).is_transient());
        }
        for lasting in [
            FailureKind::Unauthorized,
            FailureKind::Denied,
            FailureKind::InvalidConfig,
            FailureKind::Internal,
        ] {
            assert!(!kind(lasting, None).is_transient());
        }
        let said = kind(FailureKind::Denied, None).to_string();
        assert_eq!(
            said,
            "firewall `edge` needs more rights: the host denied the plugin what it needs: no room"
        );
    }

    #[test]
    fn a_failure_of_an_item_is_given_up_or_tried_again() {
        let unsupported = Status::Unsupported("no room".to_owned());
        assert_eq!(status(&failure(FailureKind::InvalidTarget, None)), unsupported);
        let full = Status::Rejected("the device is full: no room".to_owned());
        assert_eq!(status(&failure(FailureKind::Full, None)), full);
        let other = failure(FailureKind::Other("odd\u{7}".to_owned()), None);
        assert_eq!(status(&other), Status::Rejected("odd : no room".to_owned()));
        assert!(!is_general(&other));
    }

    #[test]
    fn words_are_bounded() {
        assert_eq!(words(&"\u{e9}".repeat(10_000)).chars().count(), WORDS_LIMIT + 1);
    }
}
