//! Comparing one firewall with the ledger, and repairing the difference.

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;

use super::choice::Wanted;
use super::target::{Context, Target};
use super::{Block, EnforceError, FirewallPlan, FirewallReport};
use crate::net::canonical_network;
use crate::time::Timestamp;

impl Target {
    /// Compares what the firewall holds with the ledger and repairs the difference; stays owed if that fails. Too large a
    /// difference is held back, unless it is to be repaired `anyway`.
    pub(super) async fn reconcile(&self, anyway: bool, context: &Context) -> FirewallReport {
        if context.guard.is_dry_run() {
            return self.report(&[], Ok(Vec::new()));
        }
        self.owe_reconciliation(context);
        let report = match self.difference(context).await {
            Ok((plan, wanted)) => self.repair(plan, &wanted, anyway, context).await,
            Err(error) => self.report(&[], Err(error)),
        };
        // What is held back is not tried by itself: somebody has to look.
        let is_settled = matches!(report.result, Ok(_) | Err(EnforceError::Held { .. }));
        let now = context.clock.now();
        self.state().debts.reconciled(is_settled, now, &self.pace, &context.jitter);
        report
    }

    /// Lets go of all it holds of ours; what cannot be read back now is compared later.
    pub(super) async fn release(&self, known: &[IpNet], context: &Context) -> FirewallReport {
        let mut items = known.to_vec();
        match self.blocked(context).await {
            Ok(held) => items.extend(held.iter().map(|block| canonical_network(block.target))),
            Err(_) => self.owe_reconciliation(context),
        }
        items.sort_unstable();
        items.dedup();
        self.sync(&items, context).await
    }

    /// What would be done to bring it to the ledger, with `more` entries in it.
    pub(super) async fn plan(&self, more: &Wanted, context: &Context) -> Result<FirewallPlan, EnforceError> {
        self.admitted(context.clock.now())?;
        let (held, enforcing) = self.look(context).await?;
        let (wanted, _) = self.wanted(more, context);
        Ok(FirewallPlan::new(self.name(), &held, &wanted, (enforcing, self.longest()), context.clock.now()))
    }

    /// What the firewall holds now.
    pub(super) async fn blocked(&self, context: &Context) -> Result<Vec<Block>, EnforceError> {
        self.admitted(context.clock.now())?;
        self.call(context, self.firewall.blocked()).await
    }

    pub(super) fn owe_reconciliation(&self, context: &Context) {
        self.state().debts.owe_reconciliation(context.clock.now());
    }

    async fn repair(
        &self,
        mut plan: FirewallPlan,
        wanted: &Wanted,
        anyway: bool,
        context: &Context,
    ) -> FirewallReport {
        let is_explained = |target: &IpNet| context.ledger.was_in_force(target);
        let additions = if self.keeps_book() { plan.add.clone() } else { Vec::new() };
        let held_back = match anyway {
            true => None,
            false => plan.restrain(&context.config.sync_guard, is_explained),
        };
        if let Some(EnforceError::Held { add: 1.., .. }) = held_back {
            // In the book as if it were there, or the next pass would send what is held back.
            let choice = &mut self.state().choice;
            let entries = additions.iter().filter_map(|target| wanted.get(target));
            entries.for_each(|entry| choice.place(entry.target, entry.until));
        }
        let items: Vec<IpNet> = plan.items().collect();
        let mut report = self.sync(&items, context).await;
        if let Some(held_back) = held_back.filter(|_| report.result.is_ok()) {
            report.result = Err(held_back);
        }
        report
    }

    /// How it differs from the ledger. What was put aside is not missed.
    async fn difference(&self, context: &Context) -> Result<(FirewallPlan, Wanted), EnforceError> {
        let (held, enforcing) = self.look(context).await?;
        let now = context.clock.now();
        let (mut wanted, _) = self.wanted(&Wanted::new(), context);
        let mut state = self.state();
        wanted.retain(|target, _| !state.debts.is_dead(target));
        let plan = FirewallPlan::new(self.name(), &held, &wanted, (enforcing, self.longest()), now);
        if self.keeps_book() {
            state.choice.found(placed(&wanted, &plan));
        }
        // A process that was started anew remembers nothing of what is held for a part of its time only; at least half of
        // that part is left.
        if let Some(longest) = self.longest() {
            let longer = wanted.values().filter(|entry| entry.left(now) > longest);
            longer.for_each(|entry| state.debts.remind_unless_known(entry.target, now, longest / 4));
        }
        drop(state);
        Ok((plan, wanted))
    }

    /// The longest time that the firewall holds a block by itself.
    fn longest(&self) -> Option<Duration> {
        self.firewall.capabilities().max_ttl
    }

    async fn look(&self, context: &Context) -> Result<(Vec<Block>, bool), EnforceError> {
        let held = self.blocked(context).await?;
        let health = self.call(context, self.firewall.health()).await?;
        Ok((held, health.enforcing))
    }
}

/// What it holds of what is wanted, and until when. What else it holds is let go of item by item, if at all.
fn placed(wanted: &Wanted, plan: &FirewallPlan) -> BTreeMap<IpNet, Timestamp> {
    let mut placed: BTreeMap<IpNet, Timestamp> =
        wanted.values().map(|entry| (entry.target, entry.until)).collect();
    for target in plan.add.iter().chain(&plan.refresh) {
        placed.remove(target);
    }
    placed
}
