use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::human;

/// What to do about a subject, from the mildest to the harshest; policies merge by the greatest.
///
/// ```
/// use autosec_core::finding::Action;
///
/// assert_eq!(Action::Alert.max(Action::Block), Action::Block);
/// assert!(Action::Block.is_enforced());
/// assert!(!Action::Throttle.is_enforced(), "the host slows its own clients down");
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Remember it.
    Monitor,
    /// Tell somebody.
    Alert,
    /// Ask for proof: a captcha, a second factor.
    Challenge,
    /// Slow it down.
    Throttle,
    /// Drop its traffic at every firewall.
    Block,
    /// Cut it off from everything.
    Isolate,
}

impl Action {
    /// Whether firewalls are asked to act.
    pub fn is_enforced(self) -> bool {
        self >= Action::Block
    }

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Action::Monitor => "monitor",
            Action::Alert => "alert",
            Action::Challenge => "challenge",
            Action::Throttle => "throttle",
            Action::Block => "block",
            Action::Isolate => "isolate",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an analytic asks for when it finds something.
///
/// In a rule it is written `response: { action: block, for: 1h }`. It is a wish: the policy merges it with what the risk
/// asks for, and the guard may still refuse.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Response {
    /// What to do.
    pub action: Action,
    /// For how long; the policy's own duration where absent.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none", with = "human::option")]
    pub duration: Option<Duration>,
}

impl Response {
    /// Asks for `action`, for as long as the policy thinks fit.
    pub fn new(action: Action) -> Self {
        Self { action, duration: None }
    }

    /// The same for this long.
    #[must_use]
    pub fn lasting(self, duration: Duration) -> Self {
        Self { duration: Some(duration), ..self }
    }
}
