use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::guard;

/// How often Python is asked: nobody notices such a delay, and a thread that computes gives the interpreter back after 5 ms.
const EVERY: Duration = Duration::from_millis(50);

/// Asks Python now and then, for work that has let go of the interpreter, whether somebody pressed Ctrl-C.
#[derive(Debug)]
pub(crate) struct Patience {
    asked: Mutex<Instant>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { asked: Mutex::new(Instant::now()) }
    }

    /// Whether to go on. What a handler of a signal raised leaves through the call that is [under way](guard::entered).
    pub(crate) fn go_on(&self) -> ControlFlow<()> {
        // Whoever finds it locked is in good company: another thread is asking.
        let Ok(mut asked) = self.asked.try_lock() else { return ControlFlow::Continue(()) };
        if asked.elapsed() < EVERY {
            return ControlFlow::Continue(());
        }
        let answer = guard::attach(|py| py.check_signals());
        *asked = Instant::now();
        match answer {
            Some(Ok(())) => ControlFlow::Continue(()),
            Some(Err(raised)) => {
                guard::keep(raised);
                ControlFlow::Break(())
            }
            // The interpreter is gone: nobody waits for what is being made.
            None => ControlFlow::Break(()),
        }
    }
}
