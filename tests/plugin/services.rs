//! A host for plugins under test: it answers each question in its own way, and remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use autosec_integrations::plugin::interface::{
    Command, CommandResult, Context, HttpRequest, HttpResponse, KvError, Level, Services, TransportError,
};

/// Answers requests with 201 and what was asked, unless the address ends in `/never`.
#[derive(Debug, Default)]
pub struct Notes {
    pub lines: Mutex<Vec<String>>,
    /// The calls into the plugin that it was told of, by their names and times.
    pub began: Mutex<Vec<(String, u32)>>,
    values: Mutex<BTreeMap<String, Vec<u8>>>,
}

#[async_trait]
impl Services for Notes {
    fn begin(&self, context: &Context) {
        self.began.lock().unwrap().push((context.correlation_id.clone(), context.deadline_ms));
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.lines.lock().unwrap().push(format!("{} {}", request.method, request.url));
        if request.url.ends_with("/never") {
            std::future::pending::<()>().await;
        }
        if request.url.ends_with("/slow") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(HttpResponse { status: 201, headers: Vec::new(), body: vec![b'a', 0xff] })
    }

    async fn exec(&self, command: Command) -> Result<CommandResult, TransportError> {
        let stdout = [command.program.as_bytes(), b" ", command.stdin.as_slice()].concat();
        Ok(CommandResult { exit_code: 3, stdout, stderr: Vec::new() })
    }

    async fn session_exec(
        &self,
        session: &str,
        lines: Vec<String>,
        _: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        if session == "none" {
            return Err(TransportError::Denied("no such session".to_owned()));
        }
        Ok(lines.into_iter().map(|line| format!("{session}:{line}")).collect())
    }

    fn log(&self, level: Level, message: &str) {
        self.lines.lock().unwrap().push(format!("{level:?} {message}"));
    }

    fn now_ms(&self) -> u64 {
        1_763_860_000_000
    }

    fn random_u64(&self) -> u64 {
        4
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.values.lock().unwrap().get(key).cloned())
    }

    async fn kv_set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        if value.len() > 100 {
            return Err(KvError::TooLarge(100));
        }
        self.values.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        self.values.lock().unwrap().remove(key);
        Ok(())
    }
}
