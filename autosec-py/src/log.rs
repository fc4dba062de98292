//! What the engine tells, to Python's `logging`.
//!
//! A record is written down where it is told, which may be under a lock and without the interpreter, and handed to
//! `logging` when the call that it is about is over: a handler may do anything, and so must not wait for such a lock.

use std::cell::Cell;
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

thread_local! {
    /// The least level that is kept of what is told on this thread.
    static LEAST: Cell<u8> = const { Cell::new(DEBUG) };
}

/// Does the work, of which only that is kept which the logger takes now: a log of many events tells a thousand times more
/// than anybody reads, and putting it into words took a fifth of the time.
///
/// # Errors
/// To ask the logger raised what is meant for the whole program.
pub(crate) fn listening<T>(py: Python<'_>, work: impl FnOnce() -> T) -> PyResult<T> {
    struct Listening(u8);
    impl Drop for Listening {
        fn drop(&mut self) {
            LEAST.set(self.0);
        }
    }
    let least = guard::within(|| least(py)).unwrap_or(Ok(DEBUG));
    let least = least.or_else(|raised| passed(py, raised).map(|()| DEBUG))?;
    let listening = Listening(LEAST.replace(least));
    let done = work();
    drop(listening);
    Ok(done)
}

/// The least level that the logger takes; one beyond all if it takes none.
fn least(py: Python<'_>) -> PyResult<u8> {
    let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
    for level in [DEBUG, INFO, WARNING, ERROR] {
        if logger.call_method1("isEnabledFor", (level,))?.is_truthy()? {
            return Ok(level);
        }
    }
    Ok(u8::MAX)
}

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

    /// Whether no more lines are kept; then the record that was to be one is counted, and need not be put into words.
    fn is_full(&self) -> bool {
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = lines.held.len() >= WAITING;
        lines.dropped += usize::from(is_full);
        is_full
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
        let Some(level) = level(record) else { return };
        if level >= LEAST.get() && !self.is_full() {
            self.put(level, format!("{} (event time {time})", words(record)));
        }
    }
}

/// How much it matters; none for what is not told.
fn level(record: &Record<'_>) -> Option<u8> {
    Some(match record {
        Record::Found(_) => DEBUG,
        Record::Decided { .. } | Record::Circuit { open: false, .. } | Record::Observed { .. } => INFO,
        Record::Refused { .. } | Record::Faulted(_) | Record::Evicted { .. } | Record::Denied { .. } => {
            WARNING
        }
        Record::Enforced { failed, error, .. } if error.is_some() || *failed > 0 => ERROR,
        Record::Enforced { .. } => INFO,
        Record::Circuit { open: true, .. } | Record::GivenUp { .. } => ERROR,
        Record::Plugin { event: "crashed" | "rests" | "refused" | "went-back", .. } => WARNING,
        Record::Plugin { .. } => INFO,
        Record::Logged { level: "error", .. } => ERROR,
        Record::Logged { level: "warn", .. } => WARNING,
        Record::Logged { level: "info", .. } => INFO,
        Record::Logged { .. } => DEBUG,
        _ => return None,
    })
}

fn words(record: &Record<'_>) -> String {
    match record {
        Record::Found(finding) => {
            format!("found {} about {}", printable(&finding.analytic.id), finding.subject)
        }
        Record::Decided { subject, action, risk } => format!("decided: {action} {subject}, risk {risk}"),
        Record::Refused { subject, why } => format!("held back for {subject}: {}", printable(why)),
        Record::Faulted(fault) => fault.to_string(),
        Record::Enforced { firewall, change, applied, failed, error } => {
            let error = error.map(|error| format!(": {}", printable(error))).unwrap_or_default();
            format!("firewall `{firewall}`, {change}: {applied} done, {failed} not{error}")
        }
        Record::Circuit { firewall, open: true } => {
            format!("firewall `{firewall}` is left alone: it failed too often in a row")
        }
        Record::Circuit { firewall, open: false } => format!("firewall `{firewall}` is asked again"),
        Record::GivenUp { firewall, target, why } => {
            format!("firewall `{firewall}` does not take {target}: {}", printable(why))
        }
        Record::Evicted { firewall, blocks } => {
            let place = firewall.map_or_else(|| "the ledger".to_owned(), |name| format!("firewall `{name}`"));
            format!("{blocks} blocks made room in {place}")
        }
        Record::Observed { firewall, blocks, unblocks } => format!(
            "firewall `{firewall}` is only observed: {blocks} blocks and {unblocks} unblocks would be due"
        ),
        Record::Plugin { plugin, event, detail } => {
            format!("plugin `{plugin}` {event} {}", printable(detail)).trim_end().to_owned()
        }
        Record::Logged { plugin, text, .. } => format!("plugin `{plugin}` says: {}", printable(text)),
        Record::Denied { plugin, asked, why } => {
            format!("plugin `{plugin}` was denied {}: {}", printable(asked), printable(why))
        }
        _ => String::new(),
    }
}
