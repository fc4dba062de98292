use autosec_plugin::{Failure, FailureKind, HttpResponse, TransportError, fail, words};

use crate::xml::Element;

/// When to ask again where PAN-OS does not say, in milliseconds: a commit takes about a minute.
const COMMIT: u32 = 30_000;
/// When to ask again where a server has enough to do and does not say for how long.
const OVERLOAD: u32 = 10_000;

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
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// There is no such thing at this URL, or in this firewall.
    Absent(String),
    /// It answered with something that is no answer, or failed within.
    Broken(String),
    /// It has something else to do, for so many milliseconds.
    Busy(u32, String),
    /// The user has no right to it.
    Forbidden(String),
    /// It could not be asked.
    NotSent(TransportError),
    /// It leaves changes to its peer.
    Passive(String),
    /// It does not want this request as it is.
    Refused(String),
    /// It does not know the key, or not any more.
    Unknown(String),
}

impl Fault {
    /// What the answer of a server says that is no answer of PAN-OS's, or `None` if it may be one.
    pub(crate) fn of_status(response: &HttpResponse) -> Option<Self> {
        let words = format!("it answered `{}`", response.status);
        match response.status {
            200..=299 | 400 => None,
            401 | 403 => Some(Self::Unknown(words)),
            429 | 503 => Some(Self::Busy(response.retry_after_ms().unwrap_or(OVERLOAD), words)),
            408 | 421 | 425 => Some(Self::Broken(words)),
            // A part of it may be small enough.
            413 => Some(Self::Refused(words)),
            300..=499 => Some(Self::Absent(format!("{words}, so that there is no API of PAN-OS at its URL"))),
            _ => Some(Self::Broken(words)),
        }
    }

    /// What an answer of PAN-OS says that is no success.
    pub(crate) fn of_answer(answer: &Element) -> Option<Self> {
        if answer.name() != "response" {
            let words = "what it answers is no answer of PAN-OS, so that there is no API at its URL";
            return Some(Self::Absent(words.to_owned()));
        }
        if answer.attribute("status") == Some("success") {
            return None;
        }
        let code = answer.attribute("code").and_then(|code| code.parse().ok());
        Some(Self::of_words(code, reason(answer)))
    }

    fn of_words(code: Option<u16>, words: String) -> Self {
        let small = words.to_lowercase();
        let kind = BY_WORDS.iter().find(|(part, _)| small.contains(part)).map(|(_, kind)| *kind);
        let words = code.map_or_else(|| words.clone(), |code| format!("{words} (code {code})"));
        match (kind, code) {
            (Some(Kind::Busy), _) => Self::Busy(COMMIT, words),
            (Some(Kind::Unknown), _) | (None, Some(22 | 401 | 403)) => Self::Unknown(words),
            (Some(Kind::Forbidden), _) | (None, Some(16)) => Self::Forbidden(words),
            (Some(Kind::Passive), _) | (None, Some(15)) => Self::Passive(words),
            (None, Some(7 | 13)) => Self::Absent(words),
            (None, Some(2..=5 | 11 | 21)) => Self::Broken(words),
            (None, _) => Self::Refused(words),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Absent(words) => fail(FailureKind::InvalidConfig, words),
            Fault::Broken(words) => fail(FailureKind::Unavailable, words),
            Fault::Busy(wait, words) => fail(FailureKind::RateLimited, words).with_retry_after_ms(wait),
            Fault::Forbidden(words) => fail(
                FailureKind::Unauthorized,
                format!("{words}; its role needs User-ID Agent and Operational Requests of the XML API"),
            ),
            Fault::NotSent(error) => error.into(),
            Fault::Passive(words) => fail(
                FailureKind::InvalidConfig,
                format!("it leaves changes to its active peer, whose URL is needed: {words}"),
            ),
            // Of the request as a whole: a person has to look, and no item is to blame.
            Fault::Refused(words) => {
                fail(FailureKind::InvalidConfig, format!("it refuses the request as a whole: {words}"))
            }
            Fault::Unknown(words) => fail(
                FailureKind::Unauthorized,
                format!("it does not know the key: {words}; renew the secret"),
            ),
        }
    }
}

/// What PAN-OS says in words, cut and fit for a line.
fn reason(answer: &Element) -> String {
    let mut said = Vec::new();
    let message = answer.at(&["msg"]).or_else(|| answer.at(&["result", "msg"]));
    message.iter().for_each(|message| message.texts(&mut |text| said.push(words(text))));
    if said.is_empty() { "it gave no reason".to_owned() } else { words(&said.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    fn fault(body: &str) -> Fault {
        Fault::of_answer(&xml::read(body.as_bytes()).unwrap()).unwrap()
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
        assert_eq!(fault("<response/>"), Fault::Refused("it gave no reason".to_owned()));
        assert!(matches!(fault("<html/>"), Fault::Absent(_)));
    }

    #[test]
    fn what_stands_in_front_is_not_asked_by_halves() {
        let of = |status| Fault::of_status(&HttpResponse { status, headers: Vec::new(), body: Vec::new() });
        for status in [408, 421, 425, 500, 502, 504] {
            assert!(matches!(of(status), Some(Fault::Broken(_))), "{status}");
        }
        for status in [302, 402, 404, 406, 411, 415, 418, 431, 451] {
            assert!(matches!(of(status), Some(Fault::Absent(_))), "{status}");
        }
        assert!(matches!(of(413), Some(Fault::Refused(_))), "halves may be small enough");
        assert!(matches!(of(429), Some(Fault::Busy(OVERLOAD, _))));
        assert_eq!((of(200), of(400)), (None, None));
    }
}
