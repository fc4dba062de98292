//! A simulator of Cloudflare's Lists API: asynchronous changes, one at a time an account, and no item twice.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Line, Troubles, body, json};
use crate::support::web::{Answer, Asked, Site};

pub const ACCOUNT: &str = "0a0b0c0d0a0b0c0d0a0b0c0d0a0b0c0d";
pub const LIST: &str = "11112222333344445555666677778888";
pub const TOKEN: &str = "the-token-of-the-test-cf";

#[derive(Clone, Debug)]
pub struct Item {
    pub ip: String,
    pub comment: String,
}

#[derive(Debug)]
pub struct State {
    /// By identifier.
    pub items: BTreeMap<String, Item>,
    pub capacity: usize,
    /// How many requests later a change is done.
    pub slowness: u32,
    /// How many rules look into the list.
    pub rules: u32,
    pub troubles: Troubles,
    /// Method and path of all that was asked.
    pub asked: Vec<String>,
    under_way: Option<(String, u32, Work)>,
    /// What became of changes.
    ended: BTreeMap<String, Result<(), String>>,
    next: u32,
}

#[derive(Clone, Debug)]
enum Work {
    Add(Vec<Item>),
    Remove(Vec<String>),
}

/// An account with one list; clones are the same.
#[derive(Clone, Debug)]
pub struct Cloudflare(Arc<Mutex<State>>);

impl Cloudflare {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            items: BTreeMap::new(),
            capacity: 10_000,
            slowness: 1,
            rules: 1,
            troubles: Troubles::default(),
            asked: Vec::new(),
            under_way: None,
            ended: BTreeMap::new(),
            next: 0,
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Site for Cloudflare {
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
        if asked.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return refused(403, 10_000, "Authentication error");
        }
        self.go_on();
        let line = Line::of(asked);
        let lists = format!("/client/v4/accounts/{ACCOUNT}/rules/lists/");
        let Some(rest) = line.path.strip_prefix(&lists) else { return refused(404, 7_003, "no such route") };
        if let Some(id) = rest.strip_prefix("bulk_operations/").filter(|_| line.method == "GET") {
            return self.progress(id);
        }
        match (line.method, rest.strip_prefix(LIST)) {
            ("GET", Some("")) => self.list(),
            ("GET", Some("/items")) => self.page(&line),
            ("POST", Some("/items")) => self.begin(added(asked)),
            ("DELETE", Some("/items")) => {
                let work = self.removed(asked);
                self.begin(work)
            }
            (_, None) => refused(404, 10_018, "list not found"),
            _ => refused(405, 10_405, "Method not allowed"),
        }
    }

    fn list(&self) -> Answer {
        accepted(&json!({
            "id": LIST, "name": "autosec", "kind": "ip", "num_items": self.items.len(),
            "num_referencing_filters": self.rules,
        }))
    }

    fn page(&self, line: &Line<'_>) -> Answer {
        let size: usize = line.field("per_page").map_or(100, |size| size.parse().unwrap_or(0));
        if !(1..=500).contains(&size) {
            return refused(400, 10_013, "per_page is not in 1 to 500");
        }
        let after = line.field("cursor").unwrap_or("");
        let mut rest = self.items.iter().filter(|(id, _)| id.as_str() > after);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let items: Vec<Value> =
            page.iter().map(|(id, item)| json!({"id": id, "ip": item.ip, "comment": item.comment})).collect();
        let mut cursors = json!({});
        if rest.next().is_some() {
            cursors = json!({"after": page.last().map(|(id, _)| id)});
        }
        json(
            200,
            &json!({
                "success": true, "errors": [], "messages": [], "result": items, "result_info": {"cursors": cursors},
            }),
        )
    }

    fn begin(&mut self, work: Result<Work, Answer>) -> Answer {
        let work = match work {
            Ok(work) => work,
            Err(answer) => return answer,
        };
        if self.under_way.is_some() {
            return refused(429, 10_035, "another operation of the account is pending");
        }
        self.next += 1;
        let id = format!("operation-{}", self.next);
        self.under_way = Some((id.clone(), self.slowness, work));
        accepted(&json!({"operation_id": id}))
    }

    fn progress(&self, id: &str) -> Answer {
        let status = match (&self.under_way, self.ended.get(id)) {
            (Some((under_way, ..)), _) if under_way == id => json!({"id": id, "status": "running"}),
            (_, Some(Ok(()))) => {
                json!({"id": id, "status": "completed", "completed": "2026-11-23T00:00:00Z"})
            }
            (_, Some(Err(why))) => json!({"id": id, "status": "failed", "error": why}),
            (_, None) => return refused(404, 10_020, "operation not found"),
        };
        accepted(&status)
    }

    /// A step of what is under way; each request is one.
    pub fn go_on(&mut self) {
        if let Some((id, left, work)) = self.under_way.take() {
            if left > 1 {
                self.under_way = Some((id, left - 1, work));
            } else {
                let ended = self.work(work);
                self.ended.insert(id, ended);
            }
        }
    }

    fn work(&mut self, work: Work) -> Result<(), String> {
        match work {
            Work::Add(new) => {
                if self.items.len() + new.len() > self.capacity {
                    return Err("the list would exceed the maximum number of items".to_owned());
                }
                for item in new {
                    // An item with the same address becomes that one.
                    self.items.retain(|_, held| held.ip != item.ip);
                    self.next += 1;
                    self.items.insert(format!("item-{:08}", self.next), item);
                }
            }
            Work::Remove(ids) => ids.iter().for_each(|id| _ = self.items.remove(id)),
        }
        Ok(())
    }

    fn removed(&self, asked: &Asked) -> Result<Work, Answer> {
        let body = body(asked, "application/json").ok_or_else(|| refused(400, 10_000, "no JSON"))?;
        let ids = body["items"].as_array().filter(|ids| !ids.is_empty());
        let ids = ids.ok_or_else(|| refused(400, 10_001, "items is missing"))?;
        let ids: Option<Vec<String>> = ids.iter().map(|item| Some(item["id"].as_str()?.to_owned())).collect();
        let ids = ids.filter(|ids| ids.iter().all(|id| self.items.contains_key(id)));
        ids.map(Work::Remove).ok_or_else(|| refused(400, 10_014, "item not found"))
    }
}

/// The items of a request, each of a form that a list takes, and none twice.
fn added(asked: &Asked) -> Result<Work, Answer> {
    let body = body(asked, "application/json").ok_or_else(|| refused(400, 10_000, "no JSON"))?;
    let rows =
        body.as_array().filter(|rows| !rows.is_empty()).ok_or_else(|| refused(400, 10_001, "no items"))?;
    let mut items: Vec<Item> = Vec::new();
    for row in rows {
        let (ip, comment) =
            (row["ip"].as_str().unwrap_or_default(), row["comment"].as_str().unwrap_or_default());
        if !is_possible(ip) || comment.len() > 500 {
            return Err(refused(400, 10_010, &format!("invalid item {ip}")));
        }
        if items.iter().any(|item| item.ip == ip) {
            return Err(refused(400, 10_011, "duplicates of items in the request"));
        }
        items.push(Item { ip: ip.to_owned(), comment: comment.to_owned() });
    }
    Ok(Work::Add(items))
}

/// Single IPv4 addresses without a length, prefixes without host bits: IPv4 from /8, IPv6 from /12 to /64.
fn is_possible(ip: &str) -> bool {
    match ip.parse::<IpNet>() {
        Ok(IpNet::V4(prefix)) => prefix.trunc() == prefix && (8..=31).contains(&prefix.prefix_len()),
        Ok(IpNet::V6(prefix)) => prefix.trunc() == prefix && (12..=64).contains(&prefix.prefix_len()),
        Err(_) => ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()),
    }
}

fn accepted(result: &Value) -> Answer {
    json(200, &json!({"success": true, "errors": [], "messages": [], "result": result}))
}

fn refused(status: u16, code: u32, message: &str) -> Answer {
    let errors = [json!({"code": code, "message": message})];
    json(status, &json!({"success": false, "errors": errors, "messages": [], "result": null}))
}
