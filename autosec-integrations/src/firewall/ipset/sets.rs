//! Our two sets in the kernel: making them, knowing them as ours, changing and reading them.

use std::time::{Duration, Instant};

use autosec_core::enforce::{Block, Outcome};
use ipnet::IpNet;

use super::config::IpsetConfig;
use super::entry::{self, Entry};
use super::error::{ABSENT, Failure};
use super::family::Family;
use super::outcomes::{Outcomes, unsupported};
use super::request::Operation;
use super::session::Session;

/// How often it is looked whether a rule looks into the sets: the kernel counts a set's entries for the answer, which takes
/// time that grows with them.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Sets {
    session: Session,
    families: &'static [Family],
    /// Whether this adapter has found them or made them to be ours.
    known: bool,
    /// When it was last seen that rules look into them.
    looked: Option<Instant>,
}

/// How a change ended that the kernel did not refuse as a whole.
#[derive(Debug)]
pub(super) enum Ended {
    /// One outcome an item, in order.
    Applied(Vec<Outcome>),
    /// What had been put there is not there any more; not everything was applied.
    Lost(String),
}

/// How a set of our name is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    Absent,
    /// Of our kind, but without our mark, and ours to take: nothing is in it, or this adapter has known it as ours.
    Emptied,
    Ours,
}

impl Sets {
    pub(super) fn new(session: Session, families: &'static [Family]) -> Self {
        Self { session, families, known: false, looked: None }
    }

    /// Makes what is not there of the sets. What is in them stays.
    pub(super) fn declare(&mut self, config: &IpsetConfig) -> Result<(), Failure> {
        // All are looked at first: where one is not ours, none is changed.
        for (family, standing) in self.standing(config)? {
            let set = family.set(config);
            if standing == Standing::Absent {
                let revision = self.session.revision(family)?;
                self.session.create(&set, family, revision, config.capacity)?;
            }
            if standing != Standing::Ours {
                self.session.mark(&set, family)?;
            }
        }
        self.known = true;
        self.looked = None;
        Ok(())
    }

    /// How each set is; that one is not ours is a failure.
    pub(super) fn standing(&mut self, config: &IpsetConfig) -> Result<Vec<(Family, Standing)>, Failure> {
        self.families.iter().map(|family| Ok((*family, self.look(config, *family)?))).collect()
    }

    /// Puts blocks in force, one after the other: where one is refused, the others are done all the same.
    pub(super) fn block(&mut self, config: &IpsetConfig, blocks: &[Block]) -> Result<Ended, Failure> {
        if let Some(loss) = self.idle(config)? {
            return Ok(Ended::Lost(loss));
        }
        let mut outcomes = Outcomes::new(blocks.iter().map(|block| block.target).collect());
        outcomes.give_up(|target| match unsupported(target) {
            None if !self.families.contains(&Family::of(target)) => Some("IPv6 is not blocked here"),
            unsupported => unsupported,
        });
        for family in self.families {
            let entries: Vec<Entry<'_>> = outcomes
                .open(*family)
                .filter_map(|item| Some(Entry::of_block(item, blocks.get(item)?)))
                .collect();
            if entries.is_empty() && !blocks.is_empty() {
                continue;
            }
            if let Some(loss) = self.loss(config, *family)? {
                return Ok(Ended::Lost(loss));
            }
            match self.send(config, *family, (Operation::Add, &entries), &mut outcomes) {
                Err(failure) if failure.is(ABSENT) => {
                    return Ok(Ended::Lost(format!("set `{}` is gone", family.set(config))));
                }
                sent => sent?,
            }
        }
        Ok(Ended::Applied(outcomes.into_vec()))
    }

    /// Takes blocks out of force; what is in no set is not in force.
    pub(super) fn unblock(
        &mut self,
        config: &IpsetConfig,
        targets: &[IpNet],
    ) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Outcomes::new(targets.to_vec());
        for (family, standing) in self.standing(config)? {
            if standing == Standing::Absent {
                continue;
            }
            let entry = |item: usize| {
                let target = targets.get(item).filter(|target| unsupported(**target).is_none())?;
                Some(Entry::of_target(item, *target))
            };
            let entries: Vec<Entry<'_>> = outcomes.open(family).filter_map(entry).collect();
            match self.send(config, family, (Operation::Delete, &entries), &mut outcomes) {
                // Gone in between: nothing of it is in force.
                Err(failure) if failure.is(ABSENT) => {}
                sent => sent?,
            }
        }
        Ok(outcomes.into_vec())
    }

    /// Everything in force.
    pub(super) fn blocked(&mut self, config: &IpsetConfig) -> Result<Vec<Block>, Failure> {
        let mut blocks = Vec::new();
        for (family, standing) in self.standing(config)? {
            if standing != Standing::Absent {
                blocks.extend(self.session.list(&family.set(config), family)?);
            }
        }
        // A set that is changed while it is walked can show an entry twice.
        blocks.sort_by_key(|block| block.target);
        blocks.dedup_by_key(|block| block.target);
        Ok(blocks)
    }

    /// Empties the sets that are ours and destroys them; refused while a rule looks into one.
    pub(super) fn destroy(&mut self, config: &IpsetConfig) -> Result<(), Failure> {
        let standing = self.standing(config)?;
        for (family, _) in standing.iter().filter(|(_, standing)| *standing != Standing::Absent) {
            let set = family.set(config);
            self.session.flush(&set)?;
            // Without the mark it is still known as ours: nothing is in it.
            self.session.destroy(&set)?;
        }
        self.known = false;
        Ok(())
    }

    fn look(&mut self, config: &IpsetConfig, family: Family) -> Result<Standing, Failure> {
        let set = family.set(config);
        match self.session.is_marked(&set, family) {
            Ok(Some(true)) => return Ok(Standing::Ours),
            Ok(None) => return Ok(Standing::Absent),
            // A set of another kind or family does not understand the question.
            Ok(Some(false)) | Err(Failure::Refused { .. }) => {}
            Err(failure) => return Err(failure),
        }
        let Some(header) = self.session.header(&set)? else { return Ok(Standing::Absent) };
        if header.is_our_kind(family) && (header.entries == 0 || self.known) {
            return Ok(Standing::Emptied);
        }
        Err(Failure::Foreign { set })
    }

    /// What is gone of a set that had been declared, if anything.
    fn loss(&mut self, config: &IpsetConfig, family: Family) -> Result<Option<String>, Failure> {
        let set = family.set(config);
        Ok(match self.session.is_marked(&set, family)? {
            Some(true) => None,
            Some(false) => Some(format!("set `{set}` was emptied")),
            None => Some(format!("set `{set}` is gone")),
        })
    }

    /// Which of the sets no rule looks into any more, if any; asked now and then only.
    fn idle(&mut self, config: &IpsetConfig) -> Result<Option<String>, Failure> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return Ok(None);
        }
        for family in self.families {
            let set = family.set(config);
            if self.session.header(&set)?.is_some_and(|header| header.references == 0) {
                return Ok(Some(format!("no rule drops what set `{set}` holds")));
            }
        }
        self.looked = Some(Instant::now());
        Ok(None)
    }

    /// Sends entries of one set in as few messages as they fit; notes those that the kernel objects to.
    fn send(
        &mut self,
        config: &IpsetConfig,
        family: Family,
        (operation, entries): (Operation, &[Entry<'_>]),
        outcomes: &mut Outcomes,
    ) -> Result<(), Failure> {
        let set = family.set(config);
        let mut rest = entries;
        while !rest.is_empty() {
            let (message, after) = rest.split_at(entry::fitting(rest));
            rest = after;
            let mut done = message;
            // What is behind the entry that is refused is not done yet; one at a time tells which else are refused.
            let mut step = message.len();
            while !done.is_empty() {
                let (now, later) = done.split_at(step.min(done.len()));
                done = later;
                match self.session.change(operation, &set, now) {
                    Ok(()) => {}
                    Err(Failure::Refused { code, entry: Some(at) }) if at < now.len() => {
                        let (_, behind) = now.split_at(at);
                        if let [refused, behind @ ..] = behind {
                            outcomes.refuse(refused.item, code);
                            if step > 1 {
                                done = behind;
                            }
                        }
                        step = 1;
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok(())
    }
}
