use std::fmt::{Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::instance::Instance;
use super::{StartError, WasmPlugin};
use crate::plugin::interface::{
    Context, Crash, Entry, Failure, Guest, Health, Metadata, Outcome, Page, Services,
};

/// A configured plugin in a sandbox of its own.
///
/// Calls wait for each other, in the order in which they came; the time of a call begins when it is its turn.
pub struct WasmGuest {
    plugin: WasmPlugin,
    /// It may hold passwords: shown to nobody but the plugin.
    config: String,
    services: Arc<dyn Services>,
    /// The running instance. Empty while a call has it, after a call that was dropped in the middle, and after a crash that
    /// no fresh instance could follow.
    slot: Mutex<Option<Instance>>,
}

impl WasmGuest {
    pub(super) async fn start(
        plugin: WasmPlugin,
        config: String,
        services: Arc<dyn Services>,
    ) -> Result<Self, StartError> {
        let guest = Self { plugin, config, services, slot: Mutex::new(None) };
        let instance = guest.first().await?;
        *guest.slot.lock().await = Some(instance);
        Ok(guest)
    }

    /// Waits until the instance is free, and takes it. Where there is none, a fresh one is made and configured in the time of
    /// the call, and out of what the call may ask of the host.
    async fn turn(&self, context: &Context) -> Result<Turn<'_>, Crash> {
        let mut slot = match self.slot.try_lock() {
            Ok(slot) => slot,
            // Whoever waits already is served first: a slot is free only when nobody does.
            Err(_) => self.slot.lock().await,
        };
        self.services.begin(context);
        let time = Duration::from_millis(context.deadline_ms.into());
        let end = Instant::now() + time;
        let mut instance = match slot.take() {
            Some(instance) => instance,
            None => {
                let within = self.plugin.limits().start.min(time);
                // In a box of its own, as below: what is rarely waited for makes no call's future larger.
                let started = Box::pin(self.instance(within)).await;
                started.map_err(|error| Crash::Gone(error.to_string()))?
            }
        };
        instance.begin(time, end);
        Ok(Turn { guest: self, slot, instance })
    }

    /// An instance that is made and configured in a time of its own.
    async fn first(&self) -> Result<Instance, StartError> {
        let start = self.plugin.limits().start;
        self.services.begin(&Context::configuring(start));
        self.instance(start).await
    }

    async fn instance(&self, within: Duration) -> Result<Instance, StartError> {
        self.plugin.instance(&self.config, Arc::clone(&self.services), within).await
    }
}

/// A call. The instance is out of its place until the call ends well: one that is left in the middle, by a trap or by a
/// caller who no longer waits, can never be called again.
struct Turn<'g> {
    guest: &'g WasmGuest,
    slot: MutexGuard<'g, Option<Instance>>,
    instance: Instance,
}

impl Turn<'_> {
    /// Ends the call; after a crash the next one finds a fresh instance, if there can be one.
    async fn end<R>(mut self, answer: wasmtime::Result<R>) -> Result<R, Crash> {
        match self.instance.end(answer) {
            Ok(answer) => {
                *self.slot = Some(self.instance);
                Ok(answer)
            }
            Err(crash) => Err(Box::pin(self.replaced(crash)).await),
        }
    }

    /// What is told of a crash, after a fresh instance was put in the dead one's place.
    async fn replaced(mut self, crash: Crash) -> Crash {
        // Its memory goes back first: a pool that is full has room for the fresh one.
        drop(self.instance);
        match self.guest.first().await {
            Ok(fresh) => {
                *self.slot = Some(fresh);
                crash
            }
            Err(why) => Crash::Gone(format!("{crash}; and it does not start again: {why}")),
        }
    }
}

#[async_trait]
impl Guest for WasmGuest {
    fn metadata(&self) -> &Metadata {
        self.plugin.metadata()
    }

    async fn block(
        &self,
        context: &Context,
        entries: &[Entry],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        let mut turn = self.turn(context).await?;
        let Instance { store, exports } = &mut turn.instance;
        let answer = exports.call_block(store, context, entries).await;
        turn.end(answer.and_then(|answers| one_each(answers, entries.len()))).await
    }

    async fn unblock(
        &self,
        context: &Context,
        targets: &[String],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        let mut turn = self.turn(context).await?;
        let Instance { store, exports } = &mut turn.instance;
        let answer = exports.call_unblock(store, context, targets).await;
        turn.end(answer.and_then(|answers| one_each(answers, targets.len()))).await
    }

    async fn list_blocked(
        &self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Result<Page, Failure>, Crash> {
        let mut turn = self.turn(context).await?;
        let Instance { store, exports } = &mut turn.instance;
        let answer = exports.call_list_blocked(store, context, cursor, limit).await;
        turn.end(answer).await
    }

    async fn check_health(&self, context: &Context) -> Result<Result<Health, Failure>, Crash> {
        let mut turn = self.turn(context).await?;
        let Instance { store, exports } = &mut turn.instance;
        let answer = exports.call_check_health(store, context).await;
        turn.end(answer).await
    }
}

/// Answers, if there are as many as questions.
pub(super) fn one_each<A>(answers: Vec<A>, items: usize) -> wasmtime::Result<Vec<A>> {
    if answers.len() == items {
        return Ok(answers);
    }
    Err(Crash::Protocol(format!("{} answers to {items} items", answers.len())).into())
}

impl Debug for WasmGuest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WasmGuest").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}
