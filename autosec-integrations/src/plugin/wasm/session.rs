use std::fmt::{Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::Store;

use super::bindings::{Exports, PluginPre};
use super::guest::one_each;
use super::instance::Instance;
use super::state::State;
use super::{StartError, WasmPlugin};
use crate::plugin::interface::{Context, Crash, Entry, Failure, Health, Metadata, Outcome, Page, Services};

/// A configured plugin on the thread that calls it: each call is a call of a function.
///
/// It is for hosts with threads of their own. Deadlines and limits are those of a [`WasmGuest`](super::WasmGuest), and one
/// that breaks off is replaced as there; but a call keeps its thread until it ends, also while the host looks for an answer,
/// where a guest lets others run. The thread needs 512 KiB of stack that nobody else uses.
pub struct WasmSession {
    plugin: WasmPlugin,
    pre: PluginPre<State>,
    /// It may hold passwords: shown to nobody but the plugin.
    config: String,
    services: Arc<dyn Services>,
    /// Empty while a call has it, and after a crash that no fresh instance could follow.
    instance: Option<Instance>,
}

impl WasmSession {
    pub(super) fn start(
        plugin: WasmPlugin,
        pre: PluginPre<State>,
        config: String,
        services: Arc<dyn Services>,
    ) -> Result<Self, StartError> {
        let mut session = Self { plugin, pre, config, services, instance: None };
        session.instance = Some(session.first()?);
        Ok(session)
    }

    /// What the plugin said of itself when it was loaded.
    pub fn metadata(&self) -> &Metadata {
        self.plugin.metadata()
    }

    /// As [`Guest::block`](crate::plugin::interface::Guest::block).
    ///
    /// # Errors
    /// The plugin did not come to its end; nothing may be assumed of the items.
    pub fn block(
        &mut self,
        context: &Context,
        entries: &[Entry],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        self.call(context, |exports, store| {
            let (answers,) = exports.func_block().call(store, (context, entries))?;
            one_each(answers, entries.len())
        })
    }

    /// As [`Guest::unblock`](crate::plugin::interface::Guest::unblock).
    ///
    /// # Errors
    /// The plugin did not come to its end; nothing may be assumed of the items.
    pub fn unblock(
        &mut self,
        context: &Context,
        targets: &[String],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        self.call(context, |exports, store| {
            let (answers,) = exports.func_unblock().call(store, (context, targets))?;
            one_each(answers, targets.len())
        })
    }

    /// As [`Guest::list_blocked`](crate::plugin::interface::Guest::list_blocked).
    ///
    /// # Errors
    /// The plugin did not come to its end.
    pub fn list_blocked(
        &mut self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Result<Page, Failure>, Crash> {
        self.call(context, |exports, store| {
            Ok(exports.func_list_blocked().call(store, (context, cursor, limit))?.0)
        })
    }

    /// As [`Guest::check_health`](crate::plugin::interface::Guest::check_health).
    ///
    /// # Errors
    /// The plugin did not come to its end.
    pub fn check_health(&mut self, context: &Context) -> Result<Result<Health, Failure>, Crash> {
        self.call(context, |exports, store| Ok(exports.func_check_health().call(store, (context,))?.0))
    }

    /// One call. The instance is out of its place until the call ends well, as in a guest.
    fn call<R>(
        &mut self,
        context: &Context,
        call: impl FnOnce(&Exports, &mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R, Crash> {
        self.services.begin(context);
        let time = Duration::from_millis(context.deadline_ms.into());
        let end = Instant::now() + time;
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => {
                let started = self.another(self.plugin.limits().start.min(time));
                started.map_err(|error| Crash::Gone(error.to_string()))?
            }
        };
        instance.begin(time, end);
        let answer = call(&instance.exports, &mut instance.store);
        match instance.end(answer) {
            Ok(answer) => {
                self.instance = Some(instance);
                Ok(answer)
            }
            Err(crash) => {
                // Its memory goes back first: a pool that is full has room for the fresh one.
                drop(instance);
                let gone = |why| Crash::Gone(format!("{crash}; and it does not start again: {why}"));
                self.instance = Some(self.first().map_err(gone)?);
                Err(crash)
            }
        }
    }

    /// An instance that is made and configured in a time of its own.
    fn first(&self) -> Result<Instance, StartError> {
        let start = self.plugin.limits().start;
        self.services.begin(&Context::configuring(start));
        self.another(start)
    }

    /// An instance with this configuration; what it asks of the host belongs to the call that began last.
    fn another(&self, within: Duration) -> Result<Instance, StartError> {
        let end = Instant::now() + within;
        let state = self.plugin.state(Arc::clone(&self.services));
        let mut instance = Instance::fresh_alone(&self.pre, state, within)?;
        instance.begin(within, end);
        let Instance { store, exports } = &mut instance;
        let answer = exports.func_configure().call(store, (self.config.as_str(),));
        instance.end(answer)?.0.map_err(StartError::Refused)?;
        Ok(instance)
    }
}

impl Debug for WasmSession {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WasmSession").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}
