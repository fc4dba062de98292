//! One pass over items on one firewall: what each should be, the calls, and what follows from the answers.

use std::collections::{HashMap, HashSet};

use ipnet::IpNet;

use super::choice::{self, Wanted};
use super::target::{Answer, Context, Target};
use super::{Block, EnforceError, Entry, Outcome, REASON_LIMIT, Status};
use crate::observe::Record;
use crate::time::Timestamp;

/// How many items of a batch may be rejected one by one before the rest waits for the next try.
const OBJECTIONS: usize = 32;

/// What is to be done to a firewall in one pass.
#[derive(Debug, Default)]
struct Pass {
    blocks: Vec<Block>,
    unblocks: Vec<IpNet>,
    /// What needs no call.
    ready: Vec<Outcome>,
    /// Items that a wider prefix stands for.
    covered: Vec<(IpNet, IpNet)>,
    /// When each of the blocks ends.
    ends: HashMap<IpNet, Timestamp>,
    /// The ledger's version, if the pass brings all of it to the firewall.
    whole: Option<u64>,
}

impl Target {
    /// One pass over `items` in batches.
    pub(super) async fn apply(&self, items: &[IpNet], context: &Context) -> Answer {
        // Before the ledger is read: what changes there from now on is owed with a later version.
        let version = self.state().debts.version();
        let mut pass = self.sort_out(items, context);
        let mut outcomes = std::mem::take(&mut pass.ready);
        if self.pace.observe {
            self.only_observe(&pass, &mut outcomes, context);
            self.settle(&outcomes, &pass, version, context);
        } else {
            let answered = self.send(&pass, &mut outcomes, context).await;
            self.settle(&outcomes, &pass, version, context);
            answered?;
            self.stand_in(&pass, &mut outcomes, version);
        }
        if let Some(seen) = pass.whole.filter(|_| outcomes.iter().all(|one| one.status != Status::Deferred)) {
            self.state().choice.saw(seen);
        }
        Ok(outcomes)
    }

    /// Whether the ledger has changed since all that was chosen for this firewall was brought to it.
    pub(super) fn is_behind(&self, context: &Context) -> bool {
        self.chooses(context) && self.state().choice.is_behind(context.ledger.version())
    }

    /// What this firewall is to hold if `more` is in force too, and whether anything is left out for want of room.
    pub(super) fn wanted(&self, more: &Wanted, context: &Context) -> (Wanted, bool) {
        let now = context.clock.now();
        let fit = |entry: &Entry| {
            self.firewall.obstacle(entry.target).is_none() && context.guard.permit(entry.target).is_ok()
        };
        let aggregates = self.pace.aggregate && self.firewall.capabilities().prefixes;
        let room = self.room();
        // One more than fits tells that something is left out.
        let enough = if aggregates { usize::MAX } else { room.saturating_add(1) };
        let mut all = if context.ledger.len() <= enough {
            // The order does not matter, and the guard need not be asked while the ledger is locked.
            choice::by_target(context.ledger.in_force(now).into_iter().filter(fit))
        } else {
            choice::by_target(context.ledger.foremost(enough, now, fit))
        };
        for entry in more.values().filter(|entry| fit(entry)) {
            let held = all.entry(entry.target).or_insert_with(|| entry.clone());
            if held.until < entry.until {
                held.clone_from(entry);
            }
        }
        if aggregates {
            let fits =
                |prefix| self.firewall.obstacle(prefix).is_none() && context.guard.permit(prefix).is_ok();
            all = choice::aggregate(all, fits);
        }
        choice::foremost(all, room)
    }

    /// Whether it has to be known what it was given.
    pub(super) fn keeps_book(&self) -> bool {
        self.pace.aggregate || self.room() < usize::MAX
    }

    /// The most blocks it is given.
    fn room(&self) -> usize {
        let own = self.firewall.capabilities().capacity.unwrap_or(usize::MAX);
        self.pace.capacity.map_or(own, |capacity| capacity.min(own))
    }

    /// Whether it holds something else than simply the ledger.
    fn chooses(&self, context: &Context) -> bool {
        let room = self.room();
        self.pace.aggregate || (room < usize::MAX && !self.state().choice.fits(&context.ledger, room))
    }

    fn sort_out(&self, items: &[IpNet], context: &Context) -> Pass {
        if self.chooses(context) { self.choose(items, context) } else { self.follow(items, context) }
    }

    /// Item by item as the ledger says.
    fn follow(&self, items: &[IpNet], context: &Context) -> Pass {
        let now = context.clock.now();
        let mut pass = Pass::default();
        for item in items {
            let entry =
                context.ledger.entry(item, now).filter(|entry| context.guard.permit(entry.target).is_ok());
            match (entry, self.firewall.obstacle(*item)) {
                // Neither in force nor allowed to be: whatever the caller had in mind, it has to go.
                (None, _) => pass.unblocks.push(*item),
                (Some(_), Some(why)) => {
                    pass.ready.push(Outcome { target: *item, status: Status::Unsupported(why) });
                }
                (Some(entry), None) => self.add(&mut pass, &entry, now),
            }
        }
        pass
    }

    /// All that is chosen of the ledger: what differs from what it was given, and `items` in any case.
    fn choose(&self, items: &[IpNet], context: &Context) -> Pass {
        let mut pass = Pass { whole: Some(context.ledger.version()), ..Pass::default() };
        let (wanted, is_short) = self.wanted(&Wanted::new(), context);
        let now = context.clock.now();
        let (gone, new) = {
            let choice = &mut self.state().choice;
            choice.leaves_out(is_short);
            choice.changes(&wanted)
        };
        let dead: HashSet<IpNet> =
            new.iter().filter(|item| self.state().debts.is_dead(item)).copied().collect();
        let mut sent: HashSet<IpNet> = gone.iter().chain(&new).copied().collect();
        pass.unblocks = gone;
        for entry in new.iter().filter(|item| !dead.contains(item)).filter_map(|item| wanted.get(item)) {
            self.add(&mut pass, entry, now);
        }
        for item in items {
            if let Some(entry) = wanted.get(item) {
                if sent.insert(*item) {
                    self.add(&mut pass, entry, now);
                }
                continue;
            }
            match self.stand(item, &wanted, context) {
                Stand::Covered(by) => pass.covered.push((*item, by)),
                Stand::Out(status) => pass.ready.push(Outcome { target: *item, status }),
                Stand::Ended if sent.insert(*item) => pass.unblocks.push(*item),
                Stand::Ended => {}
            }
        }
        let evicted = pass.ready.iter().filter(|outcome| outcome.status == Status::Evicted).count();
        if evicted > 0 {
            let record = Record::Evicted { firewall: Some(self.name()), blocks: evicted };
            context.observer.note(now, &record);
        }
        pass
    }

    /// Why an item is not among what is wanted.
    fn stand(&self, item: &IpNet, wanted: &Wanted, context: &Context) -> Stand {
        let now = context.clock.now();
        let Some(entry) =
            context.ledger.entry(item, now).filter(|entry| context.guard.permit(entry.target).is_ok())
        else {
            return Stand::Ended;
        };
        if let Some(why) = self.firewall.obstacle(*item) {
            return Stand::Out(Status::Unsupported(why));
        }
        let mut wider = std::iter::successors(item.supernet(), IpNet::supernet);
        let cover = wider.find(|net| wanted.get(net).is_some_and(|held| held.until >= entry.until));
        cover.map_or(Stand::Out(Status::Evicted), Stand::Covered)
    }

    fn add(&self, pass: &mut Pass, entry: &Entry, now: Timestamp) {
        let capabilities = self.firewall.capabilities();
        let left = entry.left(now);
        let ttl =
            capabilities.native_ttl.then(|| capabilities.max_ttl.map_or(left, |longest| left.min(longest)));
        pass.ends.insert(entry.target, entry.until);
        pass.blocks.push(Block { target: entry.target, ttl, reason: printable(&entry.reason) });
    }

    /// The calls: first what makes room, then what takes it.
    async fn send(
        &self,
        pass: &Pass,
        outcomes: &mut Vec<Outcome>,
        context: &Context,
    ) -> Result<(), EnforceError> {
        let most =
            self.pace.rate.map_or(usize::MAX, |rate| usize::try_from(rate.items).unwrap_or(usize::MAX));
        let batch = self.firewall.capabilities().batch.min(most).max(1);
        // Where neighbours become one prefix, the prefix comes first: nobody is let in for a moment.
        let replaces = self.pace.aggregate && self.room() == usize::MAX;
        for blocking in [replaces, !replaces] {
            if blocking {
                for chunk in pass.blocks.chunks(batch) {
                    self.block(chunk, outcomes, context).await?;
                }
            } else {
                for chunk in pass.unblocks.chunks(batch) {
                    if self.waits(chunk.iter().copied(), outcomes, context) {
                        continue;
                    }
                    let answer = self.call(context, self.firewall.unblock(chunk)).await?;
                    outcomes.extend(complete(chunk.iter().copied(), answer));
                }
            }
        }
        Ok(())
    }

    /// Blocks a batch; an item that the firewall objects to by name is set aside and the others are sent again. Right
    /// before each call, and for whatever firewall, the guard has the last word.
    async fn block(
        &self,
        chunk: &[Block],
        outcomes: &mut Vec<Outcome>,
        context: &Context,
    ) -> Result<(), EnforceError> {
        let mut blocks = chunk.to_vec();
        for _ in 0..OBJECTIONS {
            blocks.retain(|block| {
                let permitted = context.guard.permit(block.target).is_ok();
                if !permitted {
                    // It stays owed; whoever looks next finds that it has to go.
                    outcomes.push(Outcome { target: block.target, status: Status::Deferred });
                }
                permitted
            });
            if blocks.is_empty() || self.waits(blocks.iter().map(|block| block.target), outcomes, context) {
                return Ok(());
            }
            let (target, reason) = match self.call(context, self.firewall.block(&blocks)).await {
                Err(EnforceError::Rejected { target: Some(target), reason, .. }) => (target, reason),
                answer => {
                    outcomes.extend(complete(blocks.iter().map(|block| block.target), answer?));
                    return Ok(());
                }
            };
            blocks.retain(|block| block.target != target);
            outcomes.push(Outcome { target, status: Status::Rejected(reason) });
        }
        // The next try has the rest to itself: those that were objected to wait longer.
        outcomes
            .extend(blocks.iter().map(|block| Outcome { target: block.target, status: Status::Deferred }));
        Ok(())
    }

    /// Whether the firewall may not be asked yet; then the items wait until it may.
    fn waits(
        &self,
        items: impl ExactSizeIterator<Item = IpNet>,
        outcomes: &mut Vec<Outcome>,
        context: &Context,
    ) -> bool {
        let Some(rate) = &self.pace.rate else { return false };
        let now = context.clock.now();
        let state = &mut *self.state();
        let Err(wait) = state.bucket.spend(items.len(), now, rate) else { return false };
        for target in items {
            state.debts.defer(target, now, wait);
            outcomes.push(Outcome { target, status: Status::Deferred });
        }
        true
    }

    fn only_observe(&self, pass: &Pass, outcomes: &mut Vec<Outcome>, context: &Context) {
        let (blocks, unblocks) = (pass.blocks.len(), pass.unblocks.len());
        if blocks + unblocks > 0 {
            let record = Record::Observed { firewall: self.name(), blocks, unblocks };
            context.observer.note(context.clock.now(), &record);
        }
        let items = pass.blocks.iter().map(|block| &block.target).chain(&pass.unblocks);
        let items = items.chain(pass.covered.iter().map(|(item, _)| item));
        outcomes.extend(items.map(|item| Outcome { target: *item, status: Status::Observed }));
    }

    /// Strikes off what is as it should be; sets the next try of what is not, and of what must be re-armed.
    fn settle(&self, outcomes: &[Outcome], pass: &Pass, version: u64, context: &Context) {
        let now = context.clock.now();
        let rearm = self.firewall.capabilities().max_ttl;
        let keeps_book = self.keeps_book();
        let mut given_up = Vec::new();
        let state = &mut *self.state();
        for Outcome { target, status } in outcomes {
            let end = pass.ends.get(target);
            match status {
                Status::Rejected(why) => {
                    if state.debts.reject(*target, (end.copied(), why), now, &self.pace, &context.jitter) {
                        given_up.push((target, why));
                    }
                }
                Status::Deferred => {}
                Status::Done | Status::Evicted | Status::Observed | Status::Unsupported(_) => {
                    let left = end.map(|end| end.since(now));
                    // Held for a part of its time only: due again while there is still half of that part left.
                    match rearm.filter(|longest| left.is_some_and(|left| left > *longest)) {
                        Some(longest) if *status == Status::Done => {
                            state.debts.remind(*target, now, longest / 2, version);
                        }
                        _ => state.debts.strike(target, version),
                    }
                }
            }
            if keeps_book && *status == Status::Done {
                match end {
                    Some(until) => state.choice.place(*target, *until),
                    None => state.choice.lift(target),
                }
            }
        }
        for (target, why) in given_up {
            let target = target.to_string();
            context.observer.note(now, &Record::GivenUp { firewall: self.name(), target: &target, why });
        }
    }

    /// What became of a prefix became of every item that it stands for.
    fn stand_in(&self, pass: &Pass, outcomes: &mut Vec<Outcome>, version: u64) {
        if pass.covered.is_empty() {
            return;
        }
        let of: HashMap<IpNet, Status> =
            outcomes.iter().map(|outcome| (outcome.target, outcome.status.clone())).collect();
        let debts = &mut self.state().debts;
        for (item, by) in &pass.covered {
            let status = of.get(by).cloned().unwrap_or(Status::Done);
            if status == Status::Done {
                debts.strike(item, version);
            }
            outcomes.push(Outcome { target: *item, status });
        }
    }
}

/// Where an item stands that is not itself among what is wanted.
enum Stand {
    /// A wider prefix stands for it.
    Covered(IpNet),
    /// It is not to be blocked.
    Ended,
    /// It is to be blocked, and not here.
    Out(Status),
}

/// The outcomes of a call, with one for each item that the firewall said nothing about.
fn complete(items: impl Iterator<Item = IpNet>, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let answered: HashSet<IpNet> = outcomes.iter().map(|outcome| outcome.target).collect();
    let silence = || Status::Rejected("the firewall said nothing about it".to_owned());
    let missing = items.filter(|item| !answered.contains(item));
    outcomes.extend(missing.map(|target| Outcome { target, status: silence() }).collect::<Vec<_>>());
    outcomes
}

/// A reason fit for any firewall's comment field.
fn printable(reason: &str) -> String {
    reason.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).take(REASON_LIMIT).collect()
}
