use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use autosec_plugin_runner::abi::{Encoding, code, operation};
use autosec_plugin_runner::{Answer, Fault, Host, Instance, Library};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use super::codec::{decode, encode};
use super::exchange::{crash, each_of, unreadable};
use super::{LoadError, NativeLimits, StartError, question};
use crate::plugin::interface::waiting::wait;
use crate::plugin::interface::{Context, Crash, Entry, Failure, Health, Outcome, Page, Services};

/// A configured plugin on the thread that made it: each call is a call of a function, and nobody watches it.
///
/// It is for hosts with threads of their own that trust a plugin with them: a call that hangs holds the thread, and deadlines
/// are left to the plugin. Everybody else takes a [`NativeGuest`](super::NativeGuest), which costs two changes of threads a call.
pub struct NativeSession {
    instance: Instance,
    asked: Rc<Direct>,
    limits: NativeLimits,
}

impl NativeSession {
    /// What the services wait for is waited for in `runtime`; the thread must not be one of it.
    pub(super) fn start(
        library: &Rc<Library>,
        config: &str,
        services: Arc<dyn Services>,
        runtime: Handle,
        limits: NativeLimits,
    ) -> Result<Self, StartError> {
        services.begin(&Context::configuring(limits.start));
        let left = Cell::new(limits.host_calls);
        let asked = Rc::new(Direct { encoding: library.encoding(), services, runtime, left });
        let made = library.create(config.as_bytes(), Rc::clone(&asked) as Rc<dyn Host>);
        let (answer, instance) = made.map_err(|fault| broken(&fault, &limits))?;
        let configured: Result<(), Failure> =
            decode(library.encoding(), &answer).map_err(|_| unreadable())?;
        configured.map_err(StartError::Refused)?;
        let instance = instance.ok_or_else(|| Crash::Protocol("it made no instance".to_owned()))?;
        Ok(Self { instance, asked, limits })
    }

    /// As [`Guest::block`](crate::plugin::interface::Guest::block).
    ///
    /// # Errors
    /// The plugin did not come to its end; after a panic it never does again.
    pub fn block(
        &mut self,
        context: &Context,
        entries: &[Entry],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        let answer = self.call(context, operation::BLOCK, &(context, entries))?;
        each_of(entries.len())(&answer).map(|()| answer)
    }

    /// As [`Guest::unblock`](crate::plugin::interface::Guest::unblock).
    ///
    /// # Errors
    /// The plugin did not come to its end; after a panic it never does again.
    pub fn unblock(
        &mut self,
        context: &Context,
        targets: &[String],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        let answer = self.call(context, operation::UNBLOCK, &(context, targets))?;
        each_of(targets.len())(&answer).map(|()| answer)
    }

    /// As [`Guest::list_blocked`](crate::plugin::interface::Guest::list_blocked).
    ///
    /// # Errors
    /// The plugin did not come to its end; after a panic it never does again.
    pub fn list_blocked(
        &mut self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Result<Page, Failure>, Crash> {
        self.call(context, operation::LIST_BLOCKED, &(context, cursor, limit))
    }

    /// As [`Guest::check_health`](crate::plugin::interface::Guest::check_health).
    ///
    /// # Errors
    /// The plugin did not come to its end; after a panic it never does again.
    pub fn check_health(&mut self, context: &Context) -> Result<Result<Health, Failure>, Crash> {
        self.call(context, operation::CHECK_HEALTH, &(context,))
    }

    fn call<T: DeserializeOwned>(
        &mut self,
        context: &Context,
        operation: u32,
        arguments: &impl Serialize,
    ) -> Result<T, Crash> {
        self.asked.services.begin(context);
        self.asked.left.set(self.limits.host_calls);
        let encoding = self.asked.encoding;
        let arguments = encode(encoding, arguments).map_err(|_| unreadable())?;
        let answer: Answer =
            self.instance.call(operation, &arguments).map_err(|fault| broken(&fault, &self.limits))?;
        decode(encoding, &answer).map_err(|_| unreadable())
    }
}

impl fmt::Debug for NativeSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeSession").finish_non_exhaustive()
    }
}

/// Opens a library for sessions of this thread.
pub(super) fn library(path: &std::path::Path, limits: &NativeLimits) -> Result<Rc<Library>, LoadError> {
    let opened = Library::open(path, limits.answer);
    opened.map(Rc::new).map_err(|error| LoadError::Refused(error.to_string()))
}

fn broken(fault: &Fault, limits: &NativeLimits) -> Crash {
    match fault {
        Fault::Panic(words) => crash(code::PANIC, words.as_bytes(), limits),
        Fault::Code(code) => crash(*code, &[], limits),
        _ => crash(code::LARGE, &[], limits),
    }
}

/// Answers questions where they are asked.
struct Direct {
    encoding: Encoding,
    services: Arc<dyn Services>,
    runtime: Handle,
    /// Questions that the call may still ask; one that has none left gets no answer.
    left: Cell<u32>,
}

impl Host for Direct {
    fn answer(&self, question: u32, arguments: &[u8]) -> (i32, Vec<u8>) {
        let Some(left) = self.left.get().checked_sub(1) else { return (code::OVER, Vec::new()) };
        self.left.set(left);
        let answer = question::answer(self.encoding, self.services.as_ref(), question, arguments);
        wait(&self.runtime, answer)
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}
