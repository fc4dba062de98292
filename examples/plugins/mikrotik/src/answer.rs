use std::collections::BTreeMap;
use std::fmt;

use autosec_plugin::{Entry, Failure, FailureKind, HttpResponse, fail, words};
use ipnet::IpNet;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::item::{Time, read, written as address};

/// When to ask again where the router does not say.
const OVERLOAD: u32 = 10_000;

/// An entry of the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Listed {
    /// What the router calls it: `*1A`.
    pub(crate) id: String,
    pub(crate) time: Time,
    comment: String,
}

impl Listed {
    pub(crate) fn entry(&self, target: IpNet) -> Entry {
        Entry {
            target: address(target),
            ttl_secs: self.time.0,
            reason: self.comment.clone(),
            idempotency_key: self.id.clone(),
            extra: Vec::new(),
        }
    }
}

/// What became of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Written {
    /// It took effect, on the entry of this name.
    Done(Option<String>),
    /// There is such an entry already.
    There,
    /// There is no such entry.
    Gone,
}

/// What the router is.
#[derive(Debug, Deserialize)]
pub(crate) struct System {
    #[serde(default, rename = "board-name")]
    board: String,
    version: String,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with RouterOS {}", words(&self.board), words(&self.version))
    }
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = ".id")]
    id: String,
    #[serde(default)]
    address: String,
    timeout: Option<String>,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    action: String,
    #[serde(default, rename = "src-address-list")]
    list: String,
    #[serde(default)]
    disabled: String,
}

#[derive(Default, Deserialize)]
struct Objection {
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

pub(crate) fn listed(response: &HttpResponse) -> Result<BTreeMap<IpNet, Listed>, Failure> {
    let rows: Vec<Row> = body(response)?;
    let mut held = BTreeMap::new();
    for row in rows {
        let Some(target) = read(&row.address) else { continue };
        let digits = row.id.strip_prefix('*').unwrap_or_default();
        if digits.is_empty() || digits.len() > 16 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(fail(FailureKind::Protocol, format!("an entry is called `{}`", words(&row.id))));
        }
        let time = match row.timeout.as_deref() {
            None | Some("") => Time(None),
            Some(text) => Time::read(text)
                .ok_or_else(|| fail(FailureKind::Protocol, format!("an entry ends in `{}`", words(text))))?,
        };
        held.insert(target, Listed { id: row.id, time, comment: row.comment });
    }
    Ok(held)
}

pub(crate) fn written(response: &HttpResponse) -> Result<Written, Failure> {
    match refused(response) {
        None => {
            let row: Option<Row> = serde_json::from_slice(&response.body).ok();
            Ok(Written::Done(row.map(|row| row.id)))
        }
        Some((failure, said)) => match (response.status, said.to_lowercase()) {
            (400, said) if said.contains("already have such entry") => Ok(Written::There),
            (400 | 404, said) if said.contains("no such item") => Ok(Written::Gone),
            _ => Err(failure),
        },
    }
}

pub(crate) fn system(response: &HttpResponse) -> Result<System, Failure> {
    let found = match body::<OneOrMany<System>>(response)? {
        OneOrMany::One(system) => Some(system),
        OneOrMany::Many(systems) => systems.into_iter().next(),
    };
    found.ok_or_else(|| fail(FailureKind::Protocol, "it does not say what it is"))
}

/// How many rules drop what comes from the list.
pub(crate) fn rules(response: &HttpResponse, list: &str) -> Result<usize, Failure> {
    let rules: Vec<Rule> = body(response)?;
    let drops = |rule: &&Rule| {
        rule.list == list && rule.disabled != "true" && matches!(&*rule.action, "drop" | "reject" | "tarpit")
    };
    Ok(rules.iter().filter(drops).count())
}

fn body<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, Failure> {
    if let Some((failure, _)) = refused(response) {
        return Err(failure);
    }
    let unread = |error| fail(FailureKind::Protocol, format!("the answer cannot be read: {error}"));
    serde_json::from_slice(&response.body).map_err(unread)
}

/// Why it is no success, and the router's own words.
fn refused(response: &HttpResponse) -> Option<(Failure, String)> {
    let status = response.status;
    if matches!(status, 200..=299) {
        return None;
    }
    let said: Objection = serde_json::from_slice(&response.body).unwrap_or_default();
    let said = words(if said.detail.is_empty() { &said.message } else { &said.detail });
    let what = if said.is_empty() { format!("status {status}") } else { format!("{said} (status {status})") };
    let failure = match status {
        401 => fail(FailureKind::Unauthorized, format!("it refuses user and password: {what}")),
        403 => fail(
            FailureKind::Unauthorized,
            format!("it does not allow it: {what}; the user's group needs read, write and rest-api"),
        ),
        404 => fail(
            FailureKind::InvalidConfig,
            format!("it has no such thing: {what}; the REST API is there from RouterOS 7.1 on, with www-ssl"),
        ),
        429 => fail(FailureKind::RateLimited, format!("it wants to be asked more slowly: {what}"))
            .with_retry_after_ms(response.retry_after_ms().unwrap_or(OVERLOAD)),
        500..=599 => {
            let failure = fail(FailureKind::Unavailable, format!("it is not well: {what}"));
            Failure { retry_after_ms: response.retry_after_ms(), ..failure }
        }
        _ => fail(FailureKind::Other("refused".to_owned()), format!("it refuses: {what}")),
    };
    Some((failure, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn reads_a_list() {
        let body = r#"[{".id":"*1A","address":"192.0.2.1","list":"autosec","timeout":"59m58s","dynamic":"true"},
            {".id":"*2","address":"198.51.100.0/24","comment":"rule=scan"},
            {".id":"*3","address":"192.0.2.1-192.0.2.9"},{".id":"*4","address":"example.org"}]"#;
        let held = listed(&response(200, body)).unwrap();
        let entries: Vec<Entry> = held.iter().map(|(target, listed)| listed.entry(*target)).collect();
        assert_eq!((entries[0].target.as_str(), entries[0].ttl_secs), ("192.0.2.1", Some(3_598)));
        assert_eq!(
            (entries[1].target.as_str(), entries[1].reason.as_str()),
            ("198.51.100.0/24", "rule=scan")
        );
        assert_eq!(entries.len(), 2, "ranges and names are not ours");
    }

    #[test]
    fn a_name_that_would_leave_its_place_is_refused() {
        for id in ["../user", "*", "1A", "*1/x", "*zz"] {
            let body = format!(r#"[{{".id":"{id}","address":"192.0.2.1"}}]"#);
            assert_eq!(listed(&response(200, &body)).unwrap_err().kind, FailureKind::Protocol, "{id}");
        }
    }

    #[test]
    fn what_is_in_the_way_has_a_kind() {
        let of = |status, detail: &str| {
            let body = format!(r#"{{"error":{status},"message":"Bad Request","detail":"{detail}"}}"#);
            written(&response(status, &body))
        };
        assert_eq!(of(400, "failure: already have such entry"), Ok(Written::There));
        assert_eq!(of(404, "no such item (4)"), Ok(Written::Gone));
        assert_eq!(of(401, "").unwrap_err().kind, FailureKind::Unauthorized);
        assert_eq!(of(403, "not enough permissions (9)").unwrap_err().kind, FailureKind::Unauthorized);
        assert_eq!(of(404, "no such command or directory").unwrap_err().kind, FailureKind::InvalidConfig);
        assert_eq!(of(503, "").unwrap_err().kind, FailureKind::Unavailable);
        assert_eq!(of(400, "invalid value").unwrap_err().kind, FailureKind::Other("refused".to_owned()));
        assert_eq!(written(&response(204, "")), Ok(Written::Done(None)));
        assert_eq!(written(&response(201, r#"{".id":"*7"}"#)), Ok(Written::Done(Some("*7".to_owned()))));
    }

    #[test]
    fn rules_count_that_drop() {
        let body = r#"[{"action":"drop","src-address-list":"autosec","disabled":"false"},
            {"action":"drop","src-address-list":"autosec","disabled":"true"},{"action":"accept"},
            {"action":"drop","src-address-list":"other"}]"#;
        assert_eq!(rules(&response(200, body), "autosec"), Ok(1));
        assert_eq!(
            system(&response(200, r#"[{"board-name":"hAP","version":"7.14"}]"#)).unwrap().version,
            "7.14"
        );
        assert_eq!(system(&response(200, r#"{"board-name":"hAP","version":"7.14"}"#)).unwrap().board, "hAP");
    }
}
