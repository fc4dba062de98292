//! Recorded exchanges, as a text that people write.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Answer, Exchange, Question};
use crate::{CommandResult, Header, HttpResponse, TransportError};

/// Exchanges in the order in which a plugin has them, and the world it has them in.
///
/// The text is TOML, or JSON of the same shape if it begins with a brace:
///
/// ```toml
/// now-ms = 1_763_860_000_000            # what the clock says; a day in 2025 by default
/// random = [4, 8]                       # what is drawn, over and over; 1, 2, 3 … by default
///
/// [[exchange]]
/// http = "POST https://edge.example/api/blocks"
/// headers = { content-type = "application/json" }   # those that must be there
/// json = '{"address": "203.0.113.7"}'               # or `body`, for exactly this text
/// secrets = ["token"]
/// answer = { status = 201, headers = { etag = "7" }, body = '{"id": 7}' }
///
/// [[exchange]]
/// http = "GET https://edge.example/api/status"
/// error = "timeout"                     # denied, timeout, dns, connect, tls, protocol, unsupported
///
/// [[exchange]]
/// exec = ["/usr/sbin/ipset", "add", "autosec", "203.0.113.7"]
/// answer = { exit = 1, stderr = "already added" }
///
/// [[exchange]]
/// session = "core-switch"
/// lines = ["show version"]
/// answer = { lines = ["16.9"] }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cassette {
    /// In order.
    pub exchanges: Vec<Exchange>,
    /// What the clock says, in milliseconds since 1970.
    pub now_ms: u64,
    /// The numbers that are drawn, over and over.
    pub random: Vec<u64>,
}

impl Cassette {
    /// Reads a text.
    ///
    /// # Errors
    /// It is no TOML or JSON, or an exchange is none.
    pub fn parse(text: &str) -> Result<Self, CassetteError> {
        let written: Written = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| CassetteError::Syntax(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| CassetteError::Syntax(error.to_string()))?
        };
        let exchanges = written.exchange.into_iter().enumerate();
        let exchanges = exchanges.map(|(index, line)| {
            line.exchange().map_err(|why| CassetteError::Exchange { number: index + 1, why })
        });
        Ok(Self {
            exchanges: exchanges.collect::<Result<_, _>>()?,
            now_ms: written.now_ms,
            random: written.random,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML or JSON, or an exchange is none.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path)
            .map_err(|source| CassetteError::Read { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// No exchange at all: whatever the plugin asks is a discrepancy.
    pub fn empty() -> Self {
        Self { exchanges: Vec::new(), now_ms: default_now(), random: Vec::new() }
    }
}

/// A text that is no cassette.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// It is neither TOML nor JSON of the right shape.
    #[error("the cassette cannot be read: {0}")]
    Syntax(String),
    /// An exchange contradicts itself.
    #[error("exchange {number} of the cassette {why}")]
    Exchange {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Read {
        /// Of the file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(default = "default_now")]
    now_ms: u64,
    #[serde(default)]
    random: Vec<u64>,
    #[serde(default)]
    exchange: Vec<Line>,
}

fn default_now() -> u64 {
    1_763_860_000_000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    http: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    json: Option<String>,
    secrets: Option<Vec<String>>,
    exec: Option<Vec<String>>,
    stdin: Option<String>,
    session: Option<String>,
    lines: Option<Vec<String>>,
    #[serde(default)]
    answer: Reply,
    error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    exit: i32,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
    #[serde(default)]
    lines: Vec<String>,
}

impl Line {
    fn exchange(self) -> Result<Exchange, &'static str> {
        let reply = self.answer;
        let (question, answer) = match (self.http, self.exec, self.session) {
            (Some(http), None, None) => {
                let (method, url) = http.split_once(' ').ok_or("needs `http = \"METHOD url\"`")?;
                let json = self.json.map(|json| serde_json::from_str(&json)).transpose();
                let json = json.map_err(|_| "has a `json` that is none")?;
                let question = Question::Http {
                    method: method.to_owned(),
                    url: url.trim().to_owned(),
                    headers: self.headers,
                    body: self.body,
                    json,
                    secrets: self.secrets,
                };
                (question, Answer::Http(reply.response()))
            }
            (None, Some(words), None) => {
                (Question::Exec { words, stdin: self.stdin }, Answer::Exec(reply.command_result()))
            }
            (None, None, Some(name)) => {
                let lines = self.lines.ok_or("has a `session` without `lines`")?;
                (Question::Session { name, lines }, Answer::Session(reply.lines))
            }
            _ => return Err("needs one of `http`, `exec` and `session`"),
        };
        let answer = match self.error {
            Some(error) => Err(failure(&error)?),
            None => Ok(answer),
        };
        Ok(Exchange { question, answer })
    }
}

impl Reply {
    fn response(self) -> HttpResponse {
        let headers = self.headers.into_iter().map(|(name, value)| Header { name, value }).collect();
        HttpResponse { status: self.status.unwrap_or(200), headers, body: self.body.into_bytes() }
    }

    fn command_result(self) -> CommandResult {
        CommandResult {
            exit_code: self.exit,
            stdout: self.stdout.into_bytes(),
            stderr: self.stderr.into_bytes(),
        }
    }
}

fn failure(name: &str) -> Result<TransportError, &'static str> {
    let words = "as the cassette says".to_owned();
    Ok(match name {
        "denied" => TransportError::Denied(words),
        "timeout" => TransportError::Timeout,
        "dns" => TransportError::Dns(words),
        "connect" => TransportError::Connect(words),
        "tls" => TransportError::Tls(words),
        "protocol" => TransportError::Protocol(words),
        "unsupported" => TransportError::Unsupported,
        _ => {
            return Err(
                "has an `error` that is none of denied, timeout, dns, connect, tls, protocol, unsupported",
            );
        }
    })
}
