use std::io;
use std::time::Duration;

use autosec_core::enforce::EnforceError;
use http::StatusCode;

use super::xml::Element;
use crate::transport::is_final;

/// When to ask again where PAN-OS does not say: a commit takes about a minute.
const COMMIT: Duration = Duration::from_secs(30);
/// When to ask again where a server has enough to do and does not say for how long.
const OVERLOAD: Duration = Duration::from_secs(10);
/// The longest a firewall can put us off.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// How much of a firewall's words is kept, in characters.
const WORDS_LIMIT: usize = 200;

/// What is in the way, by words of its answer in small letters. The same code stands for several of them, so that the words
/// are looked at first: a commit in progress has the code of a missing object.
const BY_WORDS: &[(&str, Kind)] = &[
    ("commit/validate is in progress", Kind::Busy),
    ("commit is in progress", Kind::Busy),
    ("install is in progress", Kind::Busy),
    ("sync is in progress", Kind::Busy),
    ("configuration is locked by", Kind::Busy),
    ("commit lock is already held", Kind::Busy),
    ("is currently locked", Kind::Busy),
    ("already own a config lock", Kind::Busy),
    ("failed to synchronize running configuration", Kind::Busy),
    ("please try again later", Kind::Busy),
    ("session timed out", Kind::Unknown),
    ("invalid credential", Kind::Unknown),
    ("not authorized", Kind::Forbidden),
    ("unauthorized role", Kind::Forbidden),
    ("passive", Kind::Passive),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Busy,
    Unknown,
    Forbidden,
    Passive,
}

/// Why a request did not do what it was for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// There is no such thing at this URL, or in this firewall.
    Absent(String),
    /// It answered with something that is no answer, or failed within.
    Broken(String),
    /// It has something else to do.
    Busy(Duration, String),
    /// The user has no right to it.
    Forbidden(String),
    /// It leaves changes to its peer.
    Passive(String),
    /// It does not want this request as it is.
    Refused(String),
    /// It does not know the key, or not any more.
    Unknown(String),
}

impl Fault {
    /// What the answer of a server says that is no answer of PAN-OS's, or `None` if it may be one.
    pub(super) fn of_status(status: StatusCode, retry_after: Option<&str>) -> Option<Self> {
        let words = format!("it answered `{status}`");
        match status.as_u16() {
            200..=299 | 400 => None,
            401 | 403 => Some(Self::Unknown(words)),
            429 | 503 => Some(Self::Busy(wait(retry_after), words)),
            300..=399 | 404 | 405 | 410 => {
                let words = format!("{words}, so that there is no API of PAN-OS at its URL");
                Some(Self::Absent(words))
            }
            408 | 421 | 425 => Some(Self::Broken(words)),
            // A part of it may be small enough.
            413 => Some(Self::Refused(words)),
            400..=499 => {
                let words = format!("{words}, which PAN-OS does not: mend what stands in front of it");
                Some(Self::Absent(words))
            }
            _ => Some(Self::Broken(words)),
        }
    }

    /// What an answer of PAN-OS says that is no success.
    pub(super) fn of_answer(answer: &Element) -> Option<Self> {
        let status = answer.attribute("status").unwrap_or_default();
        if answer.name() != "response" {
            let words = "what it answers is no answer of PAN-OS, so that there is no API at its URL";
            return Some(Self::Absent(words.to_owned()));
        }
        if status == "success" {
            return None;
        }
        let code = answer.attribute("code").and_then(|code| code.parse().ok());
        Some(Self::of_words(code, words(answer)))
    }

    fn of_words(code: Option<u16>, words: String) -> Self {
        let small = words.to_lowercase();
        let kind = BY_WORDS.iter().find(|(part, _)| small.contains(part)).map(|(_, kind)| *kind);
        let words = code.map_or_else(|| words.clone(), |code| format!("{words} (code {code})"));
        match (kind, code) {
            (Some(Kind::Busy), _) => Self::Busy(COMMIT, words),
            (Some(Kind::Unknown), _) => Self::Unknown(words),
            (Some(Kind::Forbidden), _) => Self::Forbidden(words),
            (Some(Kind::Passive), _) => Self::Passive(words),
            (None, Some(22 | 401 | 403)) => Self::Unknown(words),
            (None, Some(16)) => Self::Forbidden(words),
            (None, Some(15)) => Self::Passive(words),
            (None, Some(7 | 13)) => Self::Absent(words),
            (None, Some(2..=5 | 11 | 21)) => Self::Broken(words),
            (None, _) => Self::Refused(words),
        }
    }

    /// The error of the firewall of this name.
    pub(super) fn error(self, firewall: &str) -> EnforceError {
        let firewall = firewall.to_owned();
        match self {
            Self::Absent(reason) => EnforceError::Absent { firewall, reason },
            Self::Broken(reason) => EnforceError::Transport { firewall, reason },
            Self::Busy(after, reason) => EnforceError::Busy { firewall, after, reason },
            Self::Forbidden(words) => {
                let reason =
                    format!("{words}; its role needs User-ID Agent and Operational Requests of the XML API");
                EnforceError::Forbidden { firewall, reason }
            }
            Self::Passive(words) => {
                let reason = format!("it leaves changes to its active peer, whose URL is needed: {words}");
                EnforceError::Absent { firewall, reason }
            }
            Self::Refused(reason) => EnforceError::Rejected { firewall, target: None, reason },
            Self::Unknown(words) => {
                let reason = format!("it does not know the key: {words}; renew the secret");
                EnforceError::Forbidden { firewall, reason }
            }
        }
    }
}

/// Of an exchange that did not take place.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let reason = error.to_string();
        if is_final(error.kind()) { Self::Absent(reason) } else { Self::Broken(reason) }
    }
}

/// What PAN-OS says in words, cut and fit for a line.
fn words(answer: &Element) -> String {
    let mut said = String::new();
    let mut add = |text: &str| {
        if !said.is_empty() {
            said.push_str("; ");
        }
        said.push_str(&cut(text));
    };
    let message = answer.at(&["msg"]).or_else(|| answer.at(&["result", "msg"]));
    message.iter().for_each(|message| message.texts(&mut add));
    if said.is_empty() { "it gave no reason".to_owned() } else { cut(&said) }
}

/// A text of a firewall's, cut and fit for a line.
pub(super) fn cut(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(WORDS_LIMIT).collect()
}

/// How long a server wants to be left alone: it says so in seconds. A date, which it may also say, is not read.
fn wait(retry_after: Option<&str>) -> Duration {
    let seconds = retry_after.and_then(|text| text.trim().parse().ok());
    seconds.map_or(OVERLOAD, Duration::from_secs).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(body: &str) -> Fault {
        Fault::of_answer(&super::super::xml::read(body.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn words_count_before_codes() {
        let busy = "<response status=\"error\" code=\"13\"><msg><line>Another commit/validate is in progress. \
                    Please try again later</line></msg></response>";
        assert!(matches!(fault(busy), Fault::Busy(COMMIT, words) if words.ends_with("later (code 13)")));
        let missing =
            "<response status=\"error\" code=\"13\"><msg><line>vsys9 not found</line></msg></response>";
        assert_eq!(fault(missing), Fault::Absent("vsys9 not found (code 13)".to_owned()));
        let role = "<response status = 'error' code = '403'><result><msg>Type [user-id] not authorized for user \
                    role</msg></result></response>";
        assert!(matches!(fault(role), Fault::Forbidden(_)));
        let key = "<response status = 'error' code = '403'><result><msg>Invalid Credential</msg></result></response>";
        assert!(matches!(fault(key), Fault::Unknown(_)));
        let session =
            "<response status=\"unauth\" code=\"22\"><msg><line>Session timed out</line></msg></response>";
        assert!(matches!(fault(session), Fault::Unknown(_)));
    }

    #[test]
    fn waits_as_long_as_it_is_told_within_reason() {
        for (told, seconds) in [(Some("7"), 7), (Some(" 86400 "), 3_600), (Some("tomorrow"), 10), (None, 10)]
        {
            assert_eq!(wait(told), Duration::from_secs(seconds), "{told:?}");
        }
    }

    #[test]
    fn what_stands_in_front_is_not_asked_by_halves() {
        let of = |status: u16| Fault::of_status(StatusCode::from_u16(status).unwrap(), None);
        for status in [408, 421, 425, 500, 502, 504] {
            assert!(matches!(of(status), Some(Fault::Broken(_))), "{status}");
        }
        for status in [302, 402, 404, 406, 411, 415, 418, 431, 451] {
            assert!(matches!(of(status), Some(Fault::Absent(_))), "{status}");
        }
        assert!(matches!(of(413), Some(Fault::Refused(_))), "halves may be small enough");
        assert_eq!((of(200), of(400)), (None, None));
    }

    #[test]
    fn what_waiting_does_not_help_is_final() {
        use io::ErrorKind;
        let of = |kind| Fault::from(io::Error::new(kind, "why"));
        for kind in [ErrorKind::InvalidData, ErrorKind::InvalidInput, ErrorKind::PermissionDenied] {
            assert_eq!(of(kind), Fault::Absent("why".to_owned()), "{kind}");
        }
        for kind in [ErrorKind::TimedOut, ErrorKind::ConnectionRefused, ErrorKind::Other] {
            assert_eq!(of(kind), Fault::Broken("why".to_owned()), "{kind}");
        }
    }

    #[test]
    fn long_words_are_cut_and_fit_for_a_line() {
        let long = format!(
            "<response status=\"error\"><msg><line>a\nb</line><line>{}</line></msg></response>",
            "x".repeat(999)
        );
        let Fault::Refused(words) = fault(&long) else { panic!("{long}") };
        assert!(words.starts_with("a b; xxx") && words.chars().count() == WORDS_LIMIT, "{words}");
        assert_eq!(fault("<response/>"), Fault::Refused("it gave no reason".to_owned()));
    }
}
