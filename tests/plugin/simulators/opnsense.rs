//! A simulator of the part of OPNsense's API that changes what an alias holds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Line, Troubles, body, json};
use crate::support::web::{Answer, Asked, Site};

pub const KEY: &str = "key-of-the-test:secret-of-the-test";
/// The same as basic authentication writes it.
const BASIC: &str = "Basic a2V5LW9mLXRoZS10ZXN0OnNlY3JldC1vZi10aGUtdGVzdA==";

#[derive(Debug, Default)]
pub struct State {
    /// What the alias `autosec` holds, as it shows it.
    pub held: BTreeSet<String>,
    pub troubles: Troubles,
    pub asked: Vec<String>,
}

/// A firewall; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct OpnSense(Arc<Mutex<State>>);

impl OpnSense {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Site for OpnSense {
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
    fn serve(&mut self, asked: &Asked) -> Answer {
        if asked.header("authorization") != Some(BASIC) {
            return json(401, &json!({"status": 401, "message": "Authentication Failed"}));
        }
        let line = Line::of(asked);
        let action =
            line.path.strip_prefix("/api/firewall/alias_util/").and_then(|path| path.split_once('/'));
        match (line.method, action) {
            ("GET", Some(("list", "autosec"))) => {
                let rows: Vec<Value> = self.held.iter().map(|ip| json!({"ip": ip})).collect();
                json(200, &json!({"total": rows.len(), "rowCount": -1, "current": 1, "rows": rows}))
            }
            ("POST", Some((action @ ("add" | "delete"), "autosec"))) => self.change(action, asked),
            (_, Some(_)) => failed("nonexisting alias"),
            _ => json(404, &json!({"errorMessage": "Endpoint not found"})),
        }
    }

    fn change(&mut self, action: &str, asked: &Asked) -> Answer {
        let address =
            body(asked, "application/json").and_then(|body| Some(body["address"].as_str()?.to_owned()));
        let Some(address) = address.filter(|address| is_possible(address)) else {
            return failed("not an address");
        };
        if action == "add" {
            self.held.insert(address);
        } else {
            self.held.remove(&address);
        }
        json(200, &json!({"status": "done"}))
    }
}

/// Hosts without a length, and prefixes without host bits.
fn is_possible(address: &str) -> bool {
    let prefix = |prefix: IpNet| prefix.trunc() == prefix && prefix.prefix_len() < prefix.max_prefix_len();
    address.parse::<std::net::IpAddr>().is_ok() || address.parse().is_ok_and(prefix)
}

fn failed(why: &str) -> Answer {
    json(200, &json!({"status": "failed", "status_msg": why}))
}
