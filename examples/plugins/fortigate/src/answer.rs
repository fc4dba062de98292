use std::collections::BTreeMap;
use std::net::IpAddr;

use autosec_plugin::{Entry, Failure, FailureKind, HttpResponse, fail, words};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::plan::Time;

/// When to ask again where the FortiGate does not say.
const OVERLOAD: u32 = 10_000;

/// Who is banned.
pub(crate) type Bans = BTreeMap<IpAddr, Ban>;

/// A ban.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Ban {
    /// What is left of it.
    pub(crate) time: Time,
    pub(crate) cause: String,
    /// Whether an administrator gave it, not a sensor of the FortiGate's.
    pub(crate) is_ours: bool,
}

impl Ban {
    pub(crate) fn entry(&self, ip: IpAddr) -> Entry {
        let target = ip.to_string();
        let ttl_secs = self.time.0;
        Entry { idempotency_key: target.clone(), target, ttl_secs, reason: String::new(), extra: Vec::new() }
    }
}

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(default)]
    status: String,
    results: Option<T>,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Row {
    ip_address: String,
    /// Seconds since 1970; 0 or nothing is never.
    #[serde(default)]
    expires: Option<u64>,
    #[serde(default)]
    cause: String,
}

#[derive(Deserialize)]
struct System {
    #[serde(default)]
    model_name: String,
    #[serde(default)]
    model_number: String,
    #[serde(default)]
    hostname: String,
}

#[derive(Default, Deserialize)]
struct Objection {
    error: Option<i64>,
    #[serde(default)]
    cli_error: String,
    #[serde(default)]
    message: String,
}

/// Who is banned, and what is left of it at this time, in seconds since 1970.
pub(crate) fn bans(response: &HttpResponse, now: u64) -> Result<Bans, Failure> {
    let rows: Vec<Row> = results(response)?.0;
    let ban = |row: Row| {
        let ip = row.ip_address.parse().ok()?;
        let left = |expires: u64| u32::try_from(expires.saturating_sub(now).max(1)).unwrap_or(u32::MAX);
        let time = Time(row.expires.filter(|expires| *expires > 0).map(left));
        let is_ours =
            row.cause.eq_ignore_ascii_case("administrative") || row.cause.eq_ignore_ascii_case("admin");
        Some((ip, Ban { time, cause: words(&row.cause), is_ours }))
    };
    Ok(rows.into_iter().filter_map(ban).collect())
}

/// In a sentence, which one it is.
pub(crate) fn system(response: &HttpResponse) -> Result<String, Failure> {
    let (system, version): (System, String) = results(response)?;
    let name = [system.model_name, system.model_number].join(" ");
    Ok(format!("{} `{}` with FortiOS {}", words(name.trim()), words(&system.hostname), words(&version)))
}

/// Whether a change was accepted.
pub(crate) fn accepted(response: &HttpResponse) -> Result<(), Failure> {
    let envelope: Envelope<serde::de::IgnoredAny> = envelope(response)?;
    match envelope.status.as_str() {
        "success" => Ok(()),
        other => Err(fail(FailureKind::Protocol, format!("the change is `{}`", words(other)))),
    }
}

fn results<T: DeserializeOwned>(response: &HttpResponse) -> Result<(T, String), Failure> {
    let Envelope { status, results, version } = envelope(response)?;
    // What is not there is not an empty list: what is in force would be taken for gone.
    match results.filter(|_| status == "success") {
        Some(results) => Ok((results, version)),
        None => Err(fail(FailureKind::Protocol, "the answer does not hold what was asked for")),
    }
}

fn envelope<T: DeserializeOwned>(response: &HttpResponse) -> Result<Envelope<T>, Failure> {
    if let Some(failure) = refused(response) {
        return Err(failure);
    }
    let unread = |error| fail(FailureKind::Protocol, format!("the answer cannot be read: {error}"));
    serde_json::from_slice(&response.body).map_err(unread)
}

/// Why it is no success.
fn refused(response: &HttpResponse) -> Option<Failure> {
    let status = response.status;
    if matches!(status, 200..=299) {
        return None;
    }
    let said: Objection = serde_json::from_slice(&response.body).unwrap_or_default();
    let said_words = words(if said.cli_error.is_empty() { &said.message } else { &said.cli_error });
    let code = said.error.map(|code| format!(", error {code}")).unwrap_or_default();
    let what = format!("{said_words} (status {status}{code})");
    let what = what.trim();
    Some(match status {
        401 => fail(FailureKind::Unauthorized, format!("it refuses the token {what}: make a new one")),
        403 => fail(
            FailureKind::Unauthorized,
            format!(
                "it does not allow it {what}: look at the token's profile, its trusted hosts and the vdom"
            ),
        ),
        404 | 405 => fail(
            FailureKind::InvalidConfig,
            format!("it has no such thing {what}: FortiOS 7.2 or later is needed, and its URL"),
        ),
        429 => fail(FailureKind::RateLimited, format!("it wants to be asked more slowly {what}"))
            .with_retry_after_ms(response.retry_after_ms().unwrap_or(OVERLOAD)),
        500..=599 => {
            let failure = fail(FailureKind::Unavailable, format!("it is not well {what}"));
            Failure { retry_after_ms: response.retry_after_ms(), ..failure }
        }
        _ => fail(FailureKind::Other("refused".to_owned()), format!("it refuses {what}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn reads_bans() {
        let body = r#"{"http_method":"GET","results":[
            {"ip_address":"192.0.2.1","created":1000,"expires":1060,"cause":"Administrative"},
            {"ip_address":"192.0.2.2","created":1000,"expires":0,"cause":"administrative"},
            {"ip_address":"2001:db8::1","created":1000,"expires":9000,"cause":"IPS"},{"ip_address":"odd"}],
            "vdom":"root","status":"success","version":"v7.4.4"}"#;
        let bans = bans(&response(200, body), 1_001).unwrap();
        let shown: Vec<_> = bans.iter().map(|(ip, ban)| (ip.to_string(), ban.time.0, ban.is_ours)).collect();
        let wanted =
            [("192.0.2.1", Some(59), true), ("192.0.2.2", None, true), ("2001:db8::1", Some(7_999), false)];
        assert_eq!(shown, wanted.map(|(ip, left, ours)| (ip.to_owned(), left, ours)));
    }

    #[test]
    fn what_is_not_there_is_not_an_empty_list() {
        for body in ["{}", r#"{"status":"success"}"#, r#"{"status":"error","results":[]}"#, "<html>"] {
            assert_eq!(bans(&response(200, body), 0).unwrap_err().kind, FailureKind::Protocol, "{body}");
        }
    }

    #[test]
    fn what_is_in_the_way_has_a_kind() {
        let of = |status, body: &str| accepted(&response(status, body)).map_err(|failure| failure.kind);
        assert_eq!(of(200, r#"{"status":"success"}"#), Ok(()));
        assert_eq!(of(200, r#"{"status":"error"}"#), Err(FailureKind::Protocol));
        assert_eq!(of(401, ""), Err(FailureKind::Unauthorized));
        assert_eq!(of(403, r#"{"error":-1}"#), Err(FailureKind::Unauthorized));
        assert_eq!(of(404, ""), Err(FailureKind::InvalidConfig));
        assert_eq!(of(424, ""), Err(FailureKind::Other("refused".to_owned())));
        assert_eq!(of(503, ""), Err(FailureKind::Unavailable));
        let slow = accepted(&response(429, "")).unwrap_err();
        assert_eq!(slow.retry_after_ms, Some(10_000));
    }

    #[test]
    fn says_which_one_it_is() {
        let body = r#"{"results":{"model_name":"FortiGate","model_number":"60F","hostname":"edge"},
            "status":"success","version":"v7.4.4"}"#;
        assert_eq!(system(&response(200, body)).unwrap(), "FortiGate 60F `edge` with FortiOS v7.4.4");
    }
}
