//! What keeps calls apart from what Python may do to a process: forks, calls that come back, exceptions that want out.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

use crate::error;

/// How many calls are under way without the interpreter, on all threads.
static DETACHED: AtomicUsize = AtomicUsize::new(0);

/// Whether the interpreter is about to end: then nobody may ask for it any more.
static ENDING: AtomicBool = AtomicBool::new(false);

/// How many calls are in the interpreter, or on their way into it, from work that had let go of it.
static ATTACHED: AtomicUsize = AtomicUsize::new(0);

/// How often the end waits for them, and how long each time: one that hangs must not keep the program from ending.
const ENDING_TRIES: usize = 250;
const ENDING_PAUSE: Duration = Duration::from_millis(2);

/// How often the process was copied while such calls were under way.
static TORN: AtomicU64 = AtomicU64::new(0);

/// How often a call may come back into an engine through what is written in Python: each time takes some kilobytes of stack.
const DEEPEST: usize = 16;

thread_local! {
    static CALLS: Calls = const { Calls { depth: Cell::new(0), is_pending: Cell::new(false) } };
    static PENDING: RefCell<Option<PyErr>> = const { RefCell::new(None) };
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// The calls that are under way on a thread: together, since each look at what a thread has for itself is a call.
struct Calls {
    /// How often they came back.
    depth: Cell<usize>,
    /// Whether an exception waits to leave.
    is_pending: Cell<bool>,
}

/// The interpreter that has the package, by the place of its module `sys`.
static OWNER: AtomicUsize = AtomicUsize::new(0);

/// Keeps the package to one interpreter of the process: its classes belong to the first.
///
/// # Errors
/// Another interpreter has it.
pub(crate) fn claim(py: Python<'_>) -> PyResult<()> {
    let own = py.import("sys")?.as_ptr().addr();
    match OWNER.compare_exchange(0, own, Ordering::SeqCst, Ordering::SeqCst) {
        Err(other) if other != own => Err(PyImportError::new_err(
            "another interpreter of this process has imported autosec, which cannot serve two: start processes instead",
        )),
        _ => Ok(()),
    }
}

/// Marks an object as made in this process, before it was copied.
#[derive(Debug)]
pub(crate) struct Birth(u64);

impl Birth {
    pub(crate) fn now() -> Self {
        Self(TORN.load(Ordering::Relaxed))
    }

    /// Refuses what a fork copied while another thread was in the middle of changing it: its locks would never open.
    pub(crate) fn check(&self, py: Python<'_>) -> PyResult<()> {
        if self.0 == TORN.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = "the process was forked while a call was under way on another thread: make the object again after \
                       the fork, or start processes by `spawn`";
        Err(error::plain(py, "AutosecError", message))
    }
}

/// Tells that this process is the copy that a fork made.
#[pyfunction]
pub(crate) fn _forked() {
    ATTACHED.store(0, Ordering::SeqCst);
    if DETACHED.swap(0, Ordering::Relaxed) > 0 {
        TORN.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells that the interpreter is about to end, and waits for who is on the way into it: one that came later would find
/// its memory gone.
#[pyfunction]
pub(crate) fn _ending(py: Python<'_>) {
    ENDS.set(true);
    ENDING.store(true, Ordering::SeqCst);
    py.detach(|| {
        for _ in 0..ENDING_TRIES {
            if ATTACHED.load(Ordering::SeqCst) == 0 {
                return;
            }
            thread::sleep(ENDING_PAUSE);
        }
    });
}

/// Whether the interpreter is about to end under this thread. The one that ends it has it to the last: what a program
/// does at its exit is done as ever.
pub(crate) fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst) && !ENDS.get()
}

/// Does the work in the interpreter; not at all once that is about to end.
pub(crate) fn attach<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    counted(|| if is_ending() { None } else { Python::try_attach(work) })
}

/// Does work that runs Python code, on a thread that has the interpreter; not at all once that is about to end: a thread
/// that Python ends in the middle of it, as it ends those that outlive the program, takes the process with it.
pub(crate) fn within<T>(work: impl FnOnce() -> T) -> Option<T> {
    counted(|| (!is_ending()).then(work))
}

/// What a function of the package's Python part makes of a value.
///
/// # Errors
/// It raised, or the interpreter is about to end.
pub(crate) fn made<'py>(
    py: Python<'py>,
    module: &str,
    function: &str,
    of: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = within(|| py.import(module)?.getattr(function)?.call1((of,)));
    made.unwrap_or_else(|| Err(error::plain(py, "AutosecError", "the interpreter is ending")))
}

/// Does work that the end waits for.
fn counted<T>(work: impl FnOnce() -> T) -> T {
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            // A fork may have set it back.
            let _ = ATTACHED.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
        }
    }
    ATTACHED.fetch_add(1, Ordering::SeqCst);
    let counted = Counted;
    let done = work();
    drop(counted);
    done
}

/// Does the work without the interpreter, so that other threads of Python go on.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            // A fork may have set it back.
            let _ = DETACHED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
        }
    }
    DETACHED.fetch_add(1, Ordering::Relaxed);
    let counted = Counted;
    let done = py.detach(work);
    drop(counted);
    done
}

/// Does work that may call what is written in Python, which may come back.
///
/// # Errors
/// It came back too often, or what is written in Python wants the program to end (`KeyboardInterrupt`, `SystemExit`).
pub(crate) fn entered<T>(py: Python<'_>, work: impl FnOnce() -> T) -> PyResult<T> {
    struct Entered<'c>(&'c Cell<usize>);
    impl Drop for Entered<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    CALLS.with(|calls| {
        if calls.depth.get() >= DEEPEST {
            let message =
                format!("a detector written in Python came back into an engine more than {DEEPEST} times");
            return Err(error::plain(py, "AutosecError", message));
        }
        calls.depth.set(calls.depth.get() + 1);
        let entered = Entered(&calls.depth);
        let done = work();
        drop(entered);
        let pending = if calls.is_pending.replace(false) { PENDING.take() } else { None };
        pending.map_or(Ok(done), Err)
    })
}

/// Keeps an exception that must leave through the call that is under way on this thread.
pub(crate) fn keep(error: PyErr) {
    PENDING.set(Some(error));
    CALLS.with(|calls| calls.is_pending.set(true));
}

/// Whether an exception wants out.
pub(crate) fn is_interrupted() -> bool {
    CALLS.with(|calls| calls.is_pending.get())
}
