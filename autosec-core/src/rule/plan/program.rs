use smallvec::SmallVec;

use super::gate::Gates;
use super::predicate::Predicate;
use crate::event::Event;
use crate::rule::lang::condition::Condition;

/// All conditions of a rule set, which are asked of an event at once.
#[derive(Debug)]
pub(crate) struct Program {
    gates: Gates,
    predicates: Vec<Predicate>,
}

/// What asking needs of memory, so that an event allocates nothing: one for a call, or one kept for many.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    matching: SmallVec<[u32; 64]>,
}

impl Program {
    /// A program of these conditions; they are numbered from 0.
    pub(crate) fn new(conditions: Vec<(Condition, Predicate)>) -> Self {
        let gates = Gates::new(conditions.iter().map(|(condition, _)| condition));
        let predicates = conditions.into_iter().map(|(_, predicate)| predicate).collect();
        Self { gates, predicates }
    }

    /// The numbers of the conditions that `event` satisfies, in order.
    pub(crate) fn matching<'s>(&self, event: &Event<'_>, scratch: &'s mut Scratch) -> &'s [u32] {
        let holds = |at: &u32| self.predicates.get(*at as usize).is_some_and(|it| it.matches(event));
        scratch.matching.clear();
        scratch.matching.extend(self.gates.candidates(event).into_iter().filter(holds));
        &scratch.matching
    }
}
