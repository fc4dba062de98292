//! What the guard counts: clients and new blocks, in this interval and the one before.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::{GuardConfig, Refusal};
use crate::net;
use crate::time::Timestamp;

/// The prefix that stands for one IPv6 client.
const CLIENT_PREFIX: u8 = 64;

/// What happened in this interval and the one before.
#[derive(Debug)]
pub(super) struct Recent {
    interval: i64,
    clients: [Clients; 2],
    blocks: [HashSet<IpNet>; 2],
    /// How many of the new blocks were of regulars.
    harm: [usize; 2],
}

/// Clients of one interval: how many, and whether a certain one is among them.
///
/// A Bloom filter: whoever was put in is found; somebody else is found now and then, about once in 65 times with 100,000
/// clients, and is then not counted as another client but as one who would be harmed. Both err on the safe side. 128 KiB,
/// seeded at random.
#[derive(Clone, Debug)]
struct Clients {
    bits: Vec<u64>,
    hasher: RandomState,
    count: usize,
    /// How many of them were blocked in the interval.
    caught: usize,
}

impl Recent {
    pub(super) fn new() -> Self {
        let clients = Clients::new();
        Self { interval: 0, clients: [clients.clone(), clients], blocks: Default::default(), harm: [0, 0] }
    }

    /// The number of the interval that a time is in.
    pub(super) fn number(at: Timestamp, interval: Duration) -> i64 {
        let length = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
        at.as_micros().div_euclid(length)
    }

    /// Takes note of a client at `now`.
    pub(super) fn saw(&mut self, client: IpAddr, now: Timestamp, interval: Duration) {
        self.turn(now, interval);
        let client = net::client(client, CLIENT_PREFIX).addr();
        let [_, current] = &mut self.clients;
        current.insert(client);
    }

    /// Counts a new block at `now`, unless that would be too many or too large a share.
    pub(super) fn count(
        &mut self,
        target: IpNet,
        now: Timestamp,
        config: &GuardConfig,
    ) -> Result<(), Refusal> {
        self.turn(now, config.interval);
        let [before, current] = &self.blocks;
        // Blocked again and again, it is one new block: an attack that goes on does not use the limits up.
        if before.contains(&target) || current.contains(&target) {
            return Ok(());
        }
        if current.len() >= config.max_new {
            return Err(Refusal::TooMany { limit: config.max_new });
        }
        let harms = self.is_regular(target);
        if harms {
            self.restrain(config)?;
        }
        let ([_, blocks], [_, clients], [_, harm]) = (&mut self.blocks, &mut self.clients, &mut self.harm);
        blocks.insert(target);
        clients.caught += usize::from(clients.contains(net::client(target.addr(), CLIENT_PREFIX).addr()));
        *harm += usize::from(harms);
        Ok(())
    }

    /// Moves on to the interval of `at`, never back.
    fn turn(&mut self, at: Timestamp, interval: Duration) {
        let number = Self::number(at, interval);
        if number <= self.interval {
            return;
        }
        let follows = number == self.interval + 1;
        self.interval = number;
        // What was counted while nobody was known yet says nothing about regulars.
        let harm = if follows && !self.is_beginning() { self.harm[1] } else { 0 };
        self.harm = [harm, 0];
        self.clients.swap(0, 1);
        self.blocks.swap(0, 1);
        let ([clients_before, clients], [blocks_before, blocks]) = (&mut self.clients, &mut self.blocks);
        clients.clear();
        blocks.clear();
        if !follows {
            clients_before.clear();
            blocks_before.clear();
        }
    }

    /// Whether nobody was seen in the interval before, so that nobody can be told from a newcomer.
    fn is_beginning(&self) -> bool {
        self.clients[0].count == 0
    }

    /// Whether a block of `target` may hit somebody who was here before.
    fn is_regular(&self, target: IpNet) -> bool {
        let longest = if target.addr().is_ipv4() { target.max_prefix_len() } else { CLIENT_PREFIX };
        self.is_beginning()
            || target.prefix_len() < longest
            || self.clients[0].contains(net::client(target.addr(), CLIENT_PREFIX).addr())
    }

    /// Refuses one more block of a regular if there were too many.
    fn restrain(&self, config: &GuardConfig) -> Result<(), Refusal> {
        let blocks = self.harm.iter().sum::<usize>() + 1;
        if blocks <= config.share_from {
            return Ok(());
        }
        let clients = self.regulars();
        if blocks as f64 <= config.max_share * clients as f64 {
            return Ok(());
        }
        let share = format!("{:.0} %", config.max_share * 100.0);
        Err(Refusal::TooLargeShare { blocks, clients, share })
    }

    /// How many regulars there are: clients of the interval before, without those who were blocked in it. At the beginning
    /// all clients there were.
    fn regulars(&self) -> usize {
        let [before, current] = &self.clients;
        if self.is_beginning() { current.count } else { before.count.saturating_sub(before.caught) }
    }
}

impl Clients {
    const BITS: u64 = 1 << 20;

    fn new() -> Self {
        let bits = vec![0; usize::try_from(Self::BITS / 64).unwrap_or(0)];
        Self { bits, hasher: RandomState::new(), count: 0, caught: 0 }
    }

    fn insert(&mut self, client: IpAddr) {
        let mut is_new = false;
        for (word, bit) in self.places(client) {
            if let Some(word) = self.bits.get_mut(word) {
                is_new |= *word & bit == 0;
                *word |= bit;
            }
        }
        self.count += usize::from(is_new);
    }

    fn contains(&self, client: IpAddr) -> bool {
        self.places(client)
            .into_iter()
            .all(|(word, bit)| self.bits.get(word).is_some_and(|word| word & bit != 0))
    }

    fn clear(&mut self) {
        self.bits.fill(0);
        (self.count, self.caught) = (0, 0);
    }

    /// Three bits for each client, from one hash.
    fn places(&self, client: IpAddr) -> [(usize, u64); 3] {
        let hash = self.hasher.hash_one(client);
        [0, 20, 40].map(|shift| {
            let place = (hash >> shift) % Self::BITS;
            (usize::try_from(place / 64).unwrap_or(0), 1 << (place % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: i64 = 600;

    fn host(number: u32) -> IpNet {
        IpNet::from(IpAddr::from(std::net::Ipv4Addr::from(0xC612_0000 + number)))
    }

    fn config() -> GuardConfig {
        GuardConfig { share_from: 10, max_new: 10_000, ..GuardConfig::default() }
    }

    fn at(interval: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_400 + interval * INTERVAL)
    }

    fn saw(recent: &mut Recent, hosts: std::ops::Range<u32>, interval: i64) {
        hosts.for_each(|number| recent.saw(host(number).addr(), at(interval), config().interval));
    }

    fn admitted(recent: &mut Recent, hosts: std::ops::Range<u32>, interval: i64) -> usize {
        hosts.filter(|number| recent.count(host(*number), at(interval), &config()).is_ok()).count()
    }

    #[test]
    fn attackers_who_were_not_here_before_harm_nobody() {
        let mut recent = Recent::new();
        saw(&mut recent, 0..100, 0);
        saw(&mut recent, 0..100, 1);
        saw(&mut recent, 1_000..6_000, 1);
        let let_through = admitted(&mut recent, 1_000..6_000, 1);
        assert!(let_through >= 4_990, "all but false alarms of the filter: {let_through}");
        let regulars = admitted(&mut recent, 0..100, 1);
        assert!((40..=52).contains(&regulars), "half of the regulars, however many attackers: {regulars}");
    }

    #[test]
    fn attackers_who_were_caught_are_no_regulars() {
        let mut recent = Recent::new();
        saw(&mut recent, 0..100, 0);
        saw(&mut recent, 0..100, 1);
        saw(&mut recent, 1_000..6_000, 1);
        admitted(&mut recent, 1_000..6_000, 1);
        saw(&mut recent, 0..100, 2);
        let regulars = admitted(&mut recent, 0..100, 2);
        assert!((40..=55).contains(&regulars), "{regulars} of {}", recent.regulars());
    }

    #[test]
    fn counts_clients_well_enough() {
        let mut clients = Clients::new();
        (0..100_000_u32).for_each(|number| clients.insert(host(number).addr()));
        (0..100_000_u32).for_each(|number| clients.insert(host(number).addr()));
        assert!((98_500..=100_000).contains(&clients.count), "{}", clients.count);
        assert!((0..100_000_u32).all(|number| clients.contains(host(number).addr())));
        let strangers = (200_000..300_000_u32).filter(|number| clients.contains(host(*number).addr()));
        assert!(strangers.count() < 2_500);
    }

    #[test]
    fn at_the_beginning_everybody_counts() {
        let mut recent = Recent::new();
        saw(&mut recent, 0..100, 0);
        let first = admitted(&mut recent, 0..100, 0);
        assert!((48..=52).contains(&first), "{first}");
        saw(&mut recent, 0..100, 1);
        assert_eq!(recent.harm, [0, 0], "nobody knew who was a regular");
    }

    #[test]
    fn a_prefix_counts_as_somebody() {
        let mut recent = Recent::new();
        saw(&mut recent, 0..4, 0);
        saw(&mut recent, 0..4, 1);
        let prefix = |number: u32| IpNet::new(host(number << 8).addr(), 24).unwrap();
        let through = (100..200).filter(|number| recent.count(prefix(*number), at(1), &config()).is_ok());
        assert_eq!(through.count(), 10);
    }
}
