//! One call of a native plugin, from the bytes of its arguments to the bytes of its answer.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, Entry, Failure, FailureKind, Firewall, fail};

/// What a plugin is asked, by the numbers of the binary interface.
pub(crate) mod op {
    pub(crate) const DESCRIBE: u32 = 0;
    pub(crate) const CONFIG_SCHEMA: u32 = 1;
    pub(crate) const BLOCK: u32 = 2;
    pub(crate) const UNBLOCK: u32 = 3;
    pub(crate) const LIST_BLOCKED: u32 = 4;
    pub(crate) const CHECK_HEALTH: u32 = 5;
    pub(crate) const CONFIGURE: u32 = 6;
}

/// What a host is asked, by the numbers of the binary interface.
pub(crate) mod ask {
    pub(crate) const HTTP: u32 = 0;
    pub(crate) const EXEC: u32 = 1;
    pub(crate) const SESSION_EXEC: u32 = 2;
    pub(crate) const LOG: u32 = 3;
    pub(crate) const NOW_MS: u32 = 4;
    pub(crate) const RANDOM_U64: u32 = 5;
    pub(crate) const KV_GET: u32 = 6;
    pub(crate) const KV_SET: u32 = 7;
    pub(crate) const KV_DELETE: u32 = 8;
}

/// How a call went.
pub(crate) mod code {
    pub(crate) const OK: i32 = 0;
    /// The answer is what the panic said.
    pub(crate) const PANIC: i32 = -1;
    /// The other side is of another version.
    pub(crate) const ABI: i32 = -2;
    /// An earlier call panicked.
    pub(crate) const POISONED: i32 = -3;
    /// The arguments are not what the operation takes.
    pub(crate) const ARGUMENTS: i32 = -4;
    /// There is no such operation.
    pub(crate) const OPERATION: i32 = -5;
}

/// Does what is asked. Without a configured firewall it describes itself, and says of the rest that it is not configured.
pub(crate) fn perform<F: Firewall>(
    firewall: Option<&mut F>,
    operation: u32,
    arguments: &[u8],
) -> Result<Vec<u8>, i32> {
    match (operation, firewall) {
        (op::DESCRIBE, _) => encode(&F::describe()),
        (op::CONFIG_SCHEMA, _) => encode(&F::config_schema()),
        (op::BLOCK, firewall) => {
            let (context, entries): (Context, Vec<Entry>) = decode(arguments)?;
            let count = entries.len();
            encode(&firewall.map_or_else(|| unconfigured(count), |it| it.block(&context, entries)))
        }
        (op::UNBLOCK, firewall) => {
            let (context, targets): (Context, Vec<String>) = decode(arguments)?;
            let count = targets.len();
            encode(&firewall.map_or_else(|| unconfigured(count), |it| it.unblock(&context, targets)))
        }
        (op::LIST_BLOCKED, firewall) => {
            let (context, cursor, limit): (Context, Option<String>, u32) = decode(arguments)?;
            let page = firewall.map_or_else(not_configured, |it| it.list_blocked(&context, cursor, limit));
            encode(&page)
        }
        (op::CHECK_HEALTH, firewall) => {
            let (context,): (Context,) = decode(arguments)?;
            encode(&firewall.map_or_else(not_configured, |it| it.check_health(&context)))
        }
        (op::CONFIGURE, Some(firewall)) => {
            let (config,): (String,) = decode(arguments)?;
            let configured = F::configure(&config).map(|configured| *firewall = configured);
            encode(&configured)
        }
        _ => Err(code::OPERATION),
    }
}

/// The bytes of a value.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, i32> {
    postcard::to_allocvec(value).map_err(|_| code::ARGUMENTS)
}

/// The value of these bytes, all of them.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, i32> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(code::ARGUMENTS),
    }
}

fn not_configured<T>() -> Result<T, Failure> {
    Err(fail(FailureKind::InvalidConfig, "not configured"))
}

fn unconfigured<T>(count: usize) -> Vec<Result<T, Failure>> {
    std::iter::repeat_with(not_configured).take(count).collect()
}
