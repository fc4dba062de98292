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
    /// What is next stands last.
    is_sorted: bool,
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
    /// The first rule that is to be fed, and with what: what happens to one rule at one time counts as one.
    pub(super) fn next(&mut self) -> Option<Fed> {
        if self.fed.is_empty() {
            return None;
        }
        if !self.is_sorted {
            self.fed.sort_unstable_by_key(|fed| std::cmp::Reverse((fed.rule, fed.time)));
            self.is_sorted = true;
        }
        let mut next = self.fed.pop()?;
        while let Some(same) = self.fed.last().filter(|fed| (fed.rule, fed.time) == (next.rule, next.time)) {
            next.inputs.0 |= same.inputs.0;
            self.fed.pop();
        }
        Some(next)
    }

    fn add(&mut self, feed: &Feed, time: Timestamp) {
        let inputs = Inputs::one(usize::from(feed.input));
        self.fed.push(Fed { rule: feed.rule, time, inputs });
        self.is_sorted = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_in_order_and_together() {
        // Rule 3 is fed by 0 and 1, rule 2 by 0, rule 4 by 2 and 3.
        let fed_by: [&[u32]; 5] = [&[], &[], &[0], &[1, 0], &[3, 2]];
        let chain = Chain::new(fed_by.into_iter());
        let mut pending = Pending::default();
        let (early, late) = (Timestamp::from_secs(1), Timestamp::from_secs(2));
        chain.feed(1, &[early], &mut pending);
        chain.feed(0, &[early], &mut pending);
        let mut seen = Vec::new();
        while let Some(fed) = pending.next() {
            seen.push((fed.rule, fed.time, fed.inputs.0));
            chain.feed(fed.rule, &[late, early], &mut pending);
        }
        assert_eq!(seen, [(2, early, 0b1), (3, early, 0b11), (4, early, 0b11), (4, late, 0b11)]);
    }
}
