use std::io::{self, BufRead, BufReader, Read};

use autosec_core::event::{Event, FieldMask, JsonReader, Schema};
use autosec_core::time::Timestamp;
use pyo3::prelude::*;

use super::input::{Given, Log, given};
use crate::error;
use crate::event::{DictReader, as_dict, json_bytes};
use crate::guard::{detached, entered};
use crate::progress::Teller;
use crate::turn::Turns;

/// The longest line that is read, in bytes, as in a backtest.
const LINE_LIMIT: usize = 1 << 20;

/// How often the host is told, in events.
const TELL_EVERY: u64 = 8_192;

/// What is wanted of each event.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) fields: &'a FieldMask,
    /// The time of events that have none.
    pub(crate) at: Option<Timestamp>,
}

/// How many events there were, and how many could not be read.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    events: u64,
    bytes: u64,
    unread: u64,
}

/// Shows every event of a log (a path, bytes, or events) to `look`, in order; gives how many could not be read.
pub(crate) fn walk(
    log: &Bound<'_, PyAny>,
    wanted: &Wanted<'_>,
    title: &str,
    progress: Option<&Bound<'_, PyAny>>,
    mut look: impl FnMut(&Event<'_>) + Send,
) -> PyResult<u64> {
    let py = log.py();
    let given = given(log)?;
    let total = given.total();
    let teller = Teller::new(py, progress, title, total)?;
    let done = entered(py, || match given {
        Given::File(file, _) => {
            Ok(detached(py, || lines(Log::file(file, &teller), wanted, &teller, &mut look)))
        }
        Given::Bytes(bytes) => {
            Ok(detached(py, || lines(Log::bytes(bytes, &teller), wanted, &teller, &mut look)))
        }
        Given::Events(given) => events(&given, wanted, &teller, &mut look).map(Ok),
    });
    if let (Some(total), Ok(Ok(Ok(_)))) = (total, &done) {
        teller.tell(total, &[]);
    }
    teller.close(py);
    done??.map(|tally| tally.unread).map_err(|wrong| error::config(py, wrong.to_string()))
}

fn lines(
    log: Log<'_>,
    wanted: &Wanted<'_>,
    teller: &Teller,
    look: &mut impl FnMut(&Event<'_>),
) -> io::Result<Tally> {
    let reader = JsonReader::new(wanted.schema, wanted.fields);
    let mut input = BufReader::with_capacity(1 << 16, log);
    let (mut tally, mut line) = (Tally::default(), Vec::new());
    loop {
        line.clear();
        let read = (&mut input).take(LINE_LIMIT as u64 + 1).read_until(b'\n', &mut line);
        let mut read = match read {
            Err(_) if teller.is_stopped() => return Ok(tally),
            read => read? as u64,
        };
        if read == 0 {
            return Ok(tally);
        }
        let whole = line.ends_with(b"\n") || line.len() <= LINE_LIMIT;
        if !whole {
            read += input.skip_until(b'\n')? as u64;
        }
        tally.bytes += read;
        if line.trim_ascii().is_empty() {
            continue;
        }
        tally.events += 1;
        match read_one(&reader, &line, wanted.at) {
            Some(event) if whole => look(&event),
            _ => tally.unread += 1,
        }
        if tally.events.is_multiple_of(TELL_EVERY) {
            teller.tell(tally.bytes, &[("events", tally.events), ("unread", tally.unread)]);
        }
    }
}

fn events(
    events: &Bound<'_, PyAny>,
    wanted: &Wanted<'_>,
    teller: &Teller,
    look: &mut impl FnMut(&Event<'_>),
) -> PyResult<Tally> {
    let json = JsonReader::new(wanted.schema, wanted.fields);
    let dicts = DictReader::new(events.py(), wanted.schema, wanted.fields, false);
    let (mut tally, mut turns) = (Tally::default(), Turns::new(events.py())?);
    for event in events.try_iter()? {
        let event = event?;
        turns.step()?;
        tally.events += 1;
        let seen = match as_dict(&event)? {
            Some(dict) => dicts.with(&dict, wanted.at, |event| look(event)).is_ok(),
            None => {
                read_one(&json, json_bytes(&event)?.as_bytes(), wanted.at).map(|event| look(&event)).is_some()
            }
        };
        tally.unread += u64::from(!seen);
        if tally.events.is_multiple_of(TELL_EVERY) {
            teller.tell(tally.events, &[("unread", tally.unread)]);
        }
        if teller.is_stopped() {
            break;
        }
    }
    Ok(tally)
}

/// An event of a line, if it can be read; `at` is its time where it says none.
pub(crate) fn read_one<'l>(reader: &JsonReader, line: &'l [u8], at: Option<Timestamp>) -> Option<Event<'l>> {
    match at {
        Some(at) => reader.read_at(line, at).ok(),
        None => reader.read(line).ok(),
    }
}
