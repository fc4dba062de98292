use smallvec::SmallVec;

use crate::rule::state::operator::Inputs;
use crate::time::Timestamp;

/// Which rules are fed by what other rules find.
///
/// A rule is fed by rules before it alone, so that one pass in the order of the rules reaches all.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// By rule; empty if no rule feeds another.
    feeds: Vec<Box<[Feed]>>,
}

/// An input of a rule.
#[derive(Clone, Copy, Debug)]
struct Feed {
    rule: u32,
    input: u8,
}

/// What is still to be fed because of one event; no heap for up to eight.
#[derive(Debug, Default)]
pub(super) struct Pending {
    fed: SmallVec<[Fed; 8]>,
}

/// Inputs of a rule that something was found for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fed {
    pub(super) rule: u32,
    pub(super) time: Timestamp,
    pub(super) inputs: Inputs,
}

impl Chain {
    /// For each rule the places of the rules that feed its inputs.
    pub(super) fn new<'r>(fed_by: impl Iterator<Item = &'r [u32]>) -> Self {
        let mut feeds: Vec<Vec<Feed>> = Vec::new();
        for (rule, by) in (0u32..).zip(fed_by) {
            for (input, from) in (0u8..).zip(by) {
                let from = *from as usize;
                if feeds.len() <= from {
                    feeds.resize_with(from + 1, Vec::new);
                }
                feeds.get_mut(from).into_iter().for_each(|feeds| feeds.push(Feed { rule, input }));
            }
        }
        Self { feeds: feeds.into_iter().map(Vec::into_boxed_slice).collect() }
    }

    /// Notes that a rule found something at these times.
    pub(super) fn feed(&self, rule: u32, times: &[Timestamp], pending: &mut Pending) {
        for feed in self.feeds.get(rule as usize).map_or(&[][..], |feeds| feeds) {
            times.iter().for_each(|time| pending.add(feed, *time));
        }
    }
}

impl Pending {
    /// The first rule that is to be fed, and with what.
    pub(super) fn next(&mut self) -> Option<Fed> {
        let order = |fed: &Fed| (fed.rule, fed.time);
        let (at, _) = self.fed.iter().enumerate().min_by_key(|(_, fed)| order(fed))?;
        Some(self.fed.swap_remove(at))
    }

    /// What happens to one rule at one time counts as one.
    fn add(&mut self, feed: &Feed, time: Timestamp) {
        let input = Inputs::one(usize::from(feed.input));
        match self.fed.iter_mut().find(|fed| fed.rule == feed.rule && fed.time == time) {
            Some(fed) => fed.inputs.0 |= input.0,
            None => self.fed.push(Fed { rule: feed.rule, time, inputs: input }),
        }
    }
}
