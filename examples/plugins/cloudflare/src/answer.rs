use std::fmt;
use std::net::IpAddr;

use autosec_plugin::{Entry, Failure, FailureKind, HttpResponse, fail, words};
use ipnet::IpNet;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// When to ask again where the server does not say: another change is under way.
const BUSY: u32 = 2_000;
/// When to ask again after 1,200 requests in five minutes: everything is refused for as long.
const SHUT_OUT: u32 = 300_000;

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(default)]
    success: bool,
    #[serde(default)]
    errors: Vec<Said>,
    result: Option<T>,
    result_info: Option<Info>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Info {
    cursors: Option<Cursors>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

/// Items of a list.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) all: Vec<Item>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
}

/// An item of a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Item {
    pub(crate) id: String,
    ip: Option<String>,
    comment: Option<String>,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Done,
    UnderWay,
}

/// What a list is.
#[derive(Debug, Deserialize)]
pub(crate) struct List {
    name: String,
    kind: String,
    num_items: u64,
    /// How many rules look into it.
    #[serde(default, rename = "num_referencing_filters")]
    pub(crate) rules: u64,
}

#[derive(Deserialize)]
struct Begun {
    operation_id: String,
}

#[derive(Deserialize)]
struct Progress {
    status: String,
    error: Option<String>,
}

/// What comments of items begin with that AutoSec put there.
pub(crate) const MARK: &str = "autosec";

impl Items {
    /// Those that AutoSec put there.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &Item> {
        self.all.iter().filter(|item| item.is_ours())
    }
}

impl Item {
    pub(crate) fn is_ours(&self) -> bool {
        self.comment.as_deref().is_some_and(|comment| comment.starts_with(MARK))
    }

    /// What it stands for, if that can be read.
    pub(crate) fn target(&self) -> Option<IpNet> {
        target(self.ip.as_deref()?)
    }

    pub(crate) fn entry(&self) -> Entry {
        let comment = self.comment.as_deref().unwrap_or_default();
        Entry {
            target: self.ip.clone().unwrap_or_default(),
            ttl_secs: None,
            reason: comment.trim_start_matches(MARK).trim_start_matches(": ").to_owned(),
            idempotency_key: self.id.clone(),
            extra: Vec::new(),
        }
    }
}

/// An address or a prefix, without host bits.
pub(crate) fn target(text: &str) -> Option<IpNet> {
    let target = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    target.ok().map(|target| target.trunc())
}

impl List {
    pub(crate) fn is_fit(&self) -> bool {
        self.kind == "ip"
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, num_items, rules } = self;
        write!(f, "the list `{}` of kind `{}` has {num_items} items", words(name), words(kind))?;
        match rules {
            _ if !self.is_fit() => write!(f, "; it must be of kind `ip`"),
            0 => write!(f, "; no rule looks into it, so that nothing is blocked"),
            1 => write!(f, "; one rule looks into it"),
            rules => write!(f, "; {rules} rules look into it"),
        }
    }
}

pub(crate) fn list(response: &HttpResponse) -> Result<List, Failure> {
    read(response).and_then(|(list, _)| list.ok_or_else(silent))
}

pub(crate) fn items(response: &HttpResponse) -> Result<Items, Failure> {
    let (all, info) = read::<Vec<Item>>(response)?;
    let next = info.and_then(|info| info.cursors).and_then(|cursors| cursors.after);
    // A list that is not there is not an empty one: what is in force would be taken for gone.
    Ok(Items { all: all.ok_or_else(silent)?, next: next.filter(|next| !next.is_empty()) })
}

/// The name of a change that was begun.
pub(crate) fn operation(response: &HttpResponse) -> Result<String, Failure> {
    read::<Begun>(response)?.0.map(|begun| begun.operation_id).ok_or_else(silent)
}

pub(crate) fn state(response: &HttpResponse) -> Result<State, Failure> {
    let progress: Progress = read(response)?.0.ok_or_else(silent)?;
    match progress.status.as_str() {
        "completed" => Ok(State::Done),
        "pending" | "running" => Ok(State::UnderWay),
        "failed" => Err(objection(400, &progress.error.unwrap_or_default())),
        other => Err(fail(FailureKind::Protocol, format!("a change is `{}`", words(other)))),
    }
}

fn silent() -> Failure {
    fail(FailureKind::Protocol, "the answer does not hold what was asked for")
}

fn read<T: DeserializeOwned>(response: &HttpResponse) -> Result<(Option<T>, Option<Info>), Failure> {
    let envelope = serde_json::from_slice::<Envelope<T>>(&response.body);
    let errors = envelope.as_ref().map(|envelope| envelope.errors.as_slice()).unwrap_or_default();
    let code = errors.first().map_or(0, |said| said.code);
    let said: Vec<&str> = errors.iter().map(|said| said.message.as_str()).collect();
    let said = words(&said.join("; "));
    let status = response.status;
    let what = || if said.is_empty() { format!("status {status}") } else { format!("{said} (code {code})") };
    match status {
        200..=299 => {}
        429 => {
            let wait = if code == 10_040 { SHUT_OUT } else { BUSY };
            let wait = response.retry_after_ms().unwrap_or(wait);
            let words = format!("it wants to be asked more slowly: {}", what());
            return Err(fail(FailureKind::RateLimited, words).with_retry_after_ms(wait));
        }
        401 | 403 => {
            let words = format!("it refuses the token: {}; it needs Account Filter Lists: Edit", what());
            return Err(fail(FailureKind::Unauthorized, words));
        }
        404 => return Err(fail(FailureKind::InvalidConfig, format!("there is no such list: {}", what()))),
        500..=599 => {
            let failure = fail(FailureKind::Unavailable, format!("it is not well: {}", what()));
            return Err(Failure { retry_after_ms: response.retry_after_ms(), ..failure });
        }
        _ => return Err(objection(status, &what())),
    }
    match envelope {
        Ok(envelope) if envelope.success => Ok((envelope.result, envelope.result_info)),
        Ok(_) => Err(objection(status, &what())),
        Err(error) => Err(fail(FailureKind::Protocol, format!("the answer cannot be read: {error}"))),
    }
}

/// What it does not want as it is.
fn objection(status: u16, said: &str) -> Failure {
    let small = said.to_lowercase();
    let is_full = ["maximum number", "limit", "quota", "exceed"].iter().any(|part| small.contains(part));
    let kind = if is_full { FailureKind::Full } else { FailureKind::Other("refused".to_owned()) };
    let said = if said.is_empty() { format!("status {status} without a reason") } else { words(said) };
    fail(kind, format!("it refuses the change: {said}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use autosec_plugin::Header;

    use super::*;

    pub(crate) fn item(id: &str, ip: &str, comment: Option<&str>) -> Item {
        Item { id: id.to_owned(), ip: Some(ip.to_owned()), comment: comment.map(str::to_owned) }
    }

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.into() }
    }

    fn refused(status: u16, code: u32, message: &str) -> HttpResponse {
        let body = format!(
            r#"{{"success":false,"errors":[{{"code":{code},"message":"{message}"}}],"messages":[],"result":null}}"#
        );
        response(status, &body)
    }

    #[test]
    fn reads_a_page() {
        let body = r#"{"success":true,"errors":[],"result":[
            {"id":"1","ip":"192.0.2.0/24","comment":"autosec: rule=scan","created_on":"2026-01-01T00:00:00Z"},
            {"id":"2","ip":"2001:db8::/64","comment":"office"},{"id":"3","asn":64500}],
            "result_info":{"cursors":{"before":"x","after":"y"}}}"#;
        let items = items(&response(200, body)).unwrap();
        assert_eq!((items.all.len(), items.next.as_deref()), (3, Some("y")));
        let ours: Vec<Entry> = items.ours().map(Item::entry).collect();
        assert_eq!((ours[0].target.as_str(), ours[0].reason.as_str()), ("192.0.2.0/24", "rule=scan"));
        assert_eq!(ours.len(), 1);
    }

    #[test]
    fn a_list_that_is_not_there_is_not_empty() {
        for body in [r#"{"success":true,"result":null}"#, "{}", "<html>", r#"{"success":true}"#] {
            assert!(items(&response(200, body)).is_err(), "{body}");
        }
    }

    #[test]
    fn what_is_in_the_way_has_a_kind() {
        let of = |response| list(&response).unwrap_err();
        assert_eq!(of(refused(403, 10_000, "Authentication error")).kind, FailureKind::Unauthorized);
        assert_eq!(of(refused(404, 10_001, "not found")).kind, FailureKind::InvalidConfig);
        assert_eq!(of(refused(429, 10_040, "too many")).retry_after_ms, Some(300_000));
        assert_eq!(of(refused(429, 0, "pending operation")).retry_after_ms, Some(2_000));
        assert_eq!(of(response(502, "<html>")).kind, FailureKind::Unavailable);
        assert_eq!(of(refused(400, 1, "exceeds the maximum number of items")).kind, FailureKind::Full);
        assert_eq!(of(refused(400, 1, "odd")).kind, FailureKind::Other("refused".to_owned()));
        assert_eq!(of(refused(200, 1, "odd")).kind, FailureKind::Other("refused".to_owned()));
        let mut slow = refused(429, 10_040, "too many");
        slow.headers.push(Header { name: "Retry-After".to_owned(), value: "17".to_owned() });
        assert_eq!(of(slow).retry_after_ms, Some(17_000));
    }

    #[test]
    fn a_change_is_done_or_under_way_or_failed() {
        let of = |result: &str| state(&response(200, &format!(r#"{{"success":true,"result":{result}}}"#)));
        assert_eq!(of(r#"{"id":"1","status":"completed"}"#), Ok(State::Done));
        assert_eq!(of(r#"{"id":"1","status":"running"}"#), Ok(State::UnderWay));
        let full = of(r#"{"id":"1","status":"failed","error":"list limit reached"}"#).unwrap_err();
        assert_eq!(full.kind, FailureKind::Full);
        assert_eq!(of(r#"{"id":"1","status":"odd"}"#).unwrap_err().kind, FailureKind::Protocol);
    }
}
