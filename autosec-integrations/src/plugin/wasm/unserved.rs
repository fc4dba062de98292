use async_trait::async_trait;

use crate::plugin::interface::{
    Command, CommandResult, HttpRequest, HttpResponse, KvError, Level, Services, TransportError,
};

const WHY: &str = "a plugin that is not configured yet has no host";

/// The host of a plugin that only describes itself: every way is closed, and it is 1970.
#[derive(Debug)]
pub(super) struct Unserved;

#[async_trait]
impl Services for Unserved {
    async fn http(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
        Err(TransportError::Denied(WHY.to_owned()))
    }

    async fn exec(&self, _command: Command) -> Result<CommandResult, TransportError> {
        Err(TransportError::Denied(WHY.to_owned()))
    }

    async fn session_exec(
        &self,
        _session: &str,
        _lines: Vec<String>,
        _timeout_ms: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        Err(TransportError::Denied(WHY.to_owned()))
    }

    fn log(&self, _level: Level, _message: &str) {}

    fn now_ms(&self) -> u64 {
        0
    }

    fn random_u64(&self) -> u64 {
        0
    }

    async fn kv_get(&self, _key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Err(KvError::Unavailable(WHY.to_owned()))
    }

    async fn kv_set(&self, _key: &str, _value: Vec<u8>) -> Result<(), KvError> {
        Err(KvError::Unavailable(WHY.to_owned()))
    }

    async fn kv_delete(&self, _key: &str) -> Result<(), KvError> {
        Err(KvError::Unavailable(WHY.to_owned()))
    }
}
