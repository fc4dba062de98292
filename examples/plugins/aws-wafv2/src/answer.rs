use std::collections::BTreeSet;

use autosec_plugin::{Entry, Failure, FailureKind, HttpResponse, fail, words};
use ipnet::IpNet;
use serde::Deserialize;

use crate::PACE;

/// What a set holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Content {
    pub(crate) addresses: BTreeSet<IpNet>,
    /// The token for its next change.
    pub(crate) lock: String,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Written {
    Done,
    /// Somebody else was quicker.
    Stale,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Got {
    #[serde(rename = "IPSet")]
    set: GotSet,
    lock_token: String,
}

#[derive(Deserialize)]
struct GotSet {
    #[serde(rename = "IPAddressVersion")]
    version: String,
    #[serde(default, rename = "Addresses")]
    addresses: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(default, rename = "__type")]
    kind: String,
    #[serde(default, alias = "Message")]
    message: String,
}

/// An address as it is listed: AWS keeps neither times nor reasons.
pub(crate) fn entry(target: IpNet) -> Entry {
    let target = target.to_string();
    Entry {
        idempotency_key: target.clone(),
        target,
        ttl_secs: None,
        reason: String::new(),
        extra: Vec::new(),
    }
}

pub(crate) fn content(response: &HttpResponse, ipv6: bool) -> Result<Content, Failure> {
    if let Some((_, failure)) = refused(response) {
        return Err(failure);
    }
    let unread = |why: String| fail(FailureKind::Protocol, format!("what a set holds cannot be read: {why}"));
    let got: Got = serde_json::from_slice(&response.body).map_err(|error| unread(error.to_string()))?;
    if got.set.version != if ipv6 { "IPV6" } else { "IPV4" } {
        let words = format!("a set is of {}: mend the configuration", words(&got.set.version));
        return Err(fail(FailureKind::InvalidConfig, words));
    }
    // The set is written back as a whole: what is not understood would be lost.
    let read = |text: &String| {
        let target = text.parse::<IpNet>().map(|target| target.trunc());
        target.map_err(|_| unread(format!("`{}` is no prefix", words(text))))
    };
    let addresses = got.set.addresses.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Content { addresses, lock: got.lock_token })
}

pub(crate) fn written(response: &HttpResponse) -> Result<Written, Failure> {
    match refused(response) {
        None => Ok(Written::Done),
        Some((kind, _)) if kind == "WAFOptimisticLockException" => Ok(Written::Stale),
        Some((_, failure)) => Err(failure),
    }
}

/// Why it is no success: AWS's name for it, and what it means.
fn refused(response: &HttpResponse) -> Option<(String, Failure)> {
    if matches!(response.status, 200..=299) {
        return None;
    }
    let said: Said = serde_json::from_slice(&response.body).unwrap_or_default();
    let named = if said.kind.is_empty() {
        response.header("x-amzn-errortype").unwrap_or_default()
    } else {
        &said.kind
    };
    // `com.amazonaws.wafv2#WAFInternalErrorException:http://…`
    let kind = named.split(':').next().and_then(|name| name.rsplit('#').next()).unwrap_or_default();
    let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).take(80).collect();
    let what = match (kind.as_str(), said.message.as_str()) {
        ("", "") => format!("status {}", response.status),
        ("", message) => words(message),
        (kind, "") => kind.to_owned(),
        (kind, message) => format!("{kind}: {}", words(message)),
    };
    let (sort, words) = match (kind.as_str(), response.status) {
        ("WAFNonexistentItemException", _) => (FailureKind::InvalidConfig, "there is no such set"),
        ("WAFOptimisticLockException", _) => (FailureKind::Conflict, "somebody else was quicker"),
        ("WAFLimitsExceededException", _) => (FailureKind::Full, "the set is full"),
        ("ThrottlingException" | "Throttling" | "TooManyRequestsException", _) | (_, 429) => {
            (FailureKind::RateLimited, "it wants to be asked more slowly")
        }
        ("WAFUnavailableEntityException" | "WAFInternalErrorException", _) | (_, 500..=599) => {
            (FailureKind::Unavailable, "it is not well")
        }
        (name, status) if is_about_rights(name) || matches!(status, 401 | 403) => {
            (FailureKind::Unauthorized, "it refuses the key; it needs wafv2:GetIPSet and wafv2:UpdateIPSet")
        }
        _ => (FailureKind::Other("refused".to_owned()), "it refuses"),
    };
    let failure = fail(sort, format!("{words}: {what}"));
    let wait = match failure.kind {
        FailureKind::RateLimited => Some(response.retry_after_ms().unwrap_or(PACE)),
        FailureKind::Unavailable => response.retry_after_ms(),
        _ => None,
    };
    Some((kind, Failure { retry_after_ms: wait, ..failure }))
}

fn is_about_rights(kind: &str) -> bool {
    matches!(
        kind,
        "AccessDeniedException"
            | "ExpiredTokenException"
            | "IncompleteSignatureException"
            | "InvalidClientTokenIdException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException"
    )
}

#[cfg(test)]
mod tests {
    use autosec_plugin::Header;

    use super::*;

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn addresses_are_read_however_they_are_written() {
        let body = r#"{"IPSet":{"Name":"a","Id":"1","ARN":"arn","IPAddressVersion":"IPV6",
            "Addresses":["2001:0db8:0000:0000:0000:0000:0000:0000/64","2001:db8::1/128"]},"LockToken":"t"}"#;
        let content = content(&response(200, body), true).unwrap();
        let shown: Vec<String> = content.addresses.iter().map(IpNet::to_string).collect();
        assert_eq!((shown.join(" ").as_str(), content.lock.as_str()), ("2001:db8::/64 2001:db8::1/128", "t"));
    }

    #[test]
    fn what_is_not_understood_is_not_written_back() {
        for (body, kind) in [
            (
                r#"{"IPSet":{"IPAddressVersion":"IPV4","Addresses":["odd"]},"LockToken":"t"}"#,
                FailureKind::Protocol,
            ),
            (
                r#"{"IPSet":{"IPAddressVersion":"IPV6","Addresses":[]},"LockToken":"t"}"#,
                FailureKind::InvalidConfig,
            ),
            ("{}", FailureKind::Protocol),
            ("<html>", FailureKind::Protocol),
        ] {
            assert_eq!(content(&response(200, body), false).unwrap_err().kind, kind, "{body}");
        }
    }

    #[test]
    fn what_is_in_the_way_has_a_kind() {
        let of = |kind: &str| written(&response(400, &format!(r#"{{"__type":"{kind}","message":"why"}}"#)));
        assert_eq!(of("WAFOptimisticLockException"), Ok(Written::Stale));
        assert_eq!(of("com.amazonaws.wafv2#WAFOptimisticLockException"), Ok(Written::Stale));
        assert_eq!(of("WAFNonexistentItemException").unwrap_err().kind, FailureKind::InvalidConfig);
        assert_eq!(of("WAFLimitsExceededException").unwrap_err().kind, FailureKind::Full);
        assert_eq!(of("ThrottlingException").unwrap_err().retry_after_ms, Some(1_000));
        assert_eq!(of("AccessDeniedException").unwrap_err().kind, FailureKind::Unauthorized);
        assert_eq!(
            of("WAFInvalidParameterException").unwrap_err().kind,
            FailureKind::Other("refused".to_owned())
        );
        assert_eq!(written(&response(503, "")).unwrap_err().kind, FailureKind::Unavailable);
        let named = Header {
            name: "X-Amzn-ErrorType".to_owned(),
            value: "WAFOptimisticLockException:http://internal".to_owned(),
        };
        let stale = HttpResponse { status: 400, headers: vec![named], body: Vec::new() };
        assert_eq!(written(&stale), Ok(Written::Stale));
    }
}
