use std::fmt;

use super::super::{Event, FieldId, FieldMask, Schema};
use super::JsonError;
use super::fill::{Filling, Time};
use super::path::{Paths, Target};
use super::scan::Scanner;
use crate::time::Timestamp;

/// How much input one event may be.
///
/// Beyond either limit reading ends with an error, after work that is bounded by what was read so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JsonLimits {
    /// The most bytes, white space included; 1 MiB unless set. Reading a list of
    /// very short values takes up to some 60 times as much memory.
    pub max_bytes: usize,
    /// The most levels of nested objects and arrays, 64 unless set; 128 is the most it can be.
    pub max_depth: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { max_bytes: 1 << 20, max_depth: 64 }
    }
}

/// Each level takes a call, so the depth is bounded whatever the host asks for.
const DEEPEST: usize = 128;

/// Reads JSON objects as [`Event`]s: only the wanted fields, borrowing from the input.
///
/// ```
/// use autosec_core::event::{FieldMask, JsonReader, Schema, field};
///
/// let wanted: FieldMask = [field::SOURCE_IP, field::DESTINATION_PORT].into_iter().collect();
/// let reader = JsonReader::new(&Schema::ecs(), &wanted);
/// let event = reader.read(
///     br#"{"@timestamp":"2026-11-22T14:02:11Z","source":{"ip":"192.0.2.1"},"destination.port":"22","tags":["a"]}"#,
/// )?;
/// assert_eq!(event.address(field::SOURCE_IP), Some("192.0.2.1".parse().unwrap()));
/// assert_eq!(event.integer(field::DESTINATION_PORT), Some(22));
/// # Ok::<(), autosec_core::event::JsonError>(())
/// ```
///
/// **Names.** A field is found under its dotted name, in nested objects, or in any mixture of both. Where it stands
/// more than once, the last value in the input wins, whatever the nesting; `null` and `[]` say nothing and leave
/// an earlier value.
///
/// **Values.** Each is read as its field's [`Kind`](super::super::Kind), also from text (`"22"`, `"true"`). What
/// does not fit is kept: a number with a fraction or beyond 64 bits in an integer field as
/// [`Value::Float`](super::super::Value::Float), everything else as text. Numbers and booleans in a text field are
/// kept as they are written. An array becomes a list of its values, arrays in it are flattened; of objects in an
/// array each wanted field is added to what the field holds (`dns.answers.data`).
///
/// **Time.** RFC 3339 text, or a number since 1970, also as text: below 10¹¹ seconds, below 10¹⁴ milliseconds, below
/// 10¹⁷ microseconds, else nanoseconds; a fraction counts to the microsecond.
///
/// **What is checked.** Brackets, commas, colons, numbers and literals everywhere; of strings only that they end.
/// A wanted string that is no JSON still gives a text: broken UTF-8 and lone surrogates become U+FFFD, unknown
/// escapes and control characters stay as they stand. Beyond that the reader accepts what JSON is and nothing else.
//
// Why a scanner of our own, in ns an event of 623 bytes with ten of 21 fields wanted (2026-11-22, 2-core x86-64 VM):
// `serde_json::Value` and ten look-ups 2900, `serde_json` into structs fixed when compiled 1000 (a ratio of 2.9,
// with neither the time nor the addresses parsed), this reader 815 with both. `cargo bench --bench event` repeats it.
#[derive(Clone, Debug)]
pub struct JsonReader {
    paths: Paths,
    limits: JsonLimits,
    time: Box<str>,
}

impl JsonReader {
    /// A reader of ECS-shaped JSON: each field of the mask under its own name, the time at `@timestamp`.
    pub fn new(schema: &Schema, wanted: &FieldMask) -> Self {
        Self::builder(schema).fields(wanted).build()
    }

    /// A reader to be told where fields stand.
    pub fn builder(schema: &Schema) -> JsonReaderBuilder<'_> {
        JsonReaderBuilder {
            schema,
            paths: Vec::new(),
            only: None,
            time: "@timestamp".to_owned(),
            limits: JsonLimits::default(),
        }
    }

    /// Reads one event.
    ///
    /// # Errors
    /// The bytes are not one JSON object within the limits, or it has no time that can be read.
    pub fn read<'a>(&self, bytes: &'a [u8]) -> Result<Event<'a>, JsonError> {
        let mut event = Event::new(Timestamp::EPOCH);
        let time = self.fill(bytes, &mut event, &mut [])?;
        self.timed(time).map(|()| event)
    }

    fn timed(&self, (time, offset): (Time<'_>, usize)) -> Result<(), JsonError> {
        match time {
            Time::Read => Ok(()),
            Time::Missing => Err(JsonError::TimeMissing { offset, path: self.time.clone() }),
            Time::Unreadable(text, offset) => {
                let text: String = text.chars().take(64).collect();
                Err(JsonError::TimeUnreadable { offset, text: text.into_boxed_str() })
            }
        }
    }

    /// Reads one event, at the `fallback` time if its own is missing or cannot be read.
    ///
    /// # Errors
    /// The bytes are not one JSON object within the limits.
    ///
    /// ```
    /// use autosec_core::event::{FieldMask, JsonReader, Schema, field};
    /// use autosec_core::time::Timestamp;
    ///
    /// let schema = Schema::ecs();
    /// let reader = JsonReader::new(&schema, &FieldMask::all(&schema));
    /// let received = Timestamp::from_secs(1_800_000_000);
    /// let event = reader.read_at(br#"{"user":{"name":"eve"}}"#, received)?;
    /// assert_eq!((event.time(), event.text(field::USER_NAME)), (received, Some("eve")));
    /// assert_eq!(reader.read(b"{}").unwrap_err().code(), "json-time-missing");
    /// # Ok::<(), autosec_core::event::JsonError>(())
    /// ```
    pub fn read_at<'a>(&self, bytes: &'a [u8], fallback: Timestamp) -> Result<Event<'a>, JsonError> {
        let mut event = Event::new(fallback);
        if !matches!(self.fill(bytes, &mut event, &mut [])?, (Time::Read, _)) {
            event.set_time(fallback);
        }
        Ok(event)
    }

    /// [`JsonReader::read_at`], or [`JsonReader::read`] where there is no fallback, for many events one after the other:
    /// strings with escapes are written to `scratch`, which is used again, and not to memory of their own.
    ///
    /// # Errors
    /// Those of the two.
    ///
    /// ```
    /// use autosec_core::event::{FieldMask, JsonReader, JsonScratch, Schema, field};
    ///
    /// let schema = Schema::ecs();
    /// let reader = JsonReader::new(&schema, &FieldMask::all(&schema));
    /// let mut scratch = JsonScratch::default();
    /// for line in [r#"{"@timestamp":1,"file.path":"C:\\x"}"#, r#"{"@timestamp":2,"file.path":"C:\\yz"}"#] {
    ///     let event = reader.read_with(line.as_bytes(), None, &mut scratch)?;
    ///     assert!(event.text(field::FILE_PATH).is_some_and(|path| path.starts_with(r"C:\")));
    /// }
    /// # Ok::<(), autosec_core::event::JsonError>(())
    /// ```
    pub fn read_with<'a>(
        &self,
        bytes: &'a [u8],
        fallback: Option<Timestamp>,
        scratch: &'a mut JsonScratch,
    ) -> Result<Event<'a>, JsonError> {
        let start = fallback.unwrap_or(Timestamp::EPOCH);
        let mut event = Event::new(start);
        let time = self.fill(bytes, &mut event, scratch.room(bytes.len().min(self.limits.max_bytes)))?;
        match fallback {
            None => self.timed(time)?,
            Some(_) if matches!(time, (Time::Read, _)) => {}
            Some(_) => event.set_time(start),
        }
        Ok(event)
    }

    fn fill<'a>(
        &self,
        bytes: &'a [u8],
        event: &mut Event<'a>,
        room: &'a mut [u8],
    ) -> Result<(Time<'a>, usize), JsonError> {
        if bytes.len() > self.limits.max_bytes {
            return Err(JsonError::TooLong { offset: self.limits.max_bytes, length: bytes.len() });
        }
        let scan = Scanner::new(bytes, self.limits.max_depth.min(DEEPEST));
        Filling::new(scan, &self.paths, event, room).fill().map_err(|error| *error)
    }
}

/// Memory that a [`JsonReader`] writes strings with escapes to. It grows with the longest event, up to some bytes more than
/// [`JsonLimits::max_bytes`].
#[derive(Default)]
pub struct JsonScratch(Vec<u8>);

/// Without what was read.
impl fmt::Debug for JsonScratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonScratch").field("bytes", &self.0.len()).finish_non_exhaustive()
    }
}

impl JsonScratch {
    /// More than an event is long: each string with escapes may need some bytes beside its own.
    const BESIDE: usize = 1024;

    fn room(&mut self, bytes: usize) -> &mut [u8] {
        let wanted = bytes + Self::BESIDE;
        if self.0.len() < wanted {
            self.0.resize(wanted, 0);
        }
        &mut self.0
    }
}

/// Says where fields stand in JSON of another shape than ECS.
///
/// ```
/// use autosec_core::event::{JsonReader, Schema, field};
///
/// let reader = JsonReader::builder(&Schema::ecs())
///     .path("src_ip", field::SOURCE_IP)
///     .path("alert.signature", field::RULE_NAME)
///     .time("timestamp")
///     .build();
/// let event = reader.read(br#"{"timestamp":"2026-11-22T14:02:11.5+0000","src_ip":"192.0.2.1"}"#)?;
/// assert_eq!(event.address(field::SOURCE_IP), Some("192.0.2.1".parse().unwrap()));
/// # Ok::<(), autosec_core::event::JsonError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JsonReaderBuilder<'s> {
    schema: &'s Schema,
    paths: Vec<(String, FieldId)>,
    only: Option<FieldMask>,
    time: String,
    limits: JsonLimits,
}

impl JsonReaderBuilder<'_> {
    /// Takes each field of the mask from the path of its own name.
    pub fn fields(mut self, wanted: &FieldMask) -> Self {
        let named = self.schema.fields().filter(|(id, ..)| wanted.contains(*id));
        self.paths.extend(named.map(|(id, name, _)| (name.to_owned(), id)));
        self
    }

    /// Takes the field from a path: keys with dots between them. One path may fill several fields, and several
    /// paths one field, where the last in the input wins.
    pub fn path(mut self, path: &str, field: FieldId) -> Self {
        self.paths.push((path.to_owned(), field));
        self
    }

    /// Reads only the fields of the mask, whatever paths there are: what detectors ask for.
    ///
    /// For readers that map many paths once and serve engines that want few of them.
    pub fn only(mut self, wanted: &FieldMask) -> Self {
        self.only = Some(wanted.clone());
        self
    }

    /// Takes the time from a path; `@timestamp` unless set.
    pub fn time(mut self, path: &str) -> Self {
        path.clone_into(&mut self.time);
        self
    }

    /// Bounds the input.
    pub fn limits(mut self, limits: JsonLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The reader.
    pub fn build(self) -> JsonReader {
        let mut paths = Paths::new();
        paths.insert(&self.time, Target::Time);
        for (path, field) in &self.paths {
            if self.only.as_ref().is_none_or(|only| only.contains(*field)) {
                paths.insert(path, Target::Field(*field, self.schema.kind(*field)));
            }
        }
        paths.spaced = self.schema.is_spaced();
        let is_wanted = |rest: &FieldId| {
            let only = self.only.as_ref().is_none_or(|only| only.contains(*rest));
            only && self.paths.iter().any(|(_, field)| field == rest)
        };
        paths.rest = self.schema.rest().filter(is_wanted);
        JsonReader { paths, limits: self.limits, time: self.time.into_boxed_str() }
    }
}
