//! What a web server logs of one client.

use std::fmt::Write;

use super::{CLIENT, Case, clock};

pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// One log, one client.
#[derive(Clone, Copy)]
pub struct Visit {
    pub agent: &'static str,
    pub gap: usize,
    pub method: &'static str,
    pub referrer: &'static str,
    pub status: u16,
}

/// A browser that gets what it asks for, once a second.
pub const VISIT: Visit = Visit { agent: BROWSER, gap: 1, method: "GET", referrer: "-", status: 200 };
pub const POST: Visit = Visit { method: "POST", ..VISIT };
pub const MISSING: Visit = Visit { status: 404, ..VISIT };

impl Visit {
    pub fn agent(name: &'static str, agent: &'static str) -> Case {
        Self { agent, ..VISIT }.of(name, &["/"])
    }

    pub fn of(self, name: &'static str, urls: &[&str]) -> Case {
        self.many(name, urls.len(), |n| urls[n].to_owned())
    }

    /// As many requests as asked for, each for the URL of its number.
    pub fn many(self, name: &'static str, requests: usize, url: impl Fn(usize) -> String) -> Case {
        let mut log = String::new();
        for n in 0..requests {
            let Self { agent, method, referrer, status, .. } = self;
            let time = clock(n * self.gap);
            let url = url(n);
            writeln!(
                log,
                r#"{CLIENT} - - [12/Nov/2026:{time} +0000] "{method} {url} HTTP/1.1" {status} 100 "{referrer}" "{agent}""#
            )
            .unwrap();
        }
        (name, log)
    }

    /// A search that is sent with each key pressed.
    pub fn typed(name: &'static str, words: &str) -> Case {
        let words: String = words.chars().map(escaped).collect();
        let ends: Vec<usize> = (1..=words.len()).filter(|end| boundary(&words, *end)).collect();
        VISIT.many(name, ends.len(), |n| format!("/search?q={}", &words[..ends[n]]))
    }
}

/// As a form sends it.
fn escaped(letter: char) -> String {
    match letter {
        ' ' => "+".to_owned(),
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '*' => letter.to_string(),
        other => format!("%{:02X}", u32::from(other)),
    }
}

/// Whether a cut before `end` parts no `%XX`.
fn boundary(text: &str, end: usize) -> bool {
    let before = text[..end].rfind('%');
    before.is_none_or(|at| end >= at + 3)
}
