//! Who answers the free functions where there is no WebAssembly: the host of the running call, or a test's.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Command, CommandResult, HttpRequest, HttpResponse, KvError, Level, TransportError};

/// What a host does for a plugin, one method for each free function.
///
/// Each says by default that there is nobody; the clock and the numbers are then the machine's own.
pub trait Host {
    /// As [`crate::http`].
    ///
    /// # Errors
    /// The exchange was denied or failed.
    fn http(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        let _ = request;
        Err(TransportError::Unsupported)
    }

    /// As [`crate::exec`].
    ///
    /// # Errors
    /// The program was denied or could not be run.
    fn exec(&self, command: &Command) -> Result<CommandResult, TransportError> {
        let _ = command;
        Err(TransportError::Unsupported)
    }

    /// As [`crate::session_exec`].
    ///
    /// # Errors
    /// The session was denied or failed.
    fn session_exec(
        &self,
        session: &str,
        lines: &[String],
        timeout_ms: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        let _ = (session, lines, timeout_ms);
        Err(TransportError::Unsupported)
    }

    /// As [`crate::log`]; to standard error by default.
    fn log(&self, level: Level, message: &str) {
        eprintln!("{level:?}: {message}");
    }

    /// As [`crate::now_ms`].
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// As [`crate::random_u64`].
    fn random_u64(&self) -> u64 {
        RandomState::new().hash_one(0_u8)
    }

    /// As [`crate::kv_get`].
    ///
    /// # Errors
    /// The store is not there.
    fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let _ = key;
        Err(nobody())
    }

    /// As [`crate::kv_set`].
    ///
    /// # Errors
    /// A limit is reached, or the store is not there.
    fn kv_set(&self, key: &str, value: &[u8]) -> Result<(), KvError> {
        let _ = (key, value);
        Err(nobody())
    }

    /// As [`crate::kv_delete`].
    ///
    /// # Errors
    /// The store is not there.
    fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        let _ = key;
        Err(nobody())
    }
}

/// Runs `call` with `host` behind the free functions of this thread.
///
/// A thread that `call` starts has no host: there, every way out is [`TransportError::Unsupported`].
pub fn with_host<T>(host: Rc<dyn Host>, call: impl FnOnce() -> T) -> T {
    let _guard = Guard { before: HOST.replace(Some(host)) };
    call()
}

/// What the free functions ask.
pub(crate) fn current() -> Rc<dyn Host> {
    HOST.with_borrow(Clone::clone).unwrap_or_else(|| Rc::new(Nobody))
}

fn nobody() -> KvError {
    KvError::Unavailable("no host".to_owned())
}

thread_local! {
    static HOST: RefCell<Option<Rc<dyn Host>>> = const { RefCell::new(None) };
}

/// Puts back who was there before, also when the call panics.
struct Guard {
    before: Option<Rc<dyn Host>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        HOST.set(self.before.take());
    }
}

/// Outside of any call.
struct Nobody;

impl Host for Nobody {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Clock(u64);

    impl Host for Clock {
        fn now_ms(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn a_host_is_there_for_one_call_even_if_it_panics() {
        let seen = with_host(Rc::new(Clock(7)), || (crate::now_ms(), inner(), crate::now_ms()));
        assert_eq!(seen, (7, 8, 7));
        let panicked = std::panic::catch_unwind(|| {
            with_host(Rc::new(Clock(7)), || std::panic::resume_unwind(Box::new("gone")))
        });
        assert!(panicked.is_err());
        assert!(crate::now_ms() > 1_000, "the machine's own clock");
    }

    fn inner() -> u64 {
        with_host(Rc::new(Clock(8)), crate::now_ms)
    }

    #[test]
    fn nobody_has_no_ways_out() {
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: "https://192.0.2.1/".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
            secrets: Vec::new(),
        };
        assert_eq!(crate::http(&request), Err(TransportError::Unsupported));
        assert_eq!(crate::session_exec("edge", &[], None), Err(TransportError::Unsupported));
        assert_eq!(crate::kv_get("a"), Err(nobody()));
        assert_ne!(crate::random_u64(), crate::random_u64());
        let elsewhere =
            with_host(Rc::new(Clock(7)), || std::thread::spawn(crate::now_ms).join().unwrap_or_default());
        assert_ne!(elsewhere, 7);
    }
}
