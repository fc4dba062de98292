use super::predicate::Predicate;
use crate::event::Event;
use crate::rule::lang::condition::Condition;

/// One condition by itself, without what the conditions of a set have in common: to ask about a rule, or a part of one.
#[derive(Debug)]
pub(crate) struct Alone(Predicate);

impl Alone {
    /// `None` if an automaton over its texts would grow too large; then no set holds it either.
    pub(crate) fn new(condition: Condition) -> Option<Self> {
        Predicate::new(condition).ok().map(Self)
    }

    /// Whether the event satisfies it.
    pub(crate) fn matches(&self, event: &Event<'_>) -> bool {
        self.0.matches(event)
    }
}
