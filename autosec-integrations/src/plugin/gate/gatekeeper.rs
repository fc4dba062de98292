use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::observe::{Observer, Record};
use autosec_core::time::Clock;
use tokio::time::timeout;

use super::budget::Budget;
use super::builder::GateBuilder;
use super::counts::{Counters, Counts};
use super::denial::{Denial, plain};
use super::permit;
use super::random::Random;
use super::session;
use super::store::{PluginStore, Room};
use crate::plugin::interface::{
    Command, CommandResult, Context, HttpRequest, HttpResponse, KvError, Level, Services, TransportError,
};
use crate::plugin::manifest::Capabilities;
use crate::secret::SecretSource;
use crate::transport::{CommandRunner, HttpClient, Resolver, Shell};

/// The longest line of a log, in characters.
const LONGEST_LINE: usize = 1_000;

/// The most lines that are typed into one session.
const MOST_LINES: usize = 1_000;

/// What one configured plugin may ask of its host, and gets. The module says what holds.
///
/// It needs tokio's timer, and what its parts need.
#[derive(Debug)]
pub struct Gate {
    /// Of the configuration, which may be one of several of the plugin.
    pub(super) name: String,
    pub(super) capabilities: Capabilities,
    pub(super) budget: Budget,
    pub(super) counts: Counters,
    pub(super) client: Option<Arc<dyn HttpClient>>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) commands: Option<Arc<dyn CommandRunner>>,
    pub(super) shells: BTreeMap<String, Arc<dyn Shell>>,
    pub(super) secrets: Arc<dyn SecretSource>,
    pub(super) store: PluginStore,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) observer: Arc<dyn Observer>,
}

impl Gate {
    /// A gate for these capabilities, with nothing behind it yet.
    pub fn builder(capabilities: Capabilities) -> GateBuilder {
        GateBuilder::new(capabilities)
    }

    /// What the plugin may do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What went through since it was made.
    pub fn counts(&self) -> Counts {
        self.counts.read()
    }

    /// Tells of a denial, and gives what the plugin is told.
    pub(super) fn deny(&self, denial: Denial) -> TransportError {
        self.counts.denied();
        if !self.budget.denial() {
            return denial.into();
        }
        let record = Record::Denied { plugin: &self.name, asked: &denial.asked, why: &denial.why };
        self.observer.note(self.clock.now(), &record);
        denial.into()
    }

    fn room(&self) -> Room {
        let limits = self.capabilities.limits();
        Room { keys: limits.keys, value: limits.value }
    }

    async fn run(
        &self,
        commands: &dyn CommandRunner,
        command: &Command,
    ) -> Result<CommandResult, TransportError> {
        let args: Vec<&str> = command.args.iter().map(String::as_str).collect();
        let finished =
            commands.feed(&command.program, &args, &command.stdin).await.map_err(|error| broken(&error))?;
        self.counts.command();
        Ok(CommandResult {
            exit_code: finished.status.unwrap_or(-1),
            stdout: finished.output.into_bytes(),
            stderr: finished.errors.into_bytes(),
        })
    }
}

#[async_trait]
impl Services for Gate {
    fn begin(&self, context: &Context) {
        self.budget.begin(Duration::from_millis(context.deadline_ms.into()));
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let within = self.budget.time(request.timeout_ms);
        timeout(within, self.exchange(request)).await.unwrap_or(Err(TransportError::Timeout))
    }

    async fn exec(&self, command: Command) -> Result<CommandResult, TransportError> {
        let commands = self.commands.as_deref().ok_or(TransportError::Unsupported)?;
        let asked = [command.program.as_str()].into_iter().chain(command.args.iter().map(String::as_str));
        let asked = asked.collect::<Vec<_>>().join(" ");
        let deny = |why: String| self.deny(Denial::new(&asked, why));
        self.budget.command().map_err(deny)?;
        let has_input = !command.stdin.is_empty();
        permit::exec(&self.capabilities, &command.program, &command.args, has_input).map_err(deny)?;
        if command.stdin.len() as u64 > self.capabilities.limits().body {
            return Err(deny(format!("the input has more than {} bytes", self.capabilities.limits().body)));
        }
        let within = self.budget.time(command.timeout_ms);
        timeout(within, self.run(commands, &command)).await.unwrap_or(Err(TransportError::Timeout))
    }

    async fn session_exec(
        &self,
        session: &str,
        lines: Vec<String>,
        timeout_ms: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        let asked = |what: &str| format!("session {session}: {what}");
        self.budget.command().map_err(|why| self.deny(Denial::new(&asked("…"), why)))?;
        if lines.len() > MOST_LINES {
            let why = format!("a session is typed at most {MOST_LINES} lines");
            return Err(self.deny(Denial::new(&asked("…"), why)));
        }
        for line in &lines {
            let permit = permit::line(&self.capabilities, session, line);
            permit.map_err(|why| self.deny(Denial::new(&asked(line), why)))?;
        }
        let shell = self.shells.get(session).ok_or(TransportError::Unsupported)?;
        let within = self.budget.time(timeout_ms);
        let conversing =
            timeout(within, session::converse(&**shell, &lines, self.capabilities.limits().body)).await;
        let answers = conversing.map_err(|_| TransportError::Timeout)?.map_err(|error| broken(&error))?;
        self.counts.session();
        Ok(answers)
    }

    fn log(&self, level: Level, message: &str) {
        let is_kept = self.budget.line();
        self.counts.line(is_kept);
        if !is_kept {
            return;
        }
        let level = match level {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let text = plain(message, LONGEST_LINE);
        let record = Record::Logged { plugin: &self.name, level, text: &text };
        self.observer.note(self.clock.now(), &record);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.now().as_micros() / 1_000).unwrap_or_default()
    }

    fn random_u64(&self) -> u64 {
        self.random.next()
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.store.value(&self.name, key)
    }

    async fn kv_set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError> {
        self.store.set(&self.name, key, value, self.room())
    }

    async fn kv_delete(&self, key: &str) -> Result<(), KvError> {
        self.store.delete(&self.name, key)
    }
}

/// Why a program or a session failed. The seams put no secret into their errors.
fn broken(error: &io::Error) -> TransportError {
    let text: String = plain(&error.to_string(), 400);
    match error.kind() {
        io::ErrorKind::TimedOut => TransportError::Timeout,
        io::ErrorKind::Unsupported => TransportError::Unsupported,
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::PermissionDenied => TransportError::Connect(text),
        _ => TransportError::Protocol(text),
    }
}
