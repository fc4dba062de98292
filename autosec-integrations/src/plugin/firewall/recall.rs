//! What a device was given that cannot say what it holds.

use std::collections::HashMap;
use std::time::Duration;

use autosec_core::enforce::{Block, Outcome, Status};
use autosec_core::time::Timestamp;
use ipnet::IpNet;

/// So long what was given counts as held; then it is given anew, because nobody knows what others did to it meanwhile.
const TRUSTED: Duration = Duration::from_secs(3_600);
/// The most targets that are remembered; what is forgotten is given anew by the next comparison.
const LIMIT: usize = 1_000_000;

/// What was given lately. After a restart it is empty, so that everything in force is given again.
#[derive(Debug, Default)]
pub(super) struct Recall(HashMap<IpNet, Given>);

#[derive(Debug)]
struct Given {
    at: Timestamp,
    until: Option<Timestamp>,
}

impl Recall {
    pub(super) fn blocked(&mut self, blocks: &[Block], outcomes: &[Outcome], now: Timestamp) {
        for (block, outcome) in blocks.iter().zip(outcomes) {
            if outcome.status == Status::Done && self.0.len() < LIMIT {
                let until = block.ttl.map(|ttl| now + ttl);
                self.0.insert(block.target, Given { at: now, until });
            }
        }
    }

    pub(super) fn unblocked(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes.iter().filter(|outcome| outcome.status == Status::Done) {
            self.0.remove(&outcome.target);
        }
    }

    pub(super) fn held(&mut self, now: Timestamp) -> Vec<Block> {
        let is_trusted = |given: &Given| given.at <= now && now.since(given.at) < TRUSTED;
        self.0.retain(|_, given| is_trusted(given) && given.until.is_none_or(|until| until > now));
        let block = |(target, given): (&IpNet, &Given)| Block {
            target: *target,
            ttl: given.until.map(|until| until.since(now)),
            reason: String::new(),
        };
        self.0.iter().map(block).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn block(last: u8, ttl: Option<Duration>) -> Block {
        Block { target: IpNet::from(std::net::IpAddr::from([203, 0, 113, last])), ttl, reason: String::new() }
    }

    #[test]
    fn what_was_given_is_held_until_it_ends_or_is_old() {
        let mut recall = Recall::default();
        let minute = Duration::from_secs(60);
        let blocks = [block(1, None), block(2, Some(minute)), block(3, None)];
        let statuses = [Status::Done, Status::Done, Status::Rejected("full".to_owned())];
        let outcome = |(block, status): (&Block, Status)| Outcome { target: block.target, status };
        let outcomes: Vec<_> = blocks.iter().zip(statuses).map(outcome).collect();
        recall.blocked(&blocks, &outcomes, NOW);
        assert_eq!(recall.held(NOW).len(), 2);
        assert_eq!(recall.held(NOW + minute), [block(1, None)]);
        assert_eq!(recall.held(NOW + TRUSTED), []);
    }

    #[test]
    fn what_was_let_in_is_not_held() {
        let mut recall = Recall::default();
        let one = block(1, None);
        let done = [Outcome { target: one.target, status: Status::Done }];
        recall.blocked(&[one], &done, NOW);
        recall.unblocked(&done);
        assert_eq!(recall.held(NOW), []);
    }
}
