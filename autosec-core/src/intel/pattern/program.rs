//! A pattern that runs: its tests, and how observations that pass them have to stand to each other.

use super::ast::Step;
use super::fault::MatchFault;
use super::observation::{Object, Observation};
use super::path::{Item, Visits, select};
use super::test::Check;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) root: Node,
    /// What stands in brackets, in the order in which it was written.
    pub(super) brackets: Vec<Bracket>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One observation that passes the bracket of this number.
    Bracket(usize),
    All(Vec<Node>),
    Any(Vec<Node>),
    Then(Vec<Node>),
    Repeats(Box<Node>, u64),
    /// All observations below within so many microseconds.
    Within(Box<Node>, i64),
}

/// A condition on one observation.
#[derive(Clone, Debug)]
pub(super) struct Bracket {
    pub(super) condition: Condition,
    pub(super) windows: Box<[Window]>,
}

/// `START … STOP …`: from `start` to before `stop`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) stop: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Test(Test),
}

#[derive(Clone, Debug)]
pub(super) struct Test {
    /// The type of the object; none if no observable can have it.
    pub(super) object: Option<Box<str>>,
    pub(super) steps: Vec<Step>,
    pub(super) negated: bool,
    pub(super) check: Check,
}

impl Bracket {
    /// Whether one of the observation's objects meets the condition, and its time the windows.
    ///
    /// Every object is asked, and every test of it: what is wrong with one value is a fault, whatever the others say.
    pub(super) fn admits(&self, observation: &Observation, path_values: usize) -> Result<bool, MatchFault> {
        let mut visits = Visits::new(path_values);
        let mut found = false;
        for object in &observation.objects {
            found |= self.condition.holds(observation, object, &mut visits)?;
        }
        Ok(found && self.windows.iter().all(|window| window.meets(observation)))
    }
}

impl Window {
    fn meets(&self, observation: &Observation) -> bool {
        let (first, last) = observation.interval();
        self.start < self.stop && first < self.stop && last >= self.start
    }
}

impl Condition {
    fn holds(
        &self,
        observation: &Observation,
        object: &Object,
        visits: &mut Visits,
    ) -> Result<bool, MatchFault> {
        match self {
            Condition::Test(test) => test.passes(observation, object, visits),
            Condition::All(parts) => {
                let mut holds = true;
                for part in parts {
                    holds &= part.holds(observation, object, visits)?;
                }
                Ok(holds)
            }
            Condition::Any(parts) => {
                let mut holds = false;
                for part in parts {
                    holds |= part.holds(observation, object, visits)?;
                }
                Ok(holds)
            }
        }
    }
}

impl Test {
    fn passes(
        &self,
        observation: &Observation,
        object: &Object,
        visits: &mut Visits,
    ) -> Result<bool, MatchFault> {
        if self.object.as_deref() != Some(&*object.kind) {
            return Ok(false);
        }
        if let Some(key) = self.plain_key() {
            let item = object.body.get(key).map(Item::Json);
            return item.map_or(Ok(false), |item| self.accepts(&item));
        }
        for item in &select(observation, &object.body, &self.steps, visits)? {
            if self.accepts(item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a value that its path selects passes.
    pub(super) fn accepts(&self, item: &Item<'_>) -> Result<bool, MatchFault> {
        Ok(self.check.asks(item)?.is_some_and(|passes| passes != self.negated))
    }

    /// The path, if it is a property of the object itself that is taken as it is: so most are.
    fn plain_key(&self) -> Option<&str> {
        match self.steps.as_slice() {
            [Step::Key(key)] if !SUFFIXES.iter().any(|suffix| key.ends_with(suffix)) => Some(key),
            _ => None,
        }
    }
}

/// How properties end that are not taken as they are.
const SUFFIXES: [&str; 4] = ["_ref", "_refs", "_hex", "_bin"];
