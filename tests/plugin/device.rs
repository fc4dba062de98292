//! A plugin without a sandbox: a device in memory, and on demand everything that a plugin can do wrong.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::observe::{Observer, Record};
use autosec_core::time::Timestamp;
use autosec_integrations::plugin::interface::{
    Context, Crash, Effect, Entry, Failure, FailureKind, Features, Guest, Health, HealthState, Limits,
    Metadata, Outcome, Page, PrefixLengths,
};
use tokio::sync::Semaphore;

/// How the next call goes.
#[derive(Clone, Debug)]
pub enum Act {
    /// As it should.
    Well,
    /// It breaks off before anything was done.
    Crash(Crash),
    /// It breaks off when half of the items were done.
    CrashHalfWay,
    /// Every item fails.
    Fail(FailureKind, Option<u32>),
    /// The items from this one on fail.
    FailFrom(usize, FailureKind),
    /// So many answers, whatever was asked.
    Answers(usize),
    /// It waits for a permit.
    Waits(Arc<Semaphore>),
    /// It never ends.
    Hangs,
}

/// What a call was.
#[derive(Clone, Debug)]
pub struct Call {
    pub context: Context,
    pub entries: Vec<Entry>,
}

/// A device; clones are the same.
#[derive(Clone, Debug)]
pub struct Device {
    pub metadata: Metadata,
    pub acts: Arc<Mutex<VecDeque<Act>>>,
    /// The act when there are no others.
    pub usual: Act,
    /// A call with this target in it breaks off.
    pub poison: Option<&'static str>,
    pub held: Arc<Mutex<BTreeMap<String, Entry>>>,
    pub calls: Arc<Mutex<Vec<Call>>>,
    pub pages: Option<Vec<Page>>,
}

impl Device {
    pub fn new(name: &str) -> Self {
        Self {
            metadata: metadata(name),
            acts: Arc::default(),
            usual: Act::Well,
            poison: None,
            held: Arc::default(),
            calls: Arc::default(),
            pages: None,
        }
    }

    pub fn acting(self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.acts.lock().unwrap().extend(acts);
        self
    }

    pub fn targets(&self) -> Vec<String> {
        self.held.lock().unwrap().keys().cloned().collect()
    }

    /// How many items each change had.
    pub fn widths(&self) -> Vec<usize> {
        self.calls.lock().unwrap().iter().map(|call| call.entries.len()).collect()
    }

    fn noted(&self, context: &Context, entries: &[Entry]) -> Act {
        let call = Call { context: context.clone(), entries: entries.to_vec() };
        self.calls.lock().unwrap().push(call);
        let poisoned = entries.iter().any(|entry| Some(entry.target.as_str()) == self.poison);
        if poisoned {
            return Act::Crash(Crash::Trap("unreachable".to_owned()));
        }
        self.acts.lock().unwrap().pop_front().unwrap_or(self.usual.clone())
    }

    async fn change(
        &self,
        context: &Context,
        entries: &[Entry],
        apply: impl Fn(&mut BTreeMap<String, Entry>, &Entry) -> Effect,
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        let act = self.noted(context, entries);
        let (mut upto, mut rest) = (entries.len(), None);
        match act {
            Act::Well => {}
            Act::Crash(crash) => return Err(crash),
            Act::CrashHalfWay => upto = entries.len() / 2,
            Act::Fail(kind, retry) => return Ok(vec![Err(failure(kind, retry)); entries.len()]),
            Act::FailFrom(at, ref kind) => (upto, rest) = (at, Some(failure(kind.clone(), None))),
            Act::Answers(count) => return Ok(vec![Ok(done(Effect::Applied)); count]),
            Act::Waits(ref door) => door.acquire().await.unwrap().forget(),
            Act::Hangs => tokio::time::sleep(Duration::from_millis(context.deadline_ms.into())).await,
        }
        if matches!(act, Act::Hangs) {
            return Err(Crash::Deadline(Duration::from_millis(context.deadline_ms.into())));
        }
        let mut held = self.held.lock().unwrap();
        let effect = |entry: &Entry| match context.dry_run {
            true => Effect::Planned,
            false => apply(&mut held, entry),
        };
        let mut answers: Vec<_> =
            entries.iter().take(upto).map(effect).map(|effect| Ok(done(effect))).collect();
        if matches!(act, Act::CrashHalfWay) {
            return Err(Crash::Trap("half-way".to_owned()));
        }
        answers.resize(entries.len(), Err(rest.unwrap_or(failure(FailureKind::Internal, None))));
        Ok(answers)
    }
}

#[async_trait]
impl Guest for Device {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    async fn block(
        &self,
        context: &Context,
        entries: &[Entry],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        let apply = |held: &mut BTreeMap<String, Entry>, entry: &Entry| match held
            .insert(entry.target.clone(), entry.clone())
        {
            Some(before) if before == *entry => Effect::Already,
            _ => Effect::Applied,
        };
        self.change(context, entries, apply).await
    }

    async fn unblock(
        &self,
        context: &Context,
        targets: &[String],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        let entries: Vec<Entry> = targets.iter().map(|target| entry(target)).collect();
        let apply = |held: &mut BTreeMap<String, Entry>, entry: &Entry| {
            if held.remove(&entry.target).is_some() { Effect::Applied } else { Effect::Absent }
        };
        self.change(context, &entries, apply).await
    }

    /// Pages of two, or those that the test gave, over and over.
    async fn list_blocked(
        &self,
        _context: &Context,
        cursor: Option<&str>,
        _limit: u32,
    ) -> Result<Result<Page, Failure>, Crash> {
        let from: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        if let Some(pages) = &self.pages {
            return Ok(Ok(pages[from % pages.len()].clone()));
        }
        let held = self.held.lock().unwrap();
        let entries: Vec<Entry> = held.values().skip(from).take(2).cloned().collect();
        let next = (from + 2 < held.len()).then(|| (from + 2).to_string());
        Ok(Ok(Page { entries, next }))
    }

    async fn check_health(&self, _context: &Context) -> Result<Result<Health, Failure>, Crash> {
        match self.usual.clone() {
            Act::Crash(crash) => return Err(crash),
            Act::Fail(kind, retry) => return Ok(Err(failure(kind, retry))),
            _ => {}
        }
        let detail = format!("{} held\n", self.held.lock().unwrap().len());
        Ok(Ok(Health { state: HealthState::Degraded, detail, latency_us: Some(1_500) }))
    }
}

pub fn metadata(name: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        vendor: "AutoSec".to_owned(),
        version: "1.0.0".to_owned(),
        ipv4: Some(PrefixLengths { shortest: 8, longest: 32 }),
        ipv6: Some(PrefixLengths { shortest: 16, longest: 128 }),
        features: Features { listing: true, native_batch: true, dry_run: true, ..Features::default() },
        limits: Limits { max_batch: 100, max_entries: None, max_ttl_secs: None, min_interval_ms: 0 },
        extra: Vec::new(),
    }
}

pub fn entry(target: &str) -> Entry {
    Entry {
        target: target.to_owned(),
        ttl_secs: None,
        reason: String::new(),
        idempotency_key: String::new(),
        extra: Vec::new(),
    }
}

fn done(effect: Effect) -> Outcome {
    let detail = (effect == Effect::Planned).then(|| "PUT /list".to_owned());
    Outcome { effect, remote_id: None, detail, extra: Vec::new() }
}

fn failure(kind: FailureKind, retry_after_ms: Option<u32>) -> Failure {
    Failure { kind, message: "as the test wants it".to_owned(), retry_after_ms, extra: Vec::new() }
}

/// What an observer is told of plugins, in words.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Vec<String>>>);

impl Observer for Told {
    fn note(&self, _at: Timestamp, record: &Record<'_>) {
        let words = match record {
            Record::Plugin { plugin, event, detail } => format!("{plugin} {event} {detail}"),
            Record::Denied { plugin, asked, why } => format!("{plugin} denied {asked}: {why}"),
            _ => return,
        };
        self.0.lock().unwrap().push(words.trim_end().to_owned());
    }
}

impl Told {
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
