//! Devices of our own making that behave as their public documentation says, and stricter where it says nothing: results are
//! against these simulators, not on the products whose names they bear.

pub mod cloudflare;
pub mod fortigate;
pub mod mikrotik;
pub mod opnsense;
pub mod wafv2;

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use crate::support::web::{Answer, Asked};

/// Something that happens to one request.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// The connection is cut before anything is done.
    CutBefore,
    /// It is done, and the connection is cut before the answer.
    CutAfter,
    /// It is done, and the answer breaks off in the middle.
    Truncated,
    /// It takes its time.
    Slow(Duration),
    /// A server in front of it has enough to do, and says for how many seconds.
    Status(u16, Option<u32>),
}

/// What happens to the next requests.
#[derive(Debug, Default)]
pub struct Troubles(pub VecDeque<Trouble>);

impl Troubles {
    /// Answers a request, with what happens to it.
    pub fn around(&mut self, work: impl FnOnce() -> Answer) -> Answer {
        match self.0.pop_front() {
            None => work(),
            Some(Trouble::CutBefore) => Answer { cut: Some(0), ..Answer::new("") },
            Some(Trouble::CutAfter) => Answer { cut: Some(0), ..work() },
            Some(Trouble::Truncated) => {
                let answer = work();
                Answer { cut: Some(answer.body.len() / 2), ..answer }
            }
            Some(Trouble::Slow(after)) => Answer { after, ..work() },
            Some(Trouble::Status(status, wait)) => {
                let headers = wait.map(|wait| ("Retry-After", wait.to_string())).into_iter().collect();
                Answer { status, headers, ..Answer::new("<html>busy</html>") }
            }
        }
    }
}

/// Method, path and the fields of the query.
pub struct Line<'a> {
    pub method: &'a str,
    pub path: &'a str,
    query: Vec<(&'a str, &'a str)>,
}

impl<'a> Line<'a> {
    pub fn of(asked: &'a Asked) -> Self {
        let mut parts = asked.line.split(' ');
        let (method, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Self { method, path, query }
    }

    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.query.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}

pub fn json(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        headers: vec![("Content-Type", "application/json".to_owned())],
        ..Answer::new(body.to_string())
    }
}

/// The body, if it says that it is JSON, and is.
pub fn body(asked: &Asked, content_type: &str) -> Option<Value> {
    let is_named = asked.header("content-type") == Some(content_type);
    is_named.then(|| serde_json::from_slice(&asked.body).ok())?
}
