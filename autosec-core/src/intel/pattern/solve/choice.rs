//! The pattern without `OR` and `REPEATS`: each way to choose between operands is a problem of its own.

use std::ops::Range;
use std::rc::Rc;

use super::super::fault::MatchFault;
use super::super::limits::MatchLimits;
use super::super::program::Node;

/// An observation as the search sees it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Seen {
    /// Microseconds.
    pub(in super::super) first: i64,
    pub(in super::super) last: i64,
    /// How many brackets it may serve.
    pub(in super::super) count: u64,
}

/// Brackets to fill, and rules between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Problem {
    pub(super) slots: Vec<Slot>,
    pub(super) rules: Vec<Rule>,
}

/// Brackets that admit the same observations.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The numbers of these observations, in order.
    pub(super) admitted: Rc<[usize]>,
    /// How many brackets.
    pub(super) demand: u64,
}

/// All of `left` begin no later than `slack` microseconds after any of `right` ended.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) left: Range<usize>,
    pub(super) right: Range<usize>,
    pub(super) slack: i64,
    /// A rule whose pivot may be taken as no later than this one's.
    pub(super) after: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Choices {
    pub(super) problems: Vec<Problem>,
    /// Set if there are more: then no match in these is no answer.
    pub(super) left_out: Option<MatchFault>,
}

pub(super) fn choices(
    root: &Node,
    seen: &[Seen],
    admitted: &[Vec<usize>],
    limits: &MatchLimits,
) -> Result<Choices, MatchFault> {
    let supply = seen.iter().fold(0_u64, |sum, one| sum.saturating_add(one.count));
    let mut chooser = Chooser { admitted, supply, limits, left_out: None };
    let problems = chooser.node(root);
    Ok(Choices { problems, left_out: chooser.left_out })
}

struct Chooser<'a> {
    admitted: &'a [Vec<usize>],
    /// How many brackets all observations together can serve.
    supply: u64,
    limits: &'a MatchLimits,
    left_out: Option<MatchFault>,
}

impl Chooser<'_> {
    fn node(&mut self, node: &Node) -> Vec<Problem> {
        match node {
            Node::Bracket(number) => self.bracket(*number),
            Node::All(parts) => self.product(parts, false),
            Node::Then(parts) => self.product(parts, true),
            Node::Any(parts) => self.union(parts),
            Node::Within(inner, slack) => {
                let mut problems = self.node(inner);
                problems.iter_mut().for_each(|problem| problem.hold_together(*slack));
                problems
            }
            Node::Repeats(inner, times) => {
                let problems = self.node(inner);
                self.repeated(&problems, *times)
            }
        }
    }

    fn bracket(&self, number: usize) -> Vec<Problem> {
        let admitted = self.admitted.get(number).map(Vec::as_slice).unwrap_or_default();
        if admitted.is_empty() { Vec::new() } else { vec![Problem::single(admitted.into())] }
    }

    fn product(&mut self, parts: &[Node], ordered: bool) -> Vec<Problem> {
        let mut joined = vec![Problem::default()];
        for part in parts {
            let choices = self.node(part);
            let pairs = joined.iter().flat_map(|left| choices.iter().map(move |right| (left, right)));
            let next = pairs.map(|(left, right)| left.clone().joined(right, ordered));
            joined = self.kept(next.collect::<Vec<_>>().into_iter());
            if joined.is_empty() {
                return joined;
            }
        }
        joined
    }

    /// Single brackets that are alternatives become one that admits what any of them does.
    fn union(&mut self, parts: &[Node]) -> Vec<Problem> {
        let all: Vec<Problem> = parts.iter().flat_map(|part| self.node(part)).collect();
        let (single, others): (Vec<_>, Vec<_>) = all.into_iter().partition(Problem::is_single);
        let mut admitted: Vec<usize> = single
            .iter()
            .flat_map(|problem| &problem.slots)
            .flat_map(|slot| slot.admitted.iter().copied())
            .collect();
        admitted.sort_unstable();
        admitted.dedup();
        let merged = (!admitted.is_empty()).then(|| Problem::single(admitted.into()));
        self.kept(merged.into_iter().chain(others))
    }

    /// Every way to choose `times` of the problems, in no order.
    fn repeated(&mut self, problems: &[Problem], times: u64) -> Vec<Problem> {
        let Some((last, others)) = problems.split_last() else { return Vec::new() };
        let Some((_, counted)) = self.counted(last, others, times) else { return Vec::new() };
        self.kept(counted.into_iter())
    }

    /// The ways to take `times` copies of `last` and `others`, with the number of ways that were made.
    fn counted(&mut self, last: &Problem, others: &[Problem], times: u64) -> Option<(usize, Vec<Problem>)> {
        let Some((next, rest)) = others.split_last() else {
            let copies = self.copies(last, times)?;
            return Some((1, vec![copies]));
        };
        let mut made = Vec::new();
        for count in 0..=times {
            if made.len() > self.limits.alternatives {
                break;
            }
            // More copies than there are observations for are not possible, nor are any beyond these.
            let Some(copies) = self.copies(last, count) else { break };
            let Some((_, tails)) = self.counted(next, rest, times - count) else { continue };
            made.extend(tails.iter().map(|tail| copies.clone().joined(tail, false)));
        }
        Some((made.len(), made))
    }

    /// `times` times the same; none if there are too few observations, or too many brackets.
    fn copies(&mut self, problem: &Problem, times: u64) -> Option<Problem> {
        let demand = problem.demand().saturating_mul(times);
        if demand > self.supply {
            return None;
        }
        if problem.rules.is_empty() {
            let mut copy = problem.clone();
            copy.slots.iter_mut().for_each(|slot| slot.demand = slot.demand.saturating_mul(times));
            copy.slots.retain(|slot| slot.demand > 0);
            return Some(copy);
        }
        let limit = self.limits.slots;
        let times =
            usize::try_from(times).ok().filter(|times| times.saturating_mul(problem.slots.len()) <= limit);
        let Some(times) = times else {
            self.left_out = Some(MatchFault::Undecided { what: "observations of a pattern", limit });
            return None;
        };
        let mut copies = Problem::default();
        let mut before = None;
        for _ in 0..times {
            let first_rule = copies.rules.len();
            copies = copies.joined(problem, false);
            if let Some(rule) = copies.rules.get_mut(first_rule) {
                rule.after = before.replace(first_rule);
            }
        }
        Some(copies)
    }

    /// As many as the limits allow, without those that need more observations than there are.
    fn kept(&mut self, problems: impl Iterator<Item = Problem>) -> Vec<Problem> {
        let limit = self.limits.alternatives;
        let supply = self.supply;
        let mut kept = Vec::new();
        for problem in problems.filter(|problem| problem.demand() <= supply) {
            if kept.len() == limit {
                self.left_out = Some(MatchFault::Undecided { what: "alternatives", limit });
                break;
            }
            kept.push(problem);
        }
        kept
    }
}

impl Problem {
    fn single(admitted: Rc<[usize]>) -> Self {
        Self { slots: vec![Slot { admitted, demand: 1 }], rules: Vec::new() }
    }

    fn is_single(&self) -> bool {
        self.rules.is_empty() && self.demand() == 1
    }

    fn demand(&self) -> u64 {
        self.slots.iter().fold(0, |sum, slot| sum.saturating_add(slot.demand))
    }

    /// Both; if `ordered`, this one before the other.
    fn joined(mut self, other: &Problem, ordered: bool) -> Self {
        let (slots, rules) = (self.slots.len(), self.rules.len());
        self.slots.extend_from_slice(&other.slots);
        let moved = |range: &Range<usize>| range.start + slots..range.end + slots;
        self.rules.extend(other.rules.iter().map(|rule| Rule {
            left: moved(&rule.left),
            right: moved(&rule.right),
            slack: rule.slack,
            after: rule.after.map(|before| before + rules),
        }));
        if ordered && slots > 0 {
            self.rules.push(Rule { left: 0..slots, right: slots..self.slots.len(), slack: 0, after: None });
        }
        self
    }

    /// All within `slack` microseconds.
    fn hold_together(&mut self, slack: i64) {
        if self.demand() > 1 {
            let all = 0..self.slots.len();
            self.rules.push(Rule { left: all.clone(), right: all, slack, after: None });
        }
    }
}
