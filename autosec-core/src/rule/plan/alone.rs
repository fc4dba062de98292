use super::program::Program;
use crate::event::Event;
use crate::rule::lang::condition::Condition;

/// One condition by itself, without what the conditions of a set have in common: to ask about a rule, or a part of one.
#[derive(Debug)]
pub(crate) struct Alone(Program);

impl Alone {
    pub(crate) fn new(condition: Condition) -> Self {
        Self(Program::new(vec![condition]))
    }

    /// Whether the event satisfies it.
    pub(crate) fn matches(&self, event: &Event<'_>) -> bool {
        self.0.holds(0, event)
    }
}
