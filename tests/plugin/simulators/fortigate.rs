//! A simulator of the part of FortiOS's REST API that bans addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Line, Troubles, body, json};
use crate::support::web::{Answer, Asked, Site};

pub const TOKEN: &str = "the-token-of-the-test-fg";

#[derive(Clone, Debug)]
pub struct Ban {
    /// Seconds since 1970; 0 is never.
    pub expires: u64,
    pub cause: &'static str,
}

#[derive(Debug)]
pub struct State {
    pub bans: BTreeMap<IpAddr, Ban>,
    /// Whether a ban that is there takes another end: what is documented nowhere.
    pub takes_new_ends: bool,
    pub troubles: Troubles,
    pub asked: Vec<String>,
    /// Seconds that its clock is ahead.
    pub advanced: u64,
}

/// A FortiGate; clones are the same.
#[derive(Clone, Debug)]
pub struct FortiGate(Arc<Mutex<State>>);

impl FortiGate {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            bans: BTreeMap::new(),
            takes_new_ends: true,
            troubles: Troubles::default(),
            asked: Vec::new(),
            advanced: 0,
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Site for FortiGate {
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
    pub fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + self.advanced
    }

    fn serve(&mut self, asked: &Asked) -> Answer {
        if asked.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return Answer { status: 401, ..Answer::new("") };
        }
        let line = Line::of(asked);
        let now = self.now();
        self.bans.retain(|_, ban| ban.expires == 0 || ban.expires > now);
        if line.field("vdom") != Some("root") {
            return refused(403, -3);
        }
        let Some(path) = line.path.strip_prefix("/api/v2/monitor/") else { return refused(404, 404) };
        match (line.method, path) {
            ("GET", "user/banned") => self.list(),
            ("GET", "system/status") => succeeded(
                "GET",
                &json!({"model_name": "FortiGate", "model_number": "60F", "hostname": "edge"}),
            ),
            ("POST", "user/banned/add_users") => self.add(asked),
            ("POST", "user/banned/clear_users") => self.clear(asked),
            (_, "user/banned" | "user/banned/add_users" | "user/banned/clear_users") => refused(405, 405),
            _ => refused(404, 404),
        }
    }

    fn list(&self) -> Answer {
        let ban = |(ip, ban): (&IpAddr, &Ban)| json!({"ip_address": ip.to_string(), "created": 1_000, "expires": ban.expires, "cause": ban.cause});
        succeeded("GET", &self.bans.iter().map(ban).collect::<Vec<_>>().into())
    }

    fn add(&mut self, asked: &Asked) -> Answer {
        let Some((ips, body)) = addresses(asked) else { return refused(424, -651) };
        let Some(expiry) = body["expiry"].as_u64().filter(|expiry| *expiry <= 2_147_483_647) else {
            return refused(424, -651);
        };
        let expires = if expiry == 0 { 0 } else { self.now() + expiry };
        for ip in ips {
            let fresh = Ban { expires, cause: "Administrative" };
            match self.bans.get_mut(&ip) {
                Some(ban) if ban.cause != "Administrative" || !self.takes_new_ends => {}
                Some(ban) => *ban = fresh,
                None => _ = self.bans.insert(ip, fresh),
            }
        }
        succeeded("POST", &Value::Null)
    }

    fn clear(&mut self, asked: &Asked) -> Answer {
        let Some((ips, _)) = addresses(asked) else { return refused(424, -651) };
        ips.iter().for_each(|ip| _ = self.bans.remove(ip));
        succeeded("POST", &Value::Null)
    }
}

/// The addresses of a request; none if one of them is none.
fn addresses(asked: &Asked) -> Option<(Vec<IpAddr>, Value)> {
    let body = body(asked, "application/json")?;
    let ips = body["ip_addresses"].as_array().filter(|ips| !ips.is_empty())?;
    let ips: Option<Vec<IpAddr>> = ips.iter().map(|ip| ip.as_str()?.parse().ok()).collect();
    Some((ips?, body.clone()))
}

fn succeeded(method: &str, results: &Value) -> Answer {
    let mut body = json!({
        "http_method": method, "vdom": "root", "status": "success", "serial": "FGT60F0000000000",
        "version": "v7.4.4", "build": 2662,
    });
    if !results.is_null() {
        body["results"] = results.clone();
    }
    json(200, &body)
}

fn refused(status: u16, error: i32) -> Answer {
    json(status, &json!({"http_status": status, "status": "error", "error": error, "vdom": "root"}))
}
