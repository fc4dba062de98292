use serde::{Deserialize, Serialize};
#[cfg(feature = "wasm")]
use wasmtime::component::{ComponentType, Lift, Lower};

/// What later versions add to a record, as names and values.
pub type Extra = Vec<(String, String)>;

/// One thing to drop, or one thing that is dropped.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Entry {
    /// An address or a prefix: `203.0.113.7`, `2001:db8::/48`.
    pub target: String,
    /// How much longer, in seconds; `None` is until unblocked.
    #[cfg_attr(feature = "wasm", component(name = "ttl-secs"))]
    pub ttl_secs: Option<u32>,
    /// Why, for whoever reads the device's own listing: printable ASCII, at most 120 bytes.
    pub reason: String,
    /// Two blocks with the same key are one: the second changes nothing.
    #[cfg_attr(feature = "wasm", component(name = "idempotency-key"))]
    pub idempotency_key: String,
    /// What later versions add.
    pub extra: Extra,
}

/// What a change did.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(enum))]
#[repr(u8)]
pub enum Effect {
    /// It is now as asked for.
    #[cfg_attr(feature = "wasm", component(name = "applied"))]
    Applied,
    /// It already was.
    #[cfg_attr(feature = "wasm", component(name = "already"))]
    Already,
    /// There was nothing to unblock.
    #[cfg_attr(feature = "wasm", component(name = "absent"))]
    Absent,
    /// A dry run: it would have been done.
    #[cfg_attr(feature = "wasm", component(name = "planned"))]
    Planned,
}

/// What became of one item.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Outcome {
    /// What the change did.
    pub effect: Effect,
    /// What the device calls it.
    #[cfg_attr(feature = "wasm", component(name = "remote-id"))]
    pub remote_id: Option<String>,
    /// A sentence for the log.
    pub detail: Option<String>,
    /// What later versions add.
    pub extra: Extra,
}

/// Why one item, or a call, failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(variant))]
pub enum FailureKind {
    /// The configuration cannot work; said before anything is asked of the device.
    #[cfg_attr(feature = "wasm", component(name = "invalid-config"))]
    InvalidConfig,
    /// The device cannot hold this item, now or later.
    #[cfg_attr(feature = "wasm", component(name = "invalid-target"))]
    InvalidTarget,
    /// The device refuses the credentials, or they lack a right.
    #[cfg_attr(feature = "wasm", component(name = "unauthorized"))]
    Unauthorized,
    /// The host refused a call that the plugin made.
    #[cfg_attr(feature = "wasm", component(name = "denied"))]
    Denied,
    /// The device wants to be asked more slowly.
    #[cfg_attr(feature = "wasm", component(name = "rate-limited"))]
    RateLimited,
    /// The device is not there or not well.
    #[cfg_attr(feature = "wasm", component(name = "unavailable"))]
    Unavailable,
    /// The device did not answer in time.
    #[cfg_attr(feature = "wasm", component(name = "timeout"))]
    Timeout,
    /// Somebody else changed the same thing at the same time.
    #[cfg_attr(feature = "wasm", component(name = "conflict"))]
    Conflict,
    /// The device has no such function.
    #[cfg_attr(feature = "wasm", component(name = "unsupported"))]
    Unsupported,
    /// The device answered what the plugin does not understand.
    #[cfg_attr(feature = "wasm", component(name = "protocol"))]
    Protocol,
    /// The device is full.
    #[cfg_attr(feature = "wasm", component(name = "full"))]
    Full,
    /// The plugin itself is at fault.
    #[cfg_attr(feature = "wasm", component(name = "internal"))]
    Internal,
    /// What later versions add, by name.
    #[cfg_attr(feature = "wasm", component(name = "other"))]
    Other(String),
}

/// A failure with what helps.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Failure {
    /// Which kind.
    pub kind: FailureKind,
    /// What and where and what to do, in lower case. No secret.
    pub message: String,
    /// When to try again, in milliseconds, if the device said so.
    #[cfg_attr(feature = "wasm", component(name = "retry-after-ms"))]
    pub retry_after_ms: Option<u32>,
    /// What later versions add.
    pub extra: Extra,
}

/// The lengths of prefixes that a device takes, both ends included.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct PrefixLengths {
    /// The shortest, so the largest network.
    pub shortest: u8,
    /// The longest: 32 or 128 for single addresses.
    pub longest: u8,
}

/// What a device can do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Features {
    /// It forgets a block by itself when its time is over.
    pub ttl: bool,
    /// It can list what it holds.
    pub listing: bool,
    /// A batch is one exchange with the device.
    #[cfg_attr(feature = "wasm", component(name = "native-batch"))]
    pub native_batch: bool,
    /// A batch takes effect as a whole or not at all.
    pub atomic: bool,
    /// It honours [`Context::dry_run`].
    #[cfg_attr(feature = "wasm", component(name = "dry-run"))]
    pub dry_run: bool,
    /// Changes wait for a commit by a person.
    #[cfg_attr(feature = "wasm", component(name = "commit-required"))]
    pub commit_required: bool,
}

/// How much a device takes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Limits {
    /// The most items of one call.
    #[cfg_attr(feature = "wasm", component(name = "max-batch"))]
    pub max_batch: u32,
    /// The most items the device holds, where that is known.
    #[cfg_attr(feature = "wasm", component(name = "max-entries"))]
    pub max_entries: Option<u64>,
    /// The longest time it keeps by itself, in seconds.
    #[cfg_attr(feature = "wasm", component(name = "max-ttl-secs"))]
    pub max_ttl_secs: Option<u64>,
    /// The least time between two changes, in milliseconds; 0 is none.
    #[cfg_attr(feature = "wasm", component(name = "min-interval-ms"))]
    pub min_interval_ms: u32,
}

/// What a plugin says of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Who makes the device.
    pub vendor: String,
    /// The plugin's own version.
    pub version: String,
    /// Prefixes of IPv4 that it takes; `None` is no IPv4.
    pub ipv4: Option<PrefixLengths>,
    /// Prefixes of IPv6 that it takes; `None` is no IPv6.
    pub ipv6: Option<PrefixLengths>,
    /// What the device can do.
    pub features: Features,
    /// How much it takes.
    pub limits: Limits,
    /// What later versions add.
    pub extra: Extra,
}

/// A page of a listing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Page {
    /// What stands on it.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` is the end.
    pub next: Option<String>,
}

/// How a device is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(enum))]
#[repr(u8)]
pub enum HealthState {
    /// All is well.
    #[cfg_attr(feature = "wasm", component(name = "healthy"))]
    Healthy,
    /// Blocks take effect, but something needs a person.
    #[cfg_attr(feature = "wasm", component(name = "degraded"))]
    Degraded,
    /// Blocks do not take effect.
    #[cfg_attr(feature = "wasm", component(name = "down"))]
    Down,
}

/// How a device is, with words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Health {
    /// How it is.
    pub state: HealthState,
    /// In a sentence.
    pub detail: String,
    /// What the device took to answer, in microseconds.
    #[cfg_attr(feature = "wasm", component(name = "latency-us"))]
    pub latency_us: Option<u64>,
}

/// The circumstances of one call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Context {
    /// The same in every log about this call.
    #[cfg_attr(feature = "wasm", component(name = "correlation-id"))]
    pub correlation_id: String,
    /// How long the call may take, in milliseconds; then it is ended.
    #[cfg_attr(feature = "wasm", component(name = "deadline-ms"))]
    pub deadline_ms: u32,
    /// Say what would be done, and do nothing.
    #[cfg_attr(feature = "wasm", component(name = "dry-run"))]
    pub dry_run: bool,
}

impl Context {
    /// The circumstances of being configured, which the plugin is not told: the host counts them as a call like others.
    #[cfg(any(feature = "native", feature = "wasm"))]
    pub(in crate::plugin) fn configuring(time: std::time::Duration) -> Self {
        let deadline_ms = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        Self { correlation_id: "configure".to_owned(), deadline_ms, dry_run: false }
    }
}
