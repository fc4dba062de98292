use std::fmt;

/// Something that the enforcer relies on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Promise {
    /// What it says it can do makes sense.
    Capabilities,
    /// A call has one outcome an item, in order.
    Outcomes,
    /// A call repeated changes nothing.
    Idempotence,
    /// What is blocked is what was asked for, to the bit.
    Exactness,
    /// Items that cannot be held do not stand in the way of others.
    PartialFailure,
    /// Blocks end in time.
    Times,
    /// A reason is never taken for anything else.
    Reasons,
    /// A dropped call leaves every item as it was or as asked for.
    CancelSafety,
    /// What is not AutoSec's is left alone.
    Ownership,
}

/// How a promise fared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It holds.
    Kept,
    /// It does not, and what was seen instead.
    Broken(String),
    /// It was not tried, and why.
    Untried(String),
}

/// How every promise fared. Displayed, it is a line each.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    promises: Vec<(Promise, Outcome)>,
}

impl Report {
    pub(super) fn add(&mut self, promise: Promise, outcome: Outcome) {
        self.promises.push((promise, outcome));
    }

    /// Whether no promise is broken.
    pub fn is_passed(&self) -> bool {
        !self.promises.iter().any(|(_, outcome)| matches!(outcome, Outcome::Broken(_)))
    }

    /// Every promise with how it fared.
    pub fn promises(&self) -> impl Iterator<Item = (Promise, &Outcome)> {
        self.promises.iter().map(|(promise, outcome)| (*promise, outcome))
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Promise::Capabilities => "capabilities make sense",
            Promise::Outcomes => "one outcome an item, in order",
            Promise::Idempotence => "a call repeated changes nothing",
            Promise::Exactness => "what is blocked is exactly what was asked",
            Promise::PartialFailure => "impossible items do not stand in the way",
            Promise::Times => "blocks end in time",
            Promise::Reasons => "reasons are data",
            Promise::CancelSafety => "a dropped call does no harm",
            Promise::Ownership => "what is not ours is left alone",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (promise, outcome) in &self.promises {
            match outcome {
                Outcome::Kept => writeln!(f, "kept     {promise}")?,
                Outcome::Broken(seen) => writeln!(f, "BROKEN   {promise}: {seen}")?,
                Outcome::Untried(why) => writeln!(f, "untried  {promise}: {why}")?,
            }
        }
        Ok(())
    }
}
