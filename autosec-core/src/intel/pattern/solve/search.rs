//! Narrows the pivots of the rules down until an assignment keeps all of them, or none is left.

use super::super::fault::MatchFault;
use super::Budget;
use super::choice::{Problem, Rule, Seen};
use super::flow::{self, Assignment};

/// The observations of one binding.
pub(super) fn search(
    problem: &Problem,
    seen: &[Seen],
    budget: &mut Budget,
) -> Result<Option<Vec<usize>>, MatchFault> {
    let capacity: Vec<u64> = seen.iter().map(|one| one.count).collect();
    let mut open = vec![Region::whole(problem)];
    while let Some(mut region) = open.pop() {
        if !region.narrow(problem, seen, budget)? {
            continue;
        }
        let Some(assignment) = flow::assign(&region.slots, &capacity, budget)? else { continue };
        match broken(problem, seen, &assignment) {
            None => return Ok(Some(assignment.held().map(|(observation, _)| observation).collect())),
            Some(split) => {
                let split = region.balanced(split);
                open.extend(region.split(&split));
            }
        }
    }
    Ok(None)
}

/// A range for each pivot, and what each slot may hold if they lie in it.
#[derive(Clone, Debug)]
struct Region {
    pivots: Vec<(i64, i64)>,
    slots: Vec<(Vec<usize>, u64)>,
    depth: usize,
}

/// Where to split which rule's pivot: up to and with `at`, and after.
struct Split {
    rule: usize,
    at: i64,
}

/// Beyond every time, with room for every slack.
const FAR: i64 = i64::MAX / 4;

impl Region {
    fn whole(problem: &Problem) -> Self {
        let slots = problem.slots.iter().enumerate().map(|(index, slot)| {
            let mut admitted = slot.admitted.to_vec();
            // Who has to be late starts from the end, so that the first assignment is likely to be a good one.
            if problem.rules.iter().any(|rule| rule.right.contains(&index) && !rule.left.contains(&index)) {
                admitted.reverse();
            }
            (admitted, slot.demand)
        });
        Self { slots: slots.collect(), pivots: vec![(-FAR, FAR); problem.rules.len()], depth: 0 }
    }

    /// Takes away what the ranges rule out, and from the ranges what the slots rule out, until nothing changes; false if
    /// nothing is left of one of them.
    fn narrow(&mut self, problem: &Problem, seen: &[Seen], budget: &mut Budget) -> Result<bool, MatchFault> {
        loop {
            budget.spend(self.slots.iter().map(|(admitted, _)| admitted.len() + 1).sum())?;
            let Some(ends) = self.narrow_slots(problem, seen) else { return Ok(false) };
            let before = self.pivots.clone();
            if !self.narrow_pivots(problem, &ends) {
                return Ok(false);
            }
            if self.pivots == before {
                return Ok(true);
            }
        }
    }

    /// For each slot the earliest beginning and the latest end of what is left; none if a slot cannot be filled.
    fn narrow_slots(&mut self, problem: &Problem, seen: &[Seen]) -> Option<Vec<(i64, i64)>> {
        let pivots = &self.pivots;
        let each = self.slots.iter_mut().enumerate().map(|(index, (admitted, demand))| {
            let rules = || problem.rules.iter().zip(pivots);
            let left = rules().filter(|(rule, _)| rule.left.contains(&index));
            let right = rules().filter(|(rule, _)| rule.right.contains(&index));
            let until =
                left.map(|(rule, (_, high))| high.saturating_add(rule.slack)).min().unwrap_or(i64::MAX);
            let from = right.map(|(_, (low, _))| *low).max().unwrap_or(i64::MIN);
            let fits = |one: &Seen| one.first <= until && one.last >= from;
            admitted.retain(|observation| seen.get(*observation).is_some_and(fits));
            let left = || admitted.iter().filter_map(|observation| seen.get(*observation));
            let supply = left().fold(0_u64, |sum, one| sum.saturating_add(one.count));
            let ends = left().map(|one| one.first).min().zip(left().map(|one| one.last).max());
            ends.filter(|_| supply >= *demand)
        });
        each.collect()
    }

    fn narrow_pivots(&mut self, problem: &Problem, ends: &[(i64, i64)]) -> bool {
        for (index, rule) in problem.rules.iter().enumerate() {
            let first = ends.get(rule.left.clone()).into_iter().flatten().map(|(first, _)| *first).max();
            let last = ends.get(rule.right.clone()).into_iter().flatten().map(|(_, last)| *last).min();
            let before = rule.after.and_then(|before| self.pivots.get(before)).map(|(low, _)| *low);
            let Some((low, high)) = self.pivots.get_mut(index) else { continue };
            *low = (*low)
                .max(first.map_or(-FAR, |first| first.saturating_sub(rule.slack)))
                .max(before.unwrap_or(-FAR));
            *high = (*high).min(last.unwrap_or(FAR));
        }
        // Against the order, since a rule comes after the one that its pivot follows.
        for (index, rule) in problem.rules.iter().enumerate().rev() {
            let high = self.pivots.get(index).map_or(FAR, |(_, high)| *high);
            let before = rule.after.and_then(|before| self.pivots.get_mut(before));
            before.into_iter().for_each(|(_, before)| *before = (*before).min(high));
        }
        self.pivots.iter().all(|(low, high)| low <= high)
    }

    /// Every other time the middle of the pivot's range, which it lies in too: else a rule that fails everywhere by a
    /// little is refuted one observation at a time.
    fn balanced(&self, split: Split) -> Split {
        match self.pivots.get(split.rule) {
            Some((low, high)) if self.depth.is_multiple_of(2) => Split {
                at: low.saturating_add(high.saturating_sub(*low) / 2).min(high.saturating_sub(1)),
                ..split
            },
            _ => split,
        }
    }

    fn split(mut self, split: &Split) -> [Self; 2] {
        self.depth += 1;
        let (mut early, mut late) = (self.clone(), self);
        early.pivots.get_mut(split.rule).into_iter().for_each(|(_, high)| *high = split.at);
        late.pivots.get_mut(split.rule).into_iter().for_each(|(low, _)| *low = split.at.saturating_add(1));
        [late, early]
    }
}

/// The rule that the assignment breaks by most, and a point that neither side of can allow the same assignment again.
fn broken(problem: &Problem, seen: &[Seen], assignment: &Assignment) -> Option<Split> {
    let mut held = vec![(i64::MIN, i64::MAX); problem.slots.len()];
    for (observation, slots) in assignment.held() {
        let Some(one) = seen.get(observation) else { continue };
        for slot in slots {
            if let Some((first, last)) = held.get_mut(slot) {
                (*first, *last) = ((*first).max(one.first), (*last).min(one.last));
            }
        }
    }
    let gap = |rule: &Rule| {
        let first = held.get(rule.left.clone())?.iter().map(|(first, _)| *first).max()?;
        let last = held.get(rule.right.clone())?.iter().map(|(_, last)| *last).min()?;
        let first = first.saturating_sub(rule.slack);
        (first > last).then_some((first.saturating_sub(last), last))
    };
    let gaps = problem.rules.iter().enumerate().filter_map(|(rule, parts)| Some((rule, gap(parts)?)));
    let (rule, (gap, last)) = gaps.max_by_key(|(_, (gap, _))| *gap)?;
    Some(Split { rule, at: last.saturating_add((gap - 1) / 2) })
}
