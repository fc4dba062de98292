use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use autosec_plugin::{Effect, Failure, FailureKind, Outcome, fail};
use ipnet::IpNet;

use crate::answer::Content;
use crate::{PACE, SET_LIMIT};

/// What is to become of the targets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Block,
    Unblock,
}

impl Change {
    /// What a set holds when this is done to it.
    pub(crate) fn of(self, mut addresses: BTreeSet<IpNet>, targets: &[IpNet]) -> BTreeSet<IpNet> {
        match self {
            Self::Block => addresses.extend(targets),
            Self::Unblock => targets.iter().for_each(|target| _ = addresses.remove(target)),
        }
        addresses
    }
}

/// A set, and what it holds, if it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    pub(crate) is_ipv6: bool,
    pub(crate) content: Option<Content>,
}

/// Which set each target goes into or is taken out of.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What is to be done in each set.
    work: BTreeMap<usize, BTreeSet<IpNet>>,
    asked: Vec<Result<Fate, Failure>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    /// It is work of these sets; more than one if it stands in several.
    Work(IpNet),
    Kept(Effect),
}

impl Plan {
    pub(crate) fn of(change: Change, shards: &[Shard], targets: &[String]) -> Self {
        let mut plan = Self { work: BTreeMap::new(), asked: Vec::with_capacity(targets.len()) };
        for text in targets {
            let fate = match change {
                Change::Block => target(text).and_then(|target| plan.place(shards, target)),
                // What no set can hold is not blocked.
                Change::Unblock => {
                    Ok(target(text).map_or(Fate::Kept(Effect::Absent), |target| plan.find(shards, target)))
                }
            };
            plan.asked.push(fate);
        }
        plan
    }

    /// The first set of its family that has room takes it, so that a call seldom changes more than one.
    fn place(&mut self, shards: &[Shard], target: IpNet) -> Result<Fate, Failure> {
        let ipv6 = target.addr().is_ipv6();
        let family = || {
            let of_family = shards.iter().enumerate().filter(move |(_, shard)| shard.is_ipv6 == ipv6);
            of_family.filter_map(|(at, shard)| Some((at, shard.content.as_ref()?)))
        };
        if family().any(|(_, content)| content.addresses.contains(&target)) {
            return Ok(Fate::Kept(Effect::Already));
        }
        if self.work.values().any(|work| work.contains(&target)) {
            return Ok(Fate::Work(target));
        }
        let new = |at: usize| self.work.get(&at).map_or(0, BTreeSet::len);
        let roomy = family().find(|(at, content)| content.addresses.len() + new(*at) < SET_LIMIT);
        match roomy {
            Some((at, _)) => {
                self.work.entry(at).or_default().insert(target);
                Ok(Fate::Work(target))
            }
            None if family().next().is_none() => {
                Err(fail(FailureKind::InvalidTarget, "no set of its family is configured"))
            }
            None => Err(full()),
        }
    }

    fn find(&mut self, shards: &[Shard], target: IpNet) -> Fate {
        let mut found = Fate::Kept(Effect::Absent);
        for (at, shard) in shards.iter().enumerate() {
            if shard.content.as_ref().is_some_and(|content| content.addresses.contains(&target)) {
                self.work.entry(at).or_default().insert(target);
                found = Fate::Work(target);
            }
        }
        found
    }

    /// The set where the most is to be done.
    pub(crate) fn most_work(&self) -> Option<usize> {
        self.work.iter().max_by_key(|(_, work)| work.len()).map(|(at, _)| *at)
    }

    /// What is to be done in a set.
    pub(crate) fn targets(&self, at: usize) -> Vec<IpNet> {
        self.work.get(&at).into_iter().flatten().copied().collect()
    }

    /// One result a target, after the work of one set is done, or with none for a plan of all.
    pub(crate) fn results(self, effect: Effect, done: Option<usize>) -> Vec<Result<Outcome, Failure>> {
        let is_left = |target: &IpNet| {
            let mut others = self.work.iter().filter(|(at, _)| done.is_some_and(|done| done != **at));
            others.any(|(_, work)| work.contains(target))
        };
        let result = |fate: &Result<Fate, Failure>| match fate {
            Ok(Fate::Kept(effect)) => Ok(Outcome::new(*effect)),
            Ok(Fate::Work(target)) if is_left(target) => Err(put_off()),
            Ok(Fate::Work(_)) => Ok(Outcome::new(effect)),
            Err(failure) => Err(failure.clone()),
        };
        self.asked.iter().map(result).collect()
    }
}

/// An address or a prefix, without host bits; a prefix of all addresses is none.
pub(crate) fn target(text: &str) -> Result<IpNet, Failure> {
    let unfit = |words: String| fail(FailureKind::InvalidTarget, words);
    let target = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    let target = target.map_err(|_| unfit(format!("`{text}` is no address and no prefix")))?;
    if target.prefix_len() == 0 {
        Err(unfit("a set takes no prefix of all addresses".to_owned()))
    } else {
        Ok(target.trunc())
    }
}

pub(crate) fn full() -> Failure {
    fail(FailureKind::Full, "every set of its family holds 10,000 entries: configure another one")
}

fn put_off() -> Failure {
    let words = "it is work of another set than the one that was changed: AWS takes one change a second";
    fail(FailureKind::RateLimited, words).with_retry_after_ms(PACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(is_ipv6: bool, addresses: impl IntoIterator<Item = String>) -> Shard {
        let addresses = addresses.into_iter().map(|text| text.parse().unwrap()).collect();
        Shard { is_ipv6, content: Some(Content { addresses, lock: "t".to_owned() }) }
    }

    fn many(count: usize) -> impl Iterator<Item = String> {
        (0..count).map(|n| format!("10.{}.{}.{}/32", n >> 16, n >> 8 & 255, n & 255))
    }

    fn texts<const N: usize>(texts: [&str; N]) -> [String; N] {
        texts.map(str::to_owned)
    }

    #[test]
    fn sets_are_filled_one_after_the_other() {
        let shards = [shard(false, many(SET_LIMIT - 1)), shard(false, []), shard(true, [])];
        let asked = texts(["192.0.2.1", "192.0.2.2/32", "192.0.2.3/32", "10.0.0.1", "2001:db8::1", "x"]);
        let plan = Plan::of(Change::Block, &shards, &asked);
        assert_eq!(plan.targets(0).len(), 1);
        assert_eq!((plan.most_work(), plan.targets(1).len()), (Some(1), 2));
        let results = plan.results(Effect::Applied, Some(1));
        let effects: Vec<_> =
            results.iter().map(|result| result.as_ref().map(|done| done.effect).ok()).collect();
        let wanted = [None, Some(Effect::Applied), Some(Effect::Applied), Some(Effect::Already), None, None];
        assert_eq!(effects, wanted);
        let kinds: Vec<_> =
            results.into_iter().filter_map(|result| result.err().map(|failure| failure.kind)).collect();
        assert_eq!(kinds, [FailureKind::RateLimited, FailureKind::RateLimited, FailureKind::InvalidTarget]);
    }

    #[test]
    fn what_has_no_room_or_no_set_is_said_so() {
        let shards = [shard(false, many(SET_LIMIT))];
        let results = Plan::of(Change::Block, &shards, &texts(["192.0.2.1", "2001:db8::1"]))
            .results(Effect::Applied, None);
        let kinds: Vec<_> = results.into_iter().map(|result| result.unwrap_err().kind).collect();
        assert_eq!(kinds, [FailureKind::Full, FailureKind::InvalidTarget]);
    }

    #[test]
    fn what_stands_in_two_sets_is_gone_when_it_is_in_neither() {
        let twice = || shard(false, ["192.0.2.1/32".to_owned()]);
        let asked = texts(["192.0.2.1/32", "192.0.2.2/32", "0.0.0.0/0"]);
        let first = Plan::of(Change::Unblock, &[twice(), twice()], &asked);
        let chosen = first.most_work().unwrap();
        let results = first.results(Effect::Applied, Some(chosen));
        assert_eq!(results[0].as_ref().unwrap_err().kind, FailureKind::RateLimited);
        assert!(results[1..].iter().all(|result| result.as_ref().unwrap().effect == Effect::Absent));
        let second = Plan::of(Change::Unblock, &[twice(), shard(false, [])], &asked);
        assert_eq!(second.results(Effect::Applied, Some(0))[0].as_ref().unwrap().effect, Effect::Applied);
    }

    #[test]
    fn a_change_keeps_what_others_put_there() {
        let held: BTreeSet<IpNet> =
            texts(["192.0.2.1/32", "192.0.2.2/32"]).map(|text| text.parse().unwrap()).into();
        let one = [held.first().copied().unwrap()];
        assert_eq!(Change::Unblock.of(held.clone(), &one).len(), 1);
        assert_eq!(Change::Block.of(held, &one).len(), 2);
    }
}
