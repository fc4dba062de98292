//! Our part of the kernel's ruleset: what is believed to stand there, and changing it.

use std::collections::BTreeSet;

use autosec_core::enforce::Block;
use rustix::io::Errno;

use super::batch::{Batch, Operation};
use super::config::NftablesConfig;
use super::declare;
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
        Self { session, seen: None, declared: None, removal: destroy.map(removal) }
    }

    /// What stands there now. O(1) unless somebody else changed the ruleset since the last call.
    pub(super) fn look(&mut self, config: &NftablesConfig) -> Result<(u32, &Layout), Failure> {
        let now = generation(&mut self.session)?;
        let known = self.seen.take().filter(|(seen, _)| *seen == now);
        let layout = match known {
            Some((_, layout)) => layout,
            None => Layout::read(&mut self.session, &config.table)?,
        };
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
            let (now, layout) = self.look(config)?;
            let layout = layout.clone();
            if let Some(reason) = self.loss(config, &layout) {
                self.declared = None;
                return Ok(Ended::Lost(reason));
            }
            if layout.dormant() {
                // In a transaction of its own: the kernel refuses a chain beside it.
                let mut batch = self.session.begin(None);
                declare::table(&mut batch, config);
                self.session.commit(batch)?;
                continue;
            }
            let (batch, after) = self.change(config, now, &layout, &writer, elements);
            match self.session.commit(batch) {
                Ok(()) => {
                    self.declared = Some(after.sets.clone());
                    // Where somebody else committed in between, the generation is not this one: the next look reads.
                    self.seen = Some((following(now), after));
                    return Ok(Ended::Applied);
                }
                Err(failure) if failure.is(Errno::RESTART) => {}
                // It went between the look and the commit.
                Err(failure) if failure.is(Errno::NOENT) => {
                    self.declared = None;
                    return Ok(Ended::Lost(format!("table `{}` or a set of it is gone", config.table)));
                }
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
            let (_, layout) = self.look(config)?;
            let sets = layout.sets.clone();
            let mut batch = self.session.begin(None);
            for (_, elements) in by_slot(elements).filter(|(slot, _)| sets.contains(slot)) {
                writer.remove(&mut batch, elements);
            }
            match self.session.commit(batch) {
                // A set went away since the look: look again.
                Err(failure) if failure.is(Errno::NOENT) => self.seen = None,
                ended => return ended,
            }
        }
        Err(Failure::Refused { errno: Errno::RESTART, item: None })
    }

    /// Everything in force.
    pub(super) fn blocked(&mut self, config: &NftablesConfig) -> Result<Vec<Block>, Failure> {
        let (_, layout) = self.look(config)?;
        let mut blocks = Vec::new();
        for slot in layout.sets.clone() {
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
        let mut batch = self.session.begin(None);
        batch.message(Operation::DeleteTable, 0, |table| table.text(1, &config.table));
        self.declared = None;
        self.seen = None;
        match self.session.commit(batch) {
            Err(failure) if failure.is(Errno::NOENT) => Ok(()),
            ended => ended,
        }
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
        layout: &Layout,
        writer: &Writer<'_>,
        elements: &[Element<'_>],
    ) -> (Batch, Layout) {
        let fresh = self.declared.is_none();
        let wanted: BTreeSet<Slot> = by_slot(elements).map(|(slot, _)| slot).collect();
        let new: Vec<Slot> = wanted.difference(&layout.sets).copied().collect();
        // What is declared depends on what was seen: then the commit holds only if that is still so.
        let mut batch = self.session.begin((fresh || !new.is_empty()).then_some(now));
        if fresh {
            declare::table(&mut batch, config);
            declare::chain(&mut batch, config, layout.has_chain());
        }
        new.iter().for_each(|slot| declare::set(&mut batch, config, *slot));
        let after = layout.declared(config, &wanted);
        let ruled = |slot: &&Slot| fresh || !layout.ruled.contains(slot);
        after.sets.iter().filter(ruled).for_each(|slot| declare::rule(&mut batch, config, *slot));
        for (slot, elements) in by_slot(elements) {
            if layout.sets.contains(&slot) {
                writer.remove(&mut batch, elements);
            }
            writer.add(&mut batch, elements);
        }
        (batch, after)
    }

    fn writer<'a>(&mut self, config: &'a NftablesConfig, separately: bool) -> Result<Writer<'a>, Failure> {
        let removal = match self.removal {
            Some(removal) => removal,
            None => removal(self.destroys(config)?),
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
