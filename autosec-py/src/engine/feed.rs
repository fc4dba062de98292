//! Events into an engine, one or many.

use std::io;

use autosec_core::engine::{Engine, Verdict};
use autosec_core::event::{Event, JsonReader, JsonScratch};
use autosec_core::time::Timestamp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyIterator, PyMapping, PyString};

use crate::arrow::Plan;
use crate::event::{DictReader, ReadError, as_dict, json_bytes};
use crate::guard;
use crate::lines::Lines;
use crate::turn::Turns;
use crate::verdict::{Unread, Verdicts};

/// After so many events without the interpreter, Python is asked whether somebody pressed Ctrl-C.
const ASK_EVERY: usize = 8_192;

/// What some programs write before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An engine and what reads for it.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) engine: Engine,
    pub(super) json: JsonReader,
    pub(super) dict: DictReader,
    /// Whether texts that are no Unicode are refused.
    pub(super) strict: bool,
}

impl Feed {
    /// The verdict of one event of any form.
    pub(super) fn one(
        &self,
        event: &Bound<'_, PyAny>,
        at: Option<Timestamp>,
    ) -> PyResult<Result<Verdict, ReadError>> {
        if let Some(dict) = as_dict(event)? {
            return Ok(self.dict.with(&dict, at, |event| self.engine.process_in_place(event)));
        }
        let bytes = json_bytes(event)?;
        Ok(self.json(bytes.as_bytes(), at))
    }

    fn json(&self, bytes: &[u8], at: Option<Timestamp>) -> Result<Verdict, ReadError> {
        self.check(bytes)?;
        let mut event = match at {
            Some(at) => self.json.read_at(bytes, at)?,
            None => self.json.read(bytes)?,
        };
        Ok(self.engine.process_in_place(&mut event))
    }

    /// One line of many.
    fn line(
        &self,
        bytes: &[u8],
        at: Option<Timestamp>,
        scratch: &mut JsonScratch,
    ) -> Result<Verdict, ReadError> {
        self.check(bytes)?;
        Ok(self.engine.process_in_place(&mut self.json.read_with(bytes, at, scratch)?))
    }

    /// Whether it is the Unicode that it has to be.
    fn check(&self, bytes: &[u8]) -> Result<(), ReadError> {
        if self.strict
            && let Err(wrong) = std::str::from_utf8(bytes)
        {
            return Err(ReadError::text(wrong.valid_up_to()));
        }
        Ok(())
    }

    /// The verdicts of many events, each of any form.
    pub(super) fn many(&self, events: &Bound<'_, PyAny>, at: Option<Timestamp>) -> PyResult<Verdicts> {
        let mut verdicts = Verdicts::default();
        let mut turns = Turns::new(events.py())?;
        for (index, event) in listed(events)?.enumerate() {
            let event = event?;
            turns.step()?;
            match self.one(&event, at) {
                Ok(Ok(verdict)) => verdicts.push(verdict),
                Ok(Err(wrong)) => verdicts.push_unread(wrong.unread(index)),
                Err(wrong) => verdicts.push_unread(foreign(event.py(), &wrong, index)),
            }
            if guard::is_interrupted() {
                break;
            }
        }
        Ok(verdicts)
    }

    /// Adds the verdicts of the rows of a batch; the caller has let go of the interpreter.
    pub(super) fn rows(&self, plan: &Plan, rows: usize, at: Option<Timestamp>, verdicts: &mut Verdicts) {
        for row in 0..rows {
            // Filled and looked at where it stands: an event is some 700 bytes.
            let mut event = Event::new(at.unwrap_or(Timestamp::EPOCH));
            match plan.fill(row, &mut event, at) {
                Ok(()) => verdicts.push(self.engine.process_in_place(&mut event)),
                Err(wrong) => {
                    let unread = wrong.unread(verdicts.len());
                    verdicts.push_unread(unread);
                }
            }
            if is_over(verdicts.len()) {
                break;
            }
        }
    }

    /// The verdicts of a log of JSON objects, one a line; the caller has let go of the interpreter.
    pub(super) fn lines(&self, log: &[u8], at: Option<Timestamp>) -> Verdicts {
        let mut verdicts = Verdicts::default();
        let log = log.strip_prefix(BYTE_ORDER_MARK).unwrap_or(log);
        let mut scratch = JsonScratch::default();
        let lines = split(log).enumerate();
        for (number, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
            match self.line(line, at, &mut scratch) {
                Ok(verdict) => verdicts.push(verdict),
                Err(wrong) => {
                    let unread = wrong.on_line(number + 1).unread(verdicts.len());
                    verdicts.push_unread(unread);
                }
            }
            if is_over(verdicts.len()) {
                break;
            }
        }
        verdicts
    }

    /// The verdicts of the lines of a log; the caller has let go of the interpreter.
    pub(super) fn log(&self, lines: &mut Lines) -> io::Result<Verdicts> {
        let mut verdicts = Verdicts::default();
        while let Some(read) = lines.read()? {
            match read {
                Ok(event) => verdicts.push(self.engine.process(event)),
                Err(wrong) => {
                    let (message, place) = (wrong.to_string(), format!("line {}", wrong.line));
                    let code = wrong.reason.code();
                    verdicts.push_unread(Unread {
                        index: verdicts.len(),
                        limit: false,
                        message,
                        code,
                        place,
                    });
                }
            }
            if is_over(verdicts.len()) {
                break;
            }
        }
        Ok(verdicts)
    }
}

/// The lines of a log. Byte by byte their ends took a tenth of the time that a large event takes.
fn split(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(log);
    std::iter::from_fn(move || {
        let log = rest?;
        let end = memchr::memchr(b'\n', log);
        rest = end.and_then(|end| log.get(end + 1..));
        log.get(..end.unwrap_or(log.len()))
    })
}

/// Whether a program that wants to end has said so, asked once in a while.
pub(super) fn is_over(events: usize) -> bool {
    if events.is_multiple_of(ASK_EVERY) {
        let asked = guard::attach(|py| py.check_signals());
        match asked {
            Some(Err(error)) => guard::keep(error),
            // The interpreter is gone: nobody waits for the answer.
            None => return true,
            Some(Ok(())) => {}
        }
    }
    guard::is_interrupted() || guard::is_ending()
}

/// The events one by one. One event is not many, though Python can iterate it.
fn listed<'py>(events: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    let is_one = events.cast::<PyMapping>().is_ok()
        || events.is_instance_of::<PyString>()
        || events.is_instance_of::<PyBytes>()
        || events.is_instance_of::<PyByteArray>();
    if is_one {
        let name = events.get_type().name()?;
        let message = format!(
            "`{name}` is one event and not many: give a list, or use `process`, or `process_ndjson` for a log"
        );
        return Err(PyTypeError::new_err(message));
    }
    events.try_iter()
}

fn foreign(py: Python<'_>, wrong: &PyErr, index: usize) -> Unread {
    let message = wrong.value(py).to_string();
    Unread { index, limit: false, message, code: "event-type", place: String::new() }
}
