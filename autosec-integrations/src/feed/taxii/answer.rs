use autosec_core::time::Timestamp;
use http::{HeaderMap, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{RetryAfter, TaxiiError, TaxiiLimits};

/// What an answer is, but for errors.
pub(super) enum Answer {
    Body(Vec<u8>),
    /// Not now (429, 503), with whether the request was certainly not acted upon.
    Wait {
        after: RetryAfter,
        untouched: bool,
    },
}

/// What is read of a page beside its objects.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    pub(super) more: Option<bool>,
    pub(super) next: Option<serde_json::Value>,
    pub(super) objects: Option<Vec<IgnoredAny>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Complaint {
    title: Option<String>,
    description: Option<String>,
}

/// How much of a server's words is repeated, in characters.
const LONGEST_WORDS: usize = 200;

/// Tells bodies and pauses from failures.
pub(super) fn judge(
    response: Response<Vec<u8>>,
    url: String,
    limits: &TaxiiLimits,
) -> Result<Answer, TaxiiError> {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    if body.len() > limits.answer_bytes {
        return Err(TaxiiError::Large { url, limit: limits.answer_bytes });
    }
    let header =
        |name| words(head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default());
    Err(match head.status {
        StatusCode::OK => return Ok(Answer::Body(body)),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let after = RetryAfter::of(&head.headers, limits.pause);
            return Ok(Answer::Wait { after, untouched: head.status == StatusCode::TOO_MANY_REQUESTS });
        }
        StatusCode::UNAUTHORIZED => {
            TaxiiError::Unauthorized { url, offers: header(header::WWW_AUTHENTICATE) }
        }
        StatusCode::FORBIDDEN => TaxiiError::Forbidden { url },
        StatusCode::NOT_FOUND => TaxiiError::NotFound { url },
        StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            TaxiiError::Version { url, status }
        }
        other if other.is_redirection() => {
            let to = header(header::LOCATION);
            TaxiiError::Refused {
                url,
                status,
                why: format!("it sends us to `{to}`; use that address if it is right"),
            }
        }
        other if other.is_server_error() => TaxiiError::Failed { url, status, why: complaint(&body) },
        _ => TaxiiError::Refused { url, status, why: complaint(&body) },
    })
}

/// A body as what it should be.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], url: &str) -> Result<T, TaxiiError> {
    let strange = |why| TaxiiError::Strange { url: url.to_owned(), why };
    match body.trim_ascii_start().first() {
        Some(b'{') => {}
        Some(b'<') => return Err(strange("it is a web page: see whether the address is right".to_owned())),
        Some(_) => return Err(strange("it is no JSON object".to_owned())),
        None => return Err(strange("it is empty".to_owned())),
    }
    serde_json::from_slice(body).map_err(|error| strange(words(&error.to_string())))
}

/// When the last object of a page was added.
pub(super) fn last_added(headers: &HeaderMap) -> Option<Timestamp> {
    Timestamp::parse(headers.get("x-taxii-date-added-last")?.to_str().ok()?.trim()).ok()
}

/// What a server says of what is wrong; often a web page, which says nothing.
fn complaint(body: &[u8]) -> String {
    let said: Complaint = serde_json::from_slice(body).unwrap_or_default();
    match (said.title, said.description) {
        (Some(title), Some(description)) => words(&format!("{title} {description}")),
        (Some(one), None) | (None, Some(one)) => words(&one),
        (None, None) => "it does not say why".to_owned(),
    }
}

fn words(text: &str) -> String {
    text.chars().take(LONGEST_WORDS).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
