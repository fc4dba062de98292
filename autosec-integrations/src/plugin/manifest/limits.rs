use std::fmt;
use std::time::Duration;

use autosec_core::time::human;
use serde::Deserialize;

/// How much a plugin may use. Each has a default; what a manifest asks for replaces it, up to what the host grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The memory of one instance, in bytes; default 32 MiB. Of a native plugin it is held only when that is isolated.
    pub memory: u64,
    /// How long one call into the plugin may take; default 10 s.
    pub deadline: Duration,
    /// How many requests it may make in one call into it, redirects included; default 64.
    pub http_calls: u32,
    /// How many requests it may make within a minute, whatever the calls; default 1200.
    pub http_per_minute: u32,
    /// How many programs and device sessions it may use in one call into it; default 16.
    pub commands: u32,
    /// The largest body of a request, and of an answer, in bytes; default 1 MiB.
    pub body: u64,
    /// How many values it may keep; default 64.
    pub keys: u32,
    /// The largest value it may keep, in bytes; default 16 KiB.
    pub value: u64,
    /// How many lines it may log within a minute; default 60.
    pub log_lines: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            deadline: Duration::from_secs(10),
            http_calls: 64,
            http_per_minute: 1_200,
            commands: 16,
            body: 1 << 20,
            keys: 64,
            value: 16 << 10,
            log_lines: 60,
        }
    }
}

impl Limits {
    /// The most that a host grants unless it says otherwise: 64 MiB, a minute, 2,000 requests in a call and 12,000 within a
    /// minute, 256 programs, bodies of 16 MiB, 1,024 values of 64 KiB, 600 lines.
    pub fn most() -> Self {
        Self {
            memory: 64 << 20,
            deadline: Duration::from_secs(60),
            http_calls: 2_000,
            http_per_minute: 12_000,
            commands: 256,
            body: 16 << 20,
            keys: 1_024,
            value: 64 << 10,
            log_lines: 600,
        }
    }

    /// Each of them, or that of the other where it is smaller.
    #[must_use]
    pub fn at_most(&self, other: &Self) -> Self {
        Self {
            memory: self.memory.min(other.memory),
            deadline: self.deadline.min(other.deadline),
            http_calls: self.http_calls.min(other.http_calls),
            http_per_minute: self.http_per_minute.min(other.http_per_minute),
            commands: self.commands.min(other.commands),
            body: self.body.min(other.body),
            keys: self.keys.min(other.keys),
            value: self.value.min(other.value),
            log_lines: self.log_lines.min(other.log_lines),
        }
    }
}

/// The limits that a `[limits]` section names.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct LimitAsks {
    /// As [`Limits::memory`]: `"32MiB"`, or a number of bytes.
    pub memory: Option<Size>,
    /// As [`Limits::deadline`]: `"10s"`.
    #[serde(with = "human::option")]
    pub deadline: Option<Duration>,
    /// As [`Limits::http_calls`].
    pub http_calls: Option<u32>,
    /// As [`Limits::http_per_minute`].
    pub http_per_minute: Option<u32>,
    /// As [`Limits::commands`].
    pub commands: Option<u32>,
    /// As [`Limits::body`]: `"1MiB"`, or a number of bytes.
    pub body: Option<Size>,
    /// As [`Limits::keys`].
    pub keys: Option<u32>,
    /// As [`Limits::value`]: `"16KiB"`, or a number of bytes.
    pub value: Option<Size>,
    /// As [`Limits::log_lines`].
    pub log_lines: Option<u32>,
}

impl LimitAsks {
    /// The limits that these leave of others.
    #[must_use]
    pub fn over(&self, others: &Limits) -> Limits {
        let bytes = |asked: Option<Size>, other| asked.map_or(other, |size| size.0);
        Limits {
            memory: bytes(self.memory, others.memory),
            deadline: self.deadline.unwrap_or(others.deadline),
            http_calls: self.http_calls.unwrap_or(others.http_calls),
            http_per_minute: self.http_per_minute.unwrap_or(others.http_per_minute),
            commands: self.commands.unwrap_or(others.commands),
            body: bytes(self.body, others.body),
            keys: self.keys.unwrap_or(others.keys),
            value: bytes(self.value, others.value),
            log_lines: self.log_lines.unwrap_or(others.log_lines),
        }
    }

    /// What is asked for beyond the most, as sentences.
    pub(crate) fn beyond(&self, most: &Limits) -> Vec<String> {
        let number = |name, asked: Option<u64>, most: u64| {
            asked
                .filter(|asked| *asked > most)
                .map(|asked| format!("`limits.{name}` {asked}, granted {most}"))
        };
        let bytes = |name, asked: Option<Size>, most| number(name, asked.map(|size| size.0), most);
        let count = |name, asked: Option<u32>, most: u32| number(name, asked.map(u64::from), most.into());
        let deadline = self.deadline.filter(|asked| *asked > most.deadline);
        let deadline = deadline.map(|asked| {
            format!("`limits.deadline` {}, granted {}", human::format(asked), human::format(most.deadline))
        });
        let found = [
            bytes("memory", self.memory, most.memory),
            deadline,
            count("http_calls", self.http_calls, most.http_calls),
            count("http_per_minute", self.http_per_minute, most.http_per_minute),
            count("commands", self.commands, most.commands),
            bytes("body", self.body, most.body),
            count("keys", self.keys, most.keys),
            bytes("value", self.value, most.value),
            count("log_lines", self.log_lines, most.log_lines),
        ];
        found.into_iter().flatten().collect()
    }
}

/// A number of bytes, written as a number or with a unit: `KiB`, `MiB`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "Written")]
pub struct Size(pub u64);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a size must be a number of bytes, or a text such as `32MiB`")]
enum Written {
    Bytes(u64),
    Text(String),
}

impl TryFrom<Written> for Size {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let text = match written {
            Written::Bytes(bytes) => return Ok(Self(bytes)),
            Written::Text(text) => text,
        };
        let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
        let read = units.into_iter().find_map(|(unit, shift)| {
            let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
            number.checked_mul(1 << shift)
        });
        read.map(Self).ok_or("no size; write bytes as a number, or a text such as `32MiB`")
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_and_durations() {
        let asks: LimitAsks =
            toml::from_str("memory = \"48MiB\"\ndeadline = \"3s\"\nbody = 4096\nhttp_calls = 20").unwrap();
        let limits = asks.over(&Limits::default());
        assert_eq!((limits.memory, limits.body, limits.http_calls), (48 << 20, 4096, 20));
        assert_eq!((limits.deadline, limits.keys), (Duration::from_secs(3), 64));
        for wrong in ["memory = \"many\"", "memory = -1", "body = \"99999999999999999999KiB\"", "ram = 1"] {
            assert!(toml::from_str::<LimitAsks>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn says_what_goes_beyond() {
        let asks: LimitAsks = toml::from_str("memory = \"1GiB\"\ndeadline = \"2m\"\nkeys = 1").unwrap();
        assert_eq!(
            asks.beyond(&Limits::most()),
            ["`limits.memory` 1073741824, granted 67108864", "`limits.deadline` 2m, granted 1m"]
        );
    }
}
