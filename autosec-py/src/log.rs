//! What the engine tells, to Python's `logging`.
//!
//! A record is written down where it is told, which may be under a lock and without the interpreter, and handed to
//! `logging` when the call that it is about is over: a handler may do anything, and so must not wait for such a lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use autosec_core::entity::printable;
use autosec_core::observe::{Observer, Record};
use autosec_core::time::Timestamp;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::guard;

/// The most lines that wait to be handed over; later ones are counted.
const WAITING: usize = 1_000;

/// The logger's name.
const LOGGER: &str = "autosec";

/// The levels of `logging`.
const DEBUG: u8 = 10;
const INFO: u8 = 20;
const WARNING: u8 = 30;
const ERROR: u8 = 40;

/// Lines that wait for `logging`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    any: AtomicBool,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    held: VecDeque<(u8, String)>,
    dropped: usize,
}

impl Log {
    /// Hands over what was told; what a handler raises is passed over, as `logging` does.
    ///
    /// # Errors
    /// It raised what is meant for the whole program, such as `KeyboardInterrupt`.
    pub(crate) fn hand_over(&self, py: Python<'_>) -> PyResult<()> {
        if !self.0.any.load(Ordering::Relaxed) {
            return Ok(());
        }
        guard::within(|| self.tell(py)).unwrap_or(Ok(()))
    }

    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        self.0.any.store(false, Ordering::Release);
        let lines = std::mem::take(&mut *self.0.lines.lock().unwrap_or_else(PoisonError::into_inner));
        let logger = py.import("logging").and_then(|logging| logging.call_method1("getLogger", (LOGGER,)));
        let Ok(logger) = logger else { return Ok(()) };
        for (level, line) in &lines.held {
            logger
                .call_method1("log", (*level, "%s", line))
                .map(drop)
                .or_else(|raised| passed(py, raised))?;
        }
        if lines.dropped > 0 {
            let told = logger.call_method1("warning", ("%d more records were not kept", lines.dropped));
            told.map(drop).or_else(|raised| passed(py, raised))?;
        }
        Ok(())
    }

    pub(crate) fn warn(&self, line: String) {
        self.put(WARNING, line);
    }

    fn put(&self, level: u8, line: String) {
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.held.len() < WAITING {
            lines.held.push_back((level, line));
        } else {
            lines.dropped += 1;
        }
        self.0.any.store(true, Ordering::Release);
    }
}

/// Passes an exception over if it is ordinary.
fn passed(py: Python<'_>, raised: PyErr) -> PyResult<()> {
    if raised.is_instance_of::<PyException>(py) { Ok(()) } else { Err(raised) }
}

impl Observer for Log {
    fn note(&self, time: Timestamp, record: &Record<'_>) {
        if let Some((level, line)) = line(record) {
            self.put(level, format!("{line} (event time {time})"));
        }
    }
}

fn line(record: &Record<'_>) -> Option<(u8, String)> {
    Some(match record {
        Record::Found(finding) => {
            (DEBUG, format!("found {} about {}", printable(&finding.analytic.id), finding.subject))
        }
        Record::Decided { subject, action, risk } => {
            (INFO, format!("decided: {action} {subject}, risk {risk}"))
        }
        Record::Refused { subject, why } => (WARNING, format!("held back for {subject}: {}", printable(why))),
        Record::Faulted(fault) => (WARNING, fault.to_string()),
        Record::Enforced { firewall, change, applied, failed, error } => {
            let level = if error.is_some() || *failed > 0 { ERROR } else { INFO };
            let error = error.map(|error| format!(": {}", printable(error))).unwrap_or_default();
            (level, format!("firewall `{firewall}`, {change}: {applied} done, {failed} not{error}"))
        }
        Record::Circuit { firewall, open: true } => {
            (ERROR, format!("firewall `{firewall}` is left alone: it failed too often in a row"))
        }
        Record::Circuit { firewall, open: false } => (INFO, format!("firewall `{firewall}` is asked again")),
        Record::GivenUp { firewall, target, why } => {
            (ERROR, format!("firewall `{firewall}` does not take {target}: {}", printable(why)))
        }
        Record::Evicted { firewall, blocks } => {
            let place = firewall.map_or_else(|| "the ledger".to_owned(), |name| format!("firewall `{name}`"));
            (WARNING, format!("{blocks} blocks made room in {place}"))
        }
        Record::Observed { firewall, blocks, unblocks } => (
            INFO,
            format!(
                "firewall `{firewall}` is only observed: {blocks} blocks and {unblocks} unblocks would be due"
            ),
        ),
        Record::Plugin { plugin, event, detail } => {
            let level = match *event {
                "crashed" | "rests" | "refused" | "went-back" => WARNING,
                _ => INFO,
            };
            (level, format!("plugin `{plugin}` {event} {}", printable(detail)).trim_end().to_owned())
        }
        Record::Logged { plugin, level, text } => {
            let level = match *level {
                "error" => ERROR,
                "warn" => WARNING,
                "info" => INFO,
                _ => DEBUG,
            };
            (level, format!("plugin `{plugin}` says: {}", printable(text)))
        }
        Record::Denied { plugin, asked, why } => {
            (WARNING, format!("plugin `{plugin}` was denied {}: {}", printable(asked), printable(why)))
        }
        _ => return None,
    })
}
