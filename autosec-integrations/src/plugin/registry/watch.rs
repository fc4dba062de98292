use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::vitals::{End, Vitals};
use crate::plugin::interface::{Context, Crash, Entry, Failure, Guest, Health, Metadata, Outcome, Page};

/// A plugin whose calls are counted.
#[derive(Debug)]
pub(super) struct Watch {
    guest: Arc<dyn Guest>,
    vitals: Arc<Vitals>,
    turn: u64,
}

impl Watch {
    pub(super) fn new(guest: Arc<dyn Guest>, vitals: Arc<Vitals>, turn: u64) -> Self {
        Self { guest, vitals, turn }
    }

    async fn watched<T>(
        &self,
        items: usize,
        call: impl Future<Output = Result<T, Crash>>,
        failed: impl Fn(&T) -> bool,
    ) -> Result<T, Crash> {
        let mut running = Running { vitals: Some(&self.vitals) };
        let started = Instant::now();
        let answer = call.await;
        running.vitals = None;
        let end = match &answer {
            Ok(answer) if failed(answer) => End::Failed,
            Ok(_) => End::Well,
            Err(crash) => End::Crashed(crash),
        };
        self.vitals.ended(self.turn, items, started.elapsed(), end);
        answer
    }
}

/// A call that is dropped before it came to its end is counted as well.
struct Running<'w> {
    vitals: Option<&'w Vitals>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(vitals) = self.vitals {
            vitals.abandoned();
        }
    }
}

#[async_trait]
impl Guest for Watch {
    fn metadata(&self) -> &Metadata {
        self.guest.metadata()
    }

    async fn block(
        &self,
        context: &Context,
        entries: &[Entry],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        self.watched(entries.len(), self.guest.block(context, entries), |answers| has_failure(answers)).await
    }

    async fn unblock(
        &self,
        context: &Context,
        targets: &[String],
    ) -> Result<Vec<Result<Outcome, Failure>>, Crash> {
        self.watched(targets.len(), self.guest.unblock(context, targets), |answers| has_failure(answers))
            .await
    }

    async fn list_blocked(
        &self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Result<Page, Failure>, Crash> {
        self.watched(0, self.guest.list_blocked(context, cursor, limit), Result::is_err).await
    }

    async fn check_health(&self, context: &Context) -> Result<Result<Health, Failure>, Crash> {
        self.watched(0, self.guest.check_health(context), Result::is_err).await
    }
}

fn has_failure(answers: &[Result<Outcome, Failure>]) -> bool {
    answers.iter().any(Result::is_err)
}
