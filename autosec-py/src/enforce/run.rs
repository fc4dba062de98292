use std::cell::Cell;

use pyo3::prelude::*;
use tokio::runtime::Builder;

use crate::error;
use crate::guard::{detached, entered};

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Does the work without the interpreter, on a runtime that is made for it.
///
/// # Errors
/// What is written in Python came back into enforcement on the thread that waits for it, or no runtime can be made.
pub(crate) fn run<T: Send>(py: Python<'_>, work: impl Future<Output = T> + Send) -> PyResult<T> {
    struct Running;
    impl Drop for Running {
        fn drop(&mut self) {
            RUNNING.set(false);
        }
    }
    if RUNNING.replace(true) {
        let message =
            "enforcement was asked for from within a store: its locks are held by the call that waits for it";
        return Err(error::plain(py, "AutosecError", message));
    }
    let running = Running;
    let done = entered(py, || {
        detached(py, || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            Ok::<_, std::io::Error>(runtime.block_on(work))
        })
    });
    drop(running);
    done?.map_err(|wrong| error::plain(py, "AutosecError", format!("no runtime could be made: {wrong}")))
}
