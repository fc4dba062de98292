//! What became of each item of a call.

use autosec_core::enforce::{Outcome, Status};
use ipnet::IpNet;

use super::error::words;
use super::family::Family;

/// One outcome an item, in order: done, until something else is known.
#[derive(Debug)]
pub(super) struct Outcomes {
    outcomes: Vec<Outcome>,
}

impl Outcomes {
    pub(super) fn new(targets: Vec<IpNet>) -> Self {
        let done = |target| Outcome { target, status: Status::Done };
        Self { outcomes: targets.into_iter().map(done).collect() }
    }

    /// Gives up the items that there is a reason against.
    pub(super) fn give_up(&mut self, why: impl Fn(IpNet) -> Option<&'static str>) {
        for outcome in &mut self.outcomes {
            if let Some(why) = why(outcome.target) {
                outcome.status = Status::Unsupported(why.to_owned());
            }
        }
    }

    /// The items of a family that are not given up.
    pub(super) fn open(&self, family: Family) -> impl Iterator<Item = usize> {
        let is_open =
            move |outcome: &Outcome| Family::of(outcome.target) == family && outcome.status == Status::Done;
        (0..).zip(&self.outcomes).filter(move |(_, outcome)| is_open(outcome)).map(|(item, _)| item)
    }

    /// The kernel refused an item with this code.
    pub(super) fn refuse(&mut self, item: usize, code: i32) {
        if let Some(outcome) = self.outcomes.get_mut(item) {
            outcome.status = Status::Rejected(words(code));
        }
    }

    pub(super) fn into_vec(self) -> Vec<Outcome> {
        self.outcomes
    }
}

/// Why no set can hold it, if none can.
pub(super) fn unsupported(target: IpNet) -> Option<&'static str> {
    if target.prefix_len() == 0 {
        return Some("a set holds no prefix of length 0; block its two halves of length 1");
    }
    (target == Family::of(target).mark())
        .then_some("its entry marks the set as AutoSec's; the kernel itself drops what comes from it")
}
