use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_plugin_runner::abi::operation;
use autosec_plugin_runner::message::Order;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep_until};

use super::StartError;
use super::codec::encode;
use super::exchange::{call, each_of};
use super::line::{Line, Source};
use super::thread::Ended;
use crate::plugin::interface::{
    Context, Crash, Entry, Failure, Guest, Health, Metadata, Outcome, Page, Services,
};

/// The longest rest of a plugin that breaks off again and again.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// How long a plugin in this process may take to come back from a call that was given up, before the next one. One that only
/// waited for the host does at once.
const GRACE: Duration = Duration::from_millis(250);

/// A configured native plugin.
///
/// One that breaks off is started anew by the next call; from the second time in a row it rests before, for 100 ms and twice
/// as long each time, at most 30 s. One that hangs in this process is [`Crash::Gone`] from the next call on: its thread cannot
/// be ended.
pub struct NativeGuest {
    source: Source,
    metadata: Metadata,
    /// It may hold secrets, so it is in no `Debug`.
    config: String,
    services: Arc<dyn Services>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    line: Option<Line>,
    /// A thread that was let go in the middle of a call; nothing is started beside it.
    stray: Option<Ended>,
    /// Why it is not used any more.
    gone: Option<String>,
    crashes: u32,
    rests_until: Option<Instant>,
}

impl NativeGuest {
    pub(super) async fn start(
        source: Source,
        metadata: Metadata,
        config: &str,
        services: Arc<dyn Services>,
    ) -> Result<Self, StartError> {
        let config = config.to_owned();
        let guest = Self { source, metadata, config, services, state: Mutex::default() };
        let limit = guest.source.limits.start;
        guest.services.begin(&Context::configuring(limit));
        let mut turn = Turn { state: guest.state.lock().await, line: None };
        let started = timed(Instant::now() + limit, guest.configure(&mut turn.line)).await;
        started.unwrap_or(Err(Crash::Deadline(limit).into()))?;
        turn.keep();
        Ok(guest)
    }

    /// Puts a line to a fresh instance in its place. One that is not configured stays there, to be given up.
    async fn configure(&self, place: &mut Option<Line>) -> Result<(), StartError> {
        let line = place.insert(Line::open(&self.source).await?);
        let order = Order::Create { config: self.config.clone().into_bytes() };
        let answer: Result<(), Failure> =
            call(line, order, self.services.as_ref(), &self.source.limits).await?;
        answer.map_err(StartError::Refused)
    }

    /// One call, which ends at its deadline. The time begins when it is its turn; where the plugin has to be started anew, that
    /// is done in the time of the call, and out of what the call may ask of the host.
    async fn ask<T: DeserializeOwned>(
        &self,
        context: &Context,
        operation: u32,
        arguments: &(impl Serialize + Sync),
        check: impl Fn(&T) -> Result<(), Crash> + Send,
    ) -> Result<T, Crash> {
        let mut turn = Turn { state: self.state.lock().await, line: None };
        if let Some(why) = &turn.state.gone {
            return Err(Crash::Gone(why.clone()));
        }
        self.services.begin(context);
        let limit = Duration::from_millis(context.deadline_ms.into());
        let end = Instant::now() + limit;
        turn.line = turn.state.line.take();
        if turn.line.is_none() {
            self.again(&mut turn, end).await?;
        }
        let asked = timed(end, self.exchange(&mut turn, operation, arguments)).await;
        match asked.map(|asked| asked.and_then(|answer| check(&answer).map(|()| answer))) {
            Some(Ok(answer)) => {
                turn.keep();
                Ok(answer)
            }
            Some(Err(crash)) => {
                turn.crashed();
                Err(crash)
            }
            None => {
                turn.crashed();
                Err(Crash::Deadline(limit))
            }
        }
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        turn: &mut Turn<'_>,
        operation: u32,
        arguments: &impl Serialize,
    ) -> Result<T, Crash> {
        let line = turn.line.as_mut().ok_or_else(|| Crash::Gone("there is no way to it".to_owned()))?;
        let arguments = encode(line.encoding(), arguments)
            .map_err(|_| Crash::Protocol("its arguments cannot be written".to_owned()))?;
        let order = Order::Call { operation, arguments };
        call(line, order, self.services.as_ref(), &self.source.limits).await
    }

    /// Starts it anew, in the time that is left.
    async fn again(&self, turn: &mut Turn<'_>, end: Instant) -> Result<(), Crash> {
        let state = &mut turn.state;
        if let Some(until) = state.rests_until.filter(|until| *until > Instant::now()) {
            if until >= end {
                let left = until - Instant::now();
                let count = state.crashes;
                return Err(Crash::Trap(format!(
                    "it broke off {count} times in a row, and rests for {left:.1?}"
                )));
            }
            sleep_until(until).await;
        }
        if let Some(stray) = &mut state.stray {
            if timed(end.min(Instant::now() + GRACE), stray).await.is_none() {
                let why = "it did not come back from a call whose time was over".to_owned();
                state.gone = Some(why.clone());
                return Err(Crash::Gone(why));
            }
            state.stray = None;
        }
        let within = self.source.limits.start.min(end.saturating_duration_since(Instant::now()));
        let started = timed(Instant::now() + within, self.configure(&mut turn.line)).await;
        let started = match started {
            Some(started) => started.map_err(Crash::from),
            None => Err(Crash::Deadline(within)),
        };
        if started.is_err() {
            turn.state.count();
        }
        started
    }
}

#[async_trait]
impl Guest for NativeGuest {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    async fn block(
        &self,
        context: &Context,
        entries: &[Entry],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        self.ask(context, operation::BLOCK, &(context, entries), each_of(entries.len())).await
    }

    async fn unblock(
        &self,
        context: &Context,
        targets: &[String],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        self.ask(context, operation::UNBLOCK, &(context, targets), each_of(targets.len())).await
    }

    async fn list_blocked(
        &self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Result<Page, Failure>, Crash> {
        self.ask(context, operation::LIST_BLOCKED, &(context, cursor, limit), |_| Ok(())).await
    }

    async fn check_health(&self, context: &Context) -> Result<Result<Health, Failure>, Crash> {
        self.ask(context, operation::CHECK_HEALTH, &(context,), |_| Ok(())).await
    }
}

impl fmt::Debug for NativeGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeGuest")
            .field("name", &self.metadata.name)
            .field("path", &self.source.path)
            .field("runs", &self.source.runs)
            .finish_non_exhaustive()
    }
}

/// One caller's turn. Unless it comes to a good end the line is given up, also when the caller is dropped.
struct Turn<'g> {
    state: MutexGuard<'g, State>,
    line: Option<Line>,
}

impl Turn<'_> {
    /// The call came to a good end.
    fn keep(mut self) {
        self.state.line = self.line.take();
        self.state.crashes = 0;
        self.state.rests_until = None;
    }

    fn crashed(&mut self) {
        self.state.count();
    }

    fn leave(&mut self) {
        if let Some(line) = self.line.take() {
            self.state.stray = line.leave();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl State {
    /// Counts a crash, and sets the rest after it.
    fn count(&mut self) {
        self.crashes = self.crashes.saturating_add(1);
        let doubled = self.crashes.checked_sub(2).map(|again| 1_u32 << again.min(16));
        let rest = doubled.map(|times| (Duration::from_millis(100) * times).min(LONGEST_REST));
        self.rests_until = rest.map(|rest| Instant::now() + rest);
    }
}

/// What it comes to before `end`.
async fn timed<T>(end: Instant, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout_at(end, future).await.ok()
}
