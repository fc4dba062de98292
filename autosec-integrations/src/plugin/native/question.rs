//! What a plugin asks its host.

use autosec_plugin_runner::abi::{Encoding, code, question};

use super::codec::{decode, encode};
use crate::plugin::interface::bytes::Bytes;
use crate::plugin::interface::{Command, HttpRequest, Level, Services};

/// The code and the answer to one question.
pub(super) async fn answer(
    encoding: Encoding,
    services: &dyn Services,
    asked: u32,
    arguments: &[u8],
) -> (i32, Vec<u8>) {
    match answered(encoding, services, asked, arguments).await {
        Ok(answer) => (code::OK, answer),
        Err(code) => (code, Vec::new()),
    }
}

async fn answered(
    encoding: Encoding,
    services: &dyn Services,
    asked: u32,
    arguments: &[u8],
) -> Result<Vec<u8>, i32> {
    match asked {
        question::HTTP => {
            let (request,): (HttpRequest,) = decode(encoding, arguments)?;
            encode(encoding, &services.http(request).await)
        }
        question::EXEC => {
            let (command,): (Command,) = decode(encoding, arguments)?;
            encode(encoding, &services.exec(command).await)
        }
        question::SESSION_EXEC => {
            let (session, lines, time): (String, Vec<String>, Option<u32>) = decode(encoding, arguments)?;
            encode(encoding, &services.session_exec(&session, lines, time).await)
        }
        question::LOG => {
            let (level, message): (Level, String) = decode(encoding, arguments)?;
            services.log(level, &message);
            encode(encoding, &())
        }
        question::NOW_MS => encode(encoding, &services.now_ms()),
        question::RANDOM_U64 => encode(encoding, &services.random_u64()),
        question::KV_GET => {
            let (key,): (String,) = decode(encoding, arguments)?;
            encode(encoding, &services.kv_get(&key).await.map(|value| value.map(Bytes)))
        }
        question::KV_SET => {
            let (key, Bytes(value)): (String, Bytes) = decode(encoding, arguments)?;
            encode(encoding, &services.kv_set(&key, value).await)
        }
        question::KV_DELETE => {
            let (key,): (String,) = decode(encoding, arguments)?;
            encode(encoding, &services.kv_delete(&key).await)
        }
        _ => Err(code::OPERATION),
    }
}
