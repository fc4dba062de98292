//! What a plugin would do.

use std::fmt;

use super::exchange::Asked;
use crate::{Effect, Failure, Outcome};

/// What a dry run came to; shown with `{}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// One an entry, in order.
    pub outcomes: Vec<Result<Outcome, Failure>>,
    pub(super) targets: Vec<String>,
    pub(super) asked: Vec<Asked>,
}

impl Plan {
    /// How many exchanges the dry run had: reading is no harm, but a change would be one.
    pub fn exchanges(&self) -> usize {
        self.asked.len()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plan")?;
        for (target, outcome) in self.targets.iter().zip(&self.outcomes) {
            match outcome {
                Ok(outcome) => {
                    write!(f, "\n  {target}: {}", word(outcome.effect))?;
                    outcome.detail.iter().try_for_each(|detail| write!(f, ", {detail}"))?;
                }
                Err(failure) => write!(f, "\n  {target}: refused, {}", failure.message)?,
            }
        }
        if !self.asked.is_empty() {
            f.write_str("\n  it asked:")?;
        }
        self.asked.iter().try_for_each(|asked| write!(f, "\n    {asked}"))
    }
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Applied => "applied",
        Effect::Already => "already there",
        Effect::Absent => "not there",
        Effect::Planned => "would be done",
    }
}
