//! A host that writes down what it is asked, and answers by the request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Weak};
use std::time::Duration;

use async_trait::async_trait;
use autosec_integrations::plugin::interface::{
    Command, CommandResult, Context, Guest, HttpRequest, HttpResponse, KvError, Level, Services,
    TransportError,
};
use autosec_integrations::plugin::wasm::WasmGuest;

use super::context;

/// What was asked, one line each, and a guest to call back into.
#[derive(Debug, Default)]
pub struct Recorded {
    asked: Mutex<Vec<String>>,
    /// The calls into the plugin that it was told of, by their names and times.
    pub began: Mutex<Vec<(String, u32)>>,
    /// How many requests to `http://limited/` are answered; then they are denied.
    pub left: AtomicU64,
    pub back: Mutex<Option<Weak<WasmGuest>>>,
}

impl Recorded {
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn note(&self, line: String) {
        self.asked.lock().unwrap().push(line);
    }

    async fn answer(&self, host: &str) -> Result<String, TransportError> {
        match host {
            "never" => std::future::pending().await,
            "slow" => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok("slowly".to_owned())
            }
            "denied" => Err(TransportError::Denied("host `denied`".to_owned())),
            "huge" => Err(TransportError::TooLarge(1 << 20)),
            "limited" if self.left.load(Ordering::Relaxed) == 0 => Err(TransportError::Timeout),
            "limited" => Ok(self.left.fetch_sub(1, Ordering::Relaxed).to_string()),
            "back" => {
                let guest = self.back.lock().unwrap().as_ref().and_then(Weak::upgrade).unwrap();
                let health = guest.check_health(&context(1000)).await;
                Ok(format!("{health:?}"))
            }
            _ => Ok("hello".to_owned()),
        }
    }
}

#[async_trait]
impl Services for Recorded {
    fn begin(&self, context: &Context) {
        self.began.lock().unwrap().push((context.correlation_id.clone(), context.deadline_ms));
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.note(format!("{} {} {:?}", request.method, request.url, request.secrets));
        let host = request.url.trim_start_matches("http://").split('/').next().unwrap_or_default();
        let body = self.answer(host).await?.into_bytes();
        Ok(HttpResponse { status: 200, headers: request.headers, body })
    }

    async fn exec(&self, command: Command) -> Result<CommandResult, TransportError> {
        self.note(format!("{} {:?} < {}", command.program, command.args, command.stdin.len()));
        Ok(CommandResult { exit_code: -1, stdout: b"out".to_vec(), stderr: Vec::new() })
    }

    async fn session_exec(
        &self,
        session: &str,
        lines: Vec<String>,
        timeout_ms: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        self.note(format!("{session}: {lines:?} {timeout_ms:?}"));
        Ok(lines.into_iter().map(|line| format!("{line}!")).collect())
    }

    fn log(&self, level: Level, message: &str) {
        self.note(format!("{level:?} {message}"));
    }

    fn now_ms(&self) -> u64 {
        1_750_000_000_000
    }

    fn random_u64(&self) -> u64 {
        u64::MAX
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.note(format!("get {key}"));
        Ok((key == "known").then(|| b"value".to_vec()))
    }

    async fn kv_set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        self.note(format!("set {key} {}", value.len()));
        if key == "large" { Err(KvError::TooLarge(7)) } else { Ok(()) }
    }

    async fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        self.note(format!("delete {key}"));
        Err(KvError::Unavailable("gone".to_owned()))
    }
}
