use pyo3::prelude::*;

use crate::guard;

/// After so many steps others get a turn: with steps of some microseconds this is well under the 5 ms that Python gives
/// a thread.
const EVERY: u32 = 512;

/// Gives other threads their turns while work of many short steps keeps the interpreter, and hears Ctrl-C. Nothing that
/// is native does so by itself: a backtest of 900,000 dicts held up all other threads for a second, measured 2026-11-23 on
/// a 2-core x86-64 VM.
#[derive(Debug)]
pub(crate) struct Turns<'py> {
    turn: Bound<'py, PyAny>,
    steps: u32,
}

impl<'py> Turns<'py> {
    pub(crate) fn new(py: Python<'py>) -> PyResult<Self> {
        Ok(Self { turn: py.import("autosec._engine")?.getattr("turn")?, steps: 0 })
    }

    /// Between two steps: nothing must be half done, because a fork may come here.
    ///
    /// # Errors
    /// What a handler of a signal raised.
    pub(crate) fn step(&mut self) -> PyResult<()> {
        self.steps += 1;
        if self.steps < EVERY {
            return Ok(());
        }
        self.steps = 0;
        guard::within(|| self.turn.call0()).transpose()?;
        self.turn.py().check_signals()
    }
}
