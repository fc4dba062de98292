use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;

/// How often a running plugin looks up: whether its time is over, and to let others run on its thread.
const TICK: Duration = Duration::from_millis(10);

/// A thread that counts the engine's epochs, for as long as this value lives.
#[derive(Debug)]
pub(super) struct Ticker {
    /// Taken on drop: a closed channel ends the thread at once.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: Engine) -> std::io::Result<Self> {
        let (alive, closed) = channel::<()>();
        let count = move || {
            while closed.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new().name("autosec-plugins".to_owned()).spawn(count)?;
        Ok(Self { alive: Some(alive), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(thread) = self.thread.take() {
            // It ends within microseconds, and cannot panic.
            let _ = thread.join();
        }
    }
}
