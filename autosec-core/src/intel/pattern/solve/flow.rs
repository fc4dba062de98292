//! Assigns observations to slots, each observation to at most as many brackets as it was seen times.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::super::fault::MatchFault;
use super::Budget;

/// Who holds an observation: slots, and how many brackets of each.
type Holders = SmallVec<[(usize, u64); 2]>;

/// For each observation that a slot may hold, its number and the slots that do hold it.
#[derive(Debug)]
pub(super) struct Assignment(Vec<(usize, Holders)>);

/// A full assignment; none if there is none.
///
/// `slots` has for each the observations that it may hold, those it should try first first, and its demand.
pub(super) fn assign(
    slots: &[(Vec<usize>, u64)],
    capacity: &[u64],
    budget: &mut Budget,
) -> Result<Option<Assignment>, MatchFault> {
    // Only what some slot may hold takes part, under numbers of its own: late regions of a search hold few of many.
    let mut numbers: Vec<usize> = slots.iter().flat_map(|(admitted, _)| admitted.iter().copied()).collect();
    budget.spend(numbers.len())?;
    numbers.sort_unstable();
    numbers.dedup();
    let local =
        |admitted: &[usize]| admitted.iter().filter_map(|one| numbers.binary_search(one).ok()).collect();
    let slots: Vec<(Vec<usize>, u64)> =
        slots.iter().map(|(admitted, demand)| (local(admitted), *demand)).collect();
    let free = numbers.iter().map(|number| capacity.get(*number).copied().unwrap_or(0)).collect();
    let mut flow = Flow { slots: &slots, free, held: vec![Holders::new(); numbers.len()] };
    for (slot, (admitted, demand)) in slots.iter().enumerate() {
        budget.spend(admitted.len())?;
        let mut owed = flow.take_free(slot, *demand);
        while owed > 0 {
            match flow.augment(slot, owed, budget)? {
                0 => return Ok(None),
                gained => owed -= gained,
            }
        }
    }
    let held = flow.held;
    Ok(Some(Assignment(numbers.into_iter().zip(held).collect())))
}

impl Assignment {
    /// The observations that are held, and the slots that hold them.
    pub(super) fn held(&self) -> impl Iterator<Item = (usize, impl Iterator<Item = usize> + '_)> + '_ {
        let held = self.0.iter().filter(|(_, holders)| !holders.is_empty());
        held.map(|(observation, holders)| (*observation, holders.iter().map(|(slot, _)| *slot)))
    }
}

struct Flow<'a> {
    slots: &'a [(Vec<usize>, u64)],
    free: Vec<u64>,
    held: Vec<Holders>,
}

impl<'a> Flow<'a> {
    /// Takes what nobody holds, untouched observations first; gives what is still owed.
    fn take_free(&mut self, slot: usize, demand: u64) -> u64 {
        let mut owed = demand;
        for untouched in [true, false] {
            for &observation in self.admitted(slot) {
                if owed == 0 {
                    return 0;
                }
                let is_untouched = self.held.get(observation).is_some_and(SmallVec::is_empty);
                if is_untouched == untouched {
                    let amount = owed.min(self.free.get(observation).copied().unwrap_or(0));
                    self.give(slot, observation, amount);
                    owed -= amount;
                }
            }
        }
        owed
    }

    /// Finds a chain of slots that each hand an observation on, up to one that nobody holds; gives how much it brought.
    fn augment(&mut self, start: usize, owed: u64, budget: &mut Budget) -> Result<u64, MatchFault> {
        // By whom and through which observation each slot was reached.
        let mut reached: Vec<Option<(usize, usize)>> = vec![None; self.slots.len()];
        let mut asked = vec![false; self.held.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(slot) = queue.pop_front() {
            let admitted = self.admitted(slot);
            budget.spend(admitted.len())?;
            for &observation in admitted {
                if self.free.get(observation).is_some_and(|free| *free > 0) {
                    return Ok(self.hand_on(start, owed, slot, observation, &reached));
                }
                if asked.get(observation).is_none_or(|asked| *asked) {
                    continue;
                }
                asked.get_mut(observation).into_iter().for_each(|asked| *asked = true);
                for (holder, _) in self.held.get(observation).into_iter().flatten() {
                    let place = reached.get_mut(*holder).filter(|place| place.is_none() && *holder != start);
                    if let Some(place) = place {
                        *place = Some((slot, observation));
                        queue.push_back(*holder);
                    }
                }
            }
        }
        Ok(0)
    }

    /// Moves as much as the narrowest link of the chain allows: `end` takes `free`, and each hands on what it held.
    fn hand_on(
        &mut self,
        start: usize,
        owed: u64,
        end: usize,
        free: usize,
        reached: &[Option<(usize, usize)>],
    ) -> u64 {
        let mut links = Vec::new();
        let mut slot = end;
        while slot != start {
            let Some((before, through)) = reached.get(slot).copied().flatten() else { break };
            links.push((slot, before, through));
            slot = before;
        }
        let held = links.iter().map(|(slot, _, through)| self.amount(*slot, *through));
        let spare = self.free.get(free).copied().unwrap_or(0);
        let amount = held.chain([owed, spare]).min().unwrap_or(0);
        self.give(end, free, amount);
        for (slot, before, through) in links {
            self.release(slot, through, amount);
            self.give(before, through, amount);
        }
        amount
    }

    fn give(&mut self, slot: usize, observation: usize, amount: u64) {
        if amount == 0 {
            return;
        }
        if let Some(free) = self.free.get_mut(observation) {
            *free -= amount;
        }
        if let Some(holders) = self.held.get_mut(observation) {
            match holders.iter_mut().find(|(holder, _)| *holder == slot) {
                Some((_, held)) => *held += amount,
                None => holders.push((slot, amount)),
            }
        }
    }

    fn release(&mut self, slot: usize, observation: usize, amount: u64) {
        if let Some(free) = self.free.get_mut(observation) {
            *free += amount;
        }
        if let Some(holders) = self.held.get_mut(observation) {
            holders.iter_mut().filter(|(holder, _)| *holder == slot).for_each(|(_, held)| *held -= amount);
            holders.retain(|(_, held)| *held > 0);
        }
    }

    fn amount(&self, slot: usize, observation: usize) -> u64 {
        let holders = self.held.get(observation).into_iter().flatten();
        holders.filter(|(holder, _)| *holder == slot).map(|(_, held)| *held).sum()
    }

    fn admitted(&self, slot: usize) -> &'a [usize] {
        self.slots.get(slot).map(|(admitted, _)| admitted.as_slice()).unwrap_or_default()
    }
}
