//! Our part of the kernel's ruleset: what is believed to stand there, and changing it.
//!
//! Two beliefs are kept. `seen` is what stood there at a certain generation of the ruleset; it saves reading it again
//! before each change, and a transaction that names the generation fails if it is no longer true. `declared` is
//! what this adapter has put there; what of it is missing later was taken by somebody else, and that is a loss to report.
//! Before the first declaration nothing can be lost.

use std::collections::BTreeSet;

use autosec_core::enforce::Block;
use rustix::io::Errno;

use super::batch::{Batch, Operation};
use super::config::NftablesConfig;
use super::declare;
use super::drift::Watch;
use super::element::{self, Element, Removal, Writer};
use super::error::Failure;
use super::read::{Layout, generation};
use super::session::Session;
use super::slot::Slot;

/// A change that somebody else's commit overtakes is begun anew this often.
const ATTEMPTS: usize = 16;

#[derive(Debug)]
pub(super) struct Ruleset {
    session: Session,
    /// The last layout read, and the ruleset's generation it is true for.
    seen: Option<(u32, Layout)>,
    /// The sets this adapter has declared, or found when it did; `None` before that, and after a loss.
    declared: Option<BTreeSet<Slot>>,
    removal: Option<Removal>,
    watch: Watch,
}

/// How a change ended that the kernel did not refuse.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    Applied,
    /// What had been declared is not there any more; nothing was applied.
    Lost(String),
}

impl Ruleset {
    pub(super) fn new(session: Session, destroy: Option<bool>) -> Self {
        let watch = Watch::default();
        Self { session, seen: None, declared: None, removal: destroy.map(removal), watch }
    }

    /// What stands there now, and the ruleset's generation. O(1) unless somebody else changed the ruleset meanwhile.
    /// A table that is not ours is a failure; one we have declared stays ours whatever others add to it.
    pub(super) fn look(&mut self, config: &NftablesConfig) -> Result<(u32, &Layout), Failure> {
        let now = generation(&mut self.session)?;
        let known = self.seen.take().filter(|(seen, _)| *seen == now);
        let layout = match known {
            Some((_, layout)) => layout,
            None => Layout::read(&mut self.session, &config.table)?,
        };
        if self.declared.is_none()
            && let Some(foreign) = layout.foreign()
        {
            return Err(Failure::Foreign(foreign));
        }
        let (_, layout) = self.seen.insert((now, layout));
        Ok((now, layout))
    }

    /// Puts the elements in force, declaring what they need first.
    pub(super) fn block(
        &mut self,
        config: &NftablesConfig,
        elements: &[Element<'_>],
        separately: bool,
    ) -> Result<Ended, Failure> {
        let writer = self.writer(config, separately)?;
        for _ in 0..ATTEMPTS {
            // What was seen last is taken for true: the commit holds only if it is. One exchange, not two.
            // A block of nothing makes no commit that could tell.
            if self.seen.is_none() || elements.is_empty() {
                self.look(config)?;
            }
            let Some((now, layout)) = self.seen.take() else { continue };
            if let Some(reason) = self.loss(config, &layout) {
                self.declared = None;
                return Ok(Ended::Lost(reason));
            }
            if layout.dormant() {
                // In a transaction of its own: the kernel refuses a chain beside it.
                let mut batch = self.session.begin(Some(now));
                declare::table(&mut batch, config);
                match self.session.commit(batch) {
                    Err(failure) if failure.is(Errno::RESTART) => {}
                    woken => woken.map(|()| self.watch.made(now, following(now)))?,
                }
                continue;
            }
            let (batch, after) = self.change(config, now, layout, &writer, elements);
            if batch.is_empty() {
                self.seen = Some((now, after));
                return Ok(Ended::Applied);
            }
            match self.session.commit(batch) {
                Ok(()) => {
                    if self.declared.as_ref().is_none_or(|declared| declared.len() < after.sets.len()) {
                        self.declared = Some(after.sets.clone());
                    }
                    // It added elements, so it made a new generation, and no other can have that number.
                    self.seen = Some((following(now), after));
                    self.watch.made(now, following(now));
                    return Ok(Ended::Applied);
                }
                // Somebody else changed the ruleset since it was seen.
                Err(failure) if failure.is(Errno::RESTART) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Refused { errno: Errno::RESTART, item: None })
    }

    /// Takes the elements out of force; those of sets that are not there are not in force.
    pub(super) fn unblock(
        &mut self,
        config: &NftablesConfig,
        elements: &[Element<'_>],
        separately: bool,
    ) -> Result<(), Failure> {
        let writer = self.writer(config, separately)?;
        for _ in 0..ATTEMPTS {
            let (now, layout) = self.look(config)?;
            let sets = layout.sets.clone();
            let mut batch = self.session.begin(Some(now));
            for (_, elements) in by_slot(elements).filter(|(slot, _)| sets.contains(slot)) {
                writer.remove(&mut batch, elements);
            }
            if batch.is_empty() {
                return Ok(());
            }
            // What was seen stays known for the generation before: destroying only what is absent makes no new one, so
            // the one after may be somebody else's.
            match self.session.commit(batch) {
                Err(failure) if failure.is(Errno::RESTART) => {}
                Ok(()) => {
                    // Where all were absent and somebody else committed since, a few microseconds ago, it passes for
                    // ours: the next regular comparison finds it.
                    let after = generation(&mut self.session).ok().filter(|after| *after == following(now));
                    after.into_iter().for_each(|after| self.watch.made(now, after));
                    return Ok(());
                }
                refused => return refused,
            }
        }
        Err(Failure::Refused { errno: Errno::RESTART, item: None })
    }

    /// Whether others changed the ruleset so that our table has to be compared. Costs one exchange where they did not.
    pub(super) fn has_drifted(&mut self, config: &NftablesConfig) -> Result<bool, Failure> {
        let now = generation(&mut self.session)?;
        if self.watch.is_known(now) {
            return Ok(false);
        }
        let layout = self.look(config)?.1.clone();
        let is_damaged = layout.fault(config).is_some() || self.loss(config, &layout).is_some();
        Ok(self.watch.tells(now, is_damaged))
    }

    /// Everything in force.
    pub(super) fn blocked(&mut self, config: &NftablesConfig) -> Result<Vec<Block>, Failure> {
        let (now, layout) = self.look(config)?;
        let (sets, mut blocks) = (layout.sets.clone(), Vec::new());
        // Whoever changes it from now on changes what the caller is about to learn.
        self.watch.begin(now);
        for slot in sets {
            let listed = self.session.list(
                Operation::ReadElements,
                |message| {
                    message.text(1, &config.table);
                    message.text(2, &slot.name());
                },
                |reply| element::read(reply, &config.table, slot),
            );
            match listed {
                Err(failure) if failure.is(Errno::NOENT) => {}
                listed => blocks.extend(listed?),
            }
        }
        // A set that grows while it is walked can show an element twice.
        blocks.sort_by_key(|block| block.target);
        blocks.dedup_by_key(|block| block.target);
        Ok(blocks)
    }

    /// Deletes the table with all that is in it.
    pub(super) fn release(&mut self, config: &NftablesConfig) -> Result<(), Failure> {
        self.declared = None;
        self.seen = None;
        self.watch = Watch::default();
        for _ in 0..ATTEMPTS {
            let (now, _) = self.look(config)?;
            self.seen = None;
            let mut batch = self.session.begin(Some(now));
            batch.message(Operation::DeleteTable, 0, |table| table.text(1, &config.table));
            match self.session.commit(batch) {
                Err(failure) if failure.is(Errno::RESTART) => {}
                Err(failure) if failure.is(Errno::NOENT) => return Ok(()),
                ended => return ended,
            }
        }
        Err(Failure::Refused { errno: Errno::RESTART, item: None })
    }

    /// What is gone of that which this adapter had declared, if anything.
    fn loss(&self, config: &NftablesConfig, layout: &Layout) -> Option<String> {
        let declared = self.declared.as_ref()?;
        let missing =
            || declared.difference(&layout.sets).next().map(|slot| format!("set `{}` is gone", slot.name()));
        layout.fault(config).or_else(missing)
    }

    /// The transaction that puts the elements in force, and the layout it leads to.
    fn change(
        &self,
        config: &NftablesConfig,
        now: u32,
        layout: Layout,
        writer: &Writer<'_>,
        elements: &[Element<'_>],
    ) -> (Batch, Layout) {
        let mut batch = self.session.begin(Some(now));
        let new: BTreeSet<Slot> =
            by_slot(elements).map(|(slot, _)| slot).filter(|slot| !layout.sets.contains(slot)).collect();
        if self.declared.is_none() {
            declare::table(&mut batch, config);
            // The table may hold the blocks of a process before; they stay. Its chain is made anew, because that costs less
            // than finding out whether its rules are the right ones.
            declare::chain(&mut batch, config, layout.has_chain());
            declare::loopback(&mut batch, config);
        }
        new.iter().for_each(|slot| declare::set(&mut batch, config, *slot));
        // The new chain drops nothing yet; one that stands has all but those of the new sets.
        let ruled =
            if self.declared.is_none() { layout.sets.union(&new).copied().collect() } else { new.clone() };
        ruled.iter().for_each(|slot| declare::drops(&mut batch, config, *slot));
        for (slot, elements) in by_slot(elements) {
            if !new.contains(&slot) {
                writer.remove(&mut batch, elements);
            }
            writer.add(&mut batch, elements);
        }
        (batch, layout.declared(config, new))
    }

    fn writer<'a>(&mut self, config: &'a NftablesConfig, separately: bool) -> Result<Writer<'a>, Failure> {
        let removal = match self.removal {
            Some(removal) => removal,
            None => {
                // The probe names our table, and is refused where that is another process's.
                self.look(config)?;
                removal(self.destroys(config)?)
            }
        };
        self.removal = Some(removal);
        Ok(Writer { table: &config.table, removal, separately })
    }

    /// Whether the kernel knows the idempotent delete: one that does objects to the set's name, which no set of ours
    /// has; one that does not objects to the message itself.
    fn destroys(&mut self, config: &NftablesConfig) -> Result<bool, Failure> {
        let mut batch = self.session.begin(None);
        batch.message(Operation::DestroyElements, 0, |probe| {
            probe.text(1, &config.table);
            probe.text(2, "probe");
        });
        match self.session.commit(batch) {
            Ok(()) => Ok(true),
            Err(failure) if failure.is(Errno::NOENT) => Ok(true),
            Err(failure) if failure.is(Errno::INVAL) || failure.is(Errno::OPNOTSUPP) => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

fn removal(destroys: bool) -> Removal {
    if destroys { Removal::Destroy } else { Removal::AddAndDelete }
}

/// The generation after one commit; the kernel skips 0.
fn following(generation: u32) -> u32 {
    generation.wrapping_add(1).max(1)
}

/// Elements in the order of their sets, a set at a time.
fn by_slot<'e, 'a>(elements: &'e [Element<'a>]) -> impl Iterator<Item = (Slot, &'e [Element<'a>])> {
    elements
        .chunk_by(|one, next| one.slot == next.slot)
        .filter_map(|of_slot| Some((of_slot.first()?.slot, of_slot)))
}
