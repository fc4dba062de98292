use std::time::Duration;

use tokio::time::Instant;
use wasmtime::{PoolConcurrencyLimitError, Store};

use super::StartError;
use super::bindings::{Exports, Plugin, PluginPre};
use super::crash::{crash, text};
use super::state::State;
use crate::plugin::interface::{Crash, Metadata};

/// One running instance: its memory, and the functions that it exports.
pub(super) struct Instance {
    pub(super) store: Store<State>,
    /// In a box, as the store is: an instance is moved out of its place and back in each call.
    pub(super) exports: Box<Exports>,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Instance").field("state", self.store.data()).finish_non_exhaustive()
    }
}

impl Instance {
    /// An instance that is not configured yet.
    pub(super) async fn fresh(pre: &PluginPre<State>, state: State, within: Duration) -> Result<Self, Crash> {
        let mut store = store(pre, state, within);
        store.epoch_deadline_callback(|store| Ok(store.data().tick()));
        let started = pre.instantiate_async(&mut store).await;
        Self::started(store, started)
    }

    /// The same for a thread that is its alone.
    pub(super) fn fresh_alone(pre: &PluginPre<State>, state: State, within: Duration) -> Result<Self, Crash> {
        let mut store = store(pre, state, within);
        store.epoch_deadline_callback(|store| Ok(store.data().tick_alone()));
        let started = pre.instantiate(&mut store);
        Self::started(store, started)
    }

    fn started(store: Store<State>, started: wasmtime::Result<Plugin>) -> Result<Self, Crash> {
        match started {
            Ok(plugin) => Ok(Self { exports: Box::new(plugin.autosec_firewall_firewall().clone()), store }),
            Err(error) => Err(store.data().refused().unwrap_or_else(|| cannot_start(&error, store.data()))),
        }
    }

    /// An instance with this configuration; what it asks of the host belongs to the call that began last.
    pub(super) async fn configured(
        pre: &PluginPre<State>,
        state: State,
        config: &str,
        within: Duration,
    ) -> Result<Self, StartError> {
        let end = Instant::now() + within;
        let mut instance = Self::fresh(pre, state, within).await?;
        instance.begin(within, end);
        let Self { store, exports } = &mut instance;
        let answer = exports.call_configure(&mut *store, config).await;
        let answer = answer.map_err(|error| crash(&error, store.data()))?;
        answer.map_err(StartError::Refused)?;
        Ok(instance)
    }

    /// What the plugin is, and the schema of its configuration; the instance is used up.
    pub(super) async fn description(mut self) -> Result<(Metadata, String), Crash> {
        let start = self.store.data().limits().start;
        self.begin(start, Instant::now() + start);
        let metadata = self.exports.call_describe(&mut self.store).await;
        let metadata = self.end(metadata)?;
        self.begin(start, Instant::now() + start);
        let schema = self.exports.call_config_schema(&mut self.store).await;
        Ok((metadata, self.end(schema)?))
    }

    /// Begins a call that may take `time`, which is over at `end`.
    pub(super) fn begin(&mut self, time: Duration, end: Instant) {
        begin(&mut self.store, time, end);
    }

    /// What a call came to.
    pub(super) fn end<R>(&self, answer: wasmtime::Result<R>) -> Result<R, Crash> {
        answer.map_err(|error| crash(&error, self.store.data()))
    }
}

/// A store with the limits of its state, in which a plugin may start.
fn store(pre: &PluginPre<State>, state: State, within: Duration) -> Store<State> {
    let answer = state.limits().answer;
    let mut store = Store::new(pre.engine(), state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(answer);
    begin(&mut store, within, Instant::now() + within);
    store
}

fn begin(store: &mut Store<State>, time: Duration, end: Instant) {
    store.data_mut().begin(time, end);
    store.set_epoch_deadline(1);
}

/// A pool without room is no fault of the plugin; all else is: a trap while it starts, or functions of another shape.
fn cannot_start(error: &wasmtime::Error, state: &State) -> Crash {
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Crash::Gone(text(error));
    }
    crash(error, state)
}
