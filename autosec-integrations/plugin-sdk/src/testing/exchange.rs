//! One question of a plugin and the answer that it gets.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Command, CommandResult, Header, HttpRequest, HttpResponse, TransportError};

/// What a plugin is expected to ask, and what it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// What it must ask.
    pub question: Question,
    /// What it is answered.
    pub answer: Result<Answer, TransportError>,
}

/// What a plugin is expected to ask. What is `None` or not named may be anything.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// A request.
    Http {
        /// In upper case.
        method: String,
        /// The whole of it.
        url: String,
        /// Headers that must be there, by name in any case; others may be.
        headers: BTreeMap<String, String>,
        /// The body, as text.
        body: Option<String>,
        /// The body, as a value: order of keys and spaces don't matter.
        json: Option<serde_json::Value>,
        /// The names of secrets.
        secrets: Option<Vec<String>>,
    },
    /// A program.
    Exec {
        /// The program and its arguments.
        words: Vec<String>,
        /// What it is to read, as text.
        stdin: Option<String>,
    },
    /// Lines for a device.
    Session {
        /// The session's name.
        name: String,
        /// All of them.
        lines: Vec<String>,
    },
}

/// What comes back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To a request.
    Http(HttpResponse),
    /// To a program.
    Exec(CommandResult),
    /// To lines.
    Session(Vec<String>),
}

/// What a plugin really asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    Http(HttpRequest),
    Exec(Command),
    Session(String, Vec<String>),
}

impl Question {
    /// Why `asked` is something else; none if it is this.
    pub(super) fn difference(&self, asked: &Asked) -> Option<String> {
        match (self, asked) {
            (Self::Http { method, url, headers, body, json, secrets }, Asked::Http(request)) => {
                let line = format!("{method} {url}");
                different("request", &line, &format!("{} {}", request.method, request.url))
                    .or_else(|| {
                        headers.iter().find_map(|(name, value)| header(&request.headers, name, value))
                    })
                    .or_else(|| different("body", body.as_ref()?, &text(&request.body)))
                    .or_else(|| json_difference(json.as_ref()?, &request.body))
                    .or_else(|| different_lists("secrets", secrets.as_ref()?, &request.secrets))
            }
            (Self::Exec { words, stdin }, Asked::Exec(command)) => {
                let asked: Vec<String> =
                    std::iter::once(&command.program).chain(&command.args).cloned().collect();
                different_lists("command", words, &asked)
                    .or_else(|| different("input", stdin.as_ref()?, &text(&command.stdin)))
            }
            (Self::Session { name, lines }, Asked::Session(session, typed)) => {
                different("session", name, session).or_else(|| different_lists("lines", lines, typed))
            }
            _ => Some(format!("the cassette has {self}, the plugin asks {asked}")),
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { method, url, .. } => write!(f, "`{method} {url}`"),
            Self::Exec { words, .. } => write!(f, "the command `{}`", words.join(" ")),
            Self::Session { name, .. } => write!(f, "lines for the session `{name}`"),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(request) => {
                write!(f, "`{} {}`", request.method, request.url)?;
                detail(f, &text(&request.body))
            }
            Self::Exec(command) => {
                write!(f, "the command `{}", command.program)?;
                command.args.iter().try_for_each(|argument| write!(f, " {argument}"))?;
                f.write_str("`")?;
                detail(f, &text(&command.stdin))
            }
            Self::Session(name, lines) => {
                write!(f, "lines for the session `{name}`")?;
                lines.iter().try_for_each(|line| detail(f, line))
            }
        }
    }
}

/// A line below, no longer than a terminal is wide.
fn detail(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    const WIDTH: usize = 90;
    if text.is_empty() {
        return Ok(());
    }
    let shown: String = text.chars().take(WIDTH).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    write!(f, "\n      {shown}{more}")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn different(what: &str, expected: &str, asked: &str) -> Option<String> {
    (expected != asked).then(|| format!("the {what} is `{asked}`, the cassette has `{expected}`"))
}

fn different_lists(what: &str, expected: &[String], asked: &[String]) -> Option<String> {
    (expected != asked).then(|| format!("the {what} are {asked:?}, the cassette has {expected:?}"))
}

fn header(headers: &[Header], name: &str, value: &str) -> Option<String> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    match found {
        Some(header) => different(&format!("header `{name}`"), value, &header.value),
        None => Some(format!("the header `{name}` is missing")),
    }
}

fn json_difference(expected: &serde_json::Value, body: &[u8]) -> Option<String> {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(asked) if asked == *expected => None,
        Ok(asked) => different("body", &expected.to_string(), &asked.to_string()),
        Err(_) => Some(format!("the body `{}` is no JSON", text(body))),
    }
}
