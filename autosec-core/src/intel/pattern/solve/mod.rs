//! Whether observations can be bound to the brackets of a pattern.
//!
//! Trying bindings one by one takes factorial time. Three observations make it small:
//!
//! - Which observations a set of brackets without order gets is an assignment: `flow` finds one, or proves that there
//!   is none, by augmenting paths.
//! - Every condition on time is "all of these begin no later than `d` after any of those ended", which holds if and only
//!   if there is a point in time, its *pivot*, that separates them. With the pivots known, each bracket has a window of its
//!   own and the rest is an assignment. `search` narrows pivots down: it assigns with the widest windows that are left;
//!   if the assignment breaks a rule it splits that rule's pivot in two so that neither half allows it again. Without an
//!   assignment the whole range is refuted at once.
//! - Copies that `REPEATS` makes are alike, so their pivots may be taken in order.
//!
//! `choice` writes out the operands of `OR` first; brackets that are alternatives of each other stay one.

mod choice;
mod flow;
mod search;

pub(super) use choice::Seen;

use super::fault::MatchFault;
use super::limits::MatchLimits;
use super::program::Node;

/// The observations of one binding, by their numbers, each once and in order; none if there is no binding.
///
/// `admitted` has the numbers of the observations that each bracket admits.
pub(super) fn bind(
    root: &Node,
    seen: &[Seen],
    admitted: &[Vec<usize>],
    limits: &MatchLimits,
) -> Result<Option<Vec<usize>>, MatchFault> {
    let mut budget = Budget { left: limits.steps, limit: limits.steps };
    let choices = choice::choices(root, seen, admitted, limits)?;
    for problem in &choices.problems {
        if let Some(binding) = search::search(problem, seen, &mut budget)? {
            return Ok(Some(binding));
        }
    }
    match choices.left_out {
        Some(fault) => Err(fault),
        None => Ok(None),
    }
}

/// Steps that are left.
#[derive(Debug)]
struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    fn spend(&mut self, steps: usize) -> Result<(), MatchFault> {
        self.left = self
            .left
            .checked_sub(steps)
            .ok_or(MatchFault::Undecided { what: "search steps", limit: self.limit })?;
        Ok(())
    }
}

#[cfg(test)]
mod oracle;
