//! A simulator of the part of RouterOS's REST API that holds address lists.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Line, Troubles, body, json};
use crate::support::web::{Answer, Asked, Site};

pub const PASSWORD: &str = "the-password-of-the-test-mt";
/// `autosec` and the password, as basic authentication writes them.
const BASIC: &str = "Basic YXV0b3NlYzp0aGUtcGFzc3dvcmQtb2YtdGhlLXRlc3QtbXQ=";
/// The longest time of an entry, in seconds.
const LONGEST: u64 = 21_474_836;

#[derive(Clone, Debug)]
pub struct Entry {
    pub list: String,
    pub address: String,
    pub comment: String,
    /// Until when it stays.
    pub until: Option<Duration>,
}

#[derive(Debug)]
pub struct State {
    /// By number, of IPv4 and of IPv6.
    pub entries: [BTreeMap<u32, Entry>; 2],
    /// The rules of the raw table.
    pub rules: Vec<Value>,
    pub troubles: Troubles,
    pub asked: Vec<String>,
    next: u32,
    started: Instant,
    advanced: Duration,
}

/// A router; clones are the same.
#[derive(Clone, Debug)]
pub struct MikroTik(Arc<Mutex<State>>);

impl MikroTik {
    pub fn new() -> Self {
        let rule = json!({"action": "drop", "src-address-list": "autosec", "disabled": "false"});
        Self(Arc::new(Mutex::new(State {
            entries: Default::default(),
            rules: vec![rule],
            troubles: Troubles::default(),
            asked: Vec::new(),
            next: 1,
            started: Instant::now(),
            advanced: Duration::ZERO,
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Site for MikroTik {
    fn answer(&self, asked: Asked) -> Answer {
        let state = &mut *self.state();
        state.asked.push(asked.line.trim_end_matches(" HTTP/1.1").to_owned());
        let mut troubles = std::mem::take(&mut state.troubles);
        let answer = troubles.around(|| state.serve(&asked));
        state.troubles = troubles;
        answer
    }
}

impl State {
    fn now(&self) -> Duration {
        self.started.elapsed() + self.advanced
    }

    pub fn advance(&mut self, by: Duration) {
        self.advanced += by;
    }

    /// Puts in an entry of somebody's.
    pub fn put(&mut self, ipv6: bool, list: &str, address: &str) {
        let entry = Entry {
            list: list.to_owned(),
            address: address.to_owned(),
            comment: "theirs".to_owned(),
            until: None,
        };
        self.next += 1;
        self.entries[usize::from(ipv6)].insert(self.next, entry);
    }

    fn serve(&mut self, asked: &Asked) -> Answer {
        if asked.header("authorization") != Some(BASIC) {
            return refused(401, "Unauthorized", "");
        }
        let now = self.now();
        for entries in &mut self.entries {
            entries.retain(|_, entry| entry.until.is_none_or(|until| until > now));
        }
        let line = Line::of(asked);
        let Some(path) = line.path.strip_prefix("/rest/") else { return refused(404, "Not Found", "") };
        match (line.method, path) {
            ("GET", "system/resource") => {
                json(200, &json!({"board-name": "hAP ax3", "version": "7.16.1 (stable)", "cpu-load": "3"}))
            }
            ("GET", "ip/firewall/raw") => json(200, &self.rules.clone().into()),
            ("GET", "ip/firewall/filter") => json(200, &json!([{"action": "accept"}])),
            (method, path) => {
                let lists = [("ip/firewall/address-list", 0), ("ipv6/firewall/address-list", 1)];
                let found = lists.iter().find_map(|(list, family)| Some((path.strip_prefix(list)?, *family)));
                match (method, found) {
                    ("GET", Some(("", family))) => self.list(family, line.field("list")),
                    ("PUT", Some(("", family))) => self.add(family, asked),
                    ("PATCH", Some((id, family))) => self.change(family, id, asked),
                    ("DELETE", Some((id, family))) => self.remove(family, id),
                    _ => refused(404, "Not Found", "no such command or directory"),
                }
            }
        }
    }

    fn row(&self, id: u32, entry: &Entry) -> Value {
        let mut row = json!({
            ".id": format!("*{id:X}"), "address": entry.address, "list": entry.list, "comment": entry.comment,
            "disabled": "false", "dynamic": entry.until.is_some().to_string(),
        });
        if let Some(until) = entry.until {
            row["timeout"] = written((until - self.now()).as_secs_f64().ceil() as u64).into();
        }
        row
    }

    fn list(&self, family: usize, list: Option<&str>) -> Answer {
        let is_asked = |entry: &Entry| list.is_none_or(|list| list == entry.list);
        let rows = self.entries[family].iter().filter(|(_, entry)| is_asked(entry));
        json(200, &rows.map(|(id, entry)| self.row(*id, entry)).collect::<Vec<_>>().into())
    }

    fn add(&mut self, family: usize, asked: &Asked) -> Answer {
        let Some(body) = body(asked, "application/json") else {
            return refused(400, "Bad Request", "no JSON");
        };
        let field = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let address = field("address");
        let Some(shown) = shown(&address, family == 1) else {
            return refused(400, "Bad Request", "invalid value for argument address");
        };
        let until = match body.get("timeout").map(|timeout| read(timeout.as_str().unwrap_or_default())) {
            None => None,
            Some(Some(seconds)) => Some(self.now() + Duration::from_secs(seconds)),
            Some(None) => return refused(400, "Bad Request", "invalid value for argument timeout"),
        };
        let entry = Entry { list: field("list"), address: shown, comment: field("comment"), until };
        let is_there = |held: &Entry| (&held.list, &held.address) == (&entry.list, &entry.address);
        if self.entries[family].values().any(is_there) {
            return refused(400, "Bad Request", "failure: already have such entry");
        }
        self.next += 1;
        let row = self.row(self.next, &entry);
        self.entries[family].insert(self.next, entry);
        json(201, &row)
    }

    fn change(&mut self, family: usize, id: &str, asked: &Asked) -> Answer {
        let Some(body) = body(asked, "application/json") else {
            return refused(400, "Bad Request", "no JSON");
        };
        let until = match body["timeout"].as_str() {
            Some("none-static") => None,
            Some(text) => match read(text) {
                Some(seconds) => Some(self.now() + Duration::from_secs(seconds)),
                None => return refused(400, "Bad Request", "invalid value for argument timeout"),
            },
            None => return refused(400, "Bad Request", "nothing to set"),
        };
        let Some(number) = number(id) else { return refused(404, "Not Found", "no such item (4)") };
        match self.entries[family].get_mut(&number) {
            Some(entry) => {
                entry.until = until;
                let entry = entry.clone();
                json(200, &self.row(number, &entry))
            }
            None => refused(404, "Not Found", "no such item (4)"),
        }
    }

    fn remove(&mut self, family: usize, id: &str) -> Answer {
        match number(id).and_then(|id| self.entries[family].remove(&id)) {
            Some(_) => Answer { status: 204, ..Answer::new("") },
            None => refused(404, "Not Found", "no such item (4)"),
        }
    }
}

fn number(id: &str) -> Option<u32> {
    u32::from_str_radix(id.strip_prefix("/*")?, 16).ok()
}

/// Whole seconds, as a number with `s`, up to the most.
fn read(text: &str) -> Option<u64> {
    text.strip_suffix('s')?.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds))
}

/// As the router shows times: `1d2h3m4s`.
fn written(mut seconds: u64) -> String {
    let mut text = String::new();
    for (unit, size) in [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if seconds >= size {
            text += &format!("{}{unit}", seconds / size);
            seconds %= size;
        }
    }
    text
}

/// As the router shows addresses: hosts of IPv4 without a length, all else with.
fn shown(address: &str, ipv6: bool) -> Option<String> {
    let target = address.parse::<IpAddr>().map(IpNet::from).or_else(|_| address.parse::<IpNet>()).ok()?;
    if target.addr().is_ipv6() != ipv6 || target.trunc() != target {
        return None;
    }
    Some(if !ipv6 && target.prefix_len() == 32 { target.addr().to_string() } else { target.to_string() })
}

fn refused(status: u16, message: &str, detail: &str) -> Answer {
    let mut body = json!({"error": status, "message": message});
    if !detail.is_empty() {
        body["detail"] = detail.into();
    }
    json(status, &body)
}
