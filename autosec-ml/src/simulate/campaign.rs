use super::agent::Agent;
use super::attacker::{Attacker, day};
use super::habit::millis;
use super::login::Login;
use super::network::Source;
use super::person::Person;
use crate::random::Random;

/// Every so many users one is a victim of poisoning.
const POISONED: u32 = 10;
/// Addresses of a spray.
const SPRAYERS: usize = 5;
/// Names of stuffing that nobody has, as a share of the users there are.
const STRANGERS: f64 = 0.4;

/// Attacks that come in the stream among the honest logins, at random times.
///
/// The victims of [`Attacker::Poisoning`] are the users whose numbers are multiples of 10; a spray goes through all
/// users in turn; all others choose any user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Campaign {
    pub(super) attacker: Attacker,
    pub(super) begins: f64,
    pub(super) ends: f64,
    pub(super) per_day: f64,
}

impl Campaign {
    /// Attempts of this attacker: one a day, from the first day to the last.
    pub fn new(attacker: Attacker) -> Self {
        Self { attacker, begins: 0.0, ends: f64::INFINITY, per_day: 1.0 }
    }

    /// From when to when, in days since the beginning of the simulation.
    #[must_use]
    pub fn days(self, begins: f64, ends: f64) -> Self {
        Self { begins, ends, ..self }
    }

    /// Attempts a day on average, above 0 and up to 1,000,000, all victims together.
    #[must_use]
    pub fn per_day(self, per_day: f64) -> Self {
        Self { per_day, ..self }
    }
}

/// A campaign under way.
#[derive(Clone, Debug)]
pub(super) struct Course {
    campaign: Campaign,
    random: Random,
    seed: u64,
    first: i64,
    attempts: u32,
}

impl Course {
    pub(super) fn new(campaign: Campaign, seed: u64, number: u64, first: i64) -> Self {
        Self { campaign, random: Random::new(seed, CAMPAIGNS + number), seed, first, attempts: 0 }
    }

    /// When the next attempt is due; `time` is none before the first one.
    pub(super) fn next(&mut self, time: Option<i64>) -> Option<i64> {
        let time = time.unwrap_or(self.first + millis(self.campaign.begins));
        let next = time + millis(self.random.exponential(1.0 / self.campaign.per_day)).max(1);
        (day(next, self.first) < self.campaign.ends).then_some(next)
    }

    /// Who is attacked now, as a number among so many users and, for stuffing, beyond them.
    pub(super) fn victim(&mut self, users: u32) -> u32 {
        let any = |random: &mut Random, below: u32| u32::try_from(random.below(below as usize)).unwrap_or(0);
        self.attempts = self.attempts.wrapping_add(1);
        match self.campaign.attacker {
            Attacker::Poisoning => any(&mut self.random, users.div_ceil(POISONED)) * POISONED,
            Attacker::Spray => self.attempts % users,
            Attacker::Stuffing if self.random.chance(STRANGERS) => users + any(&mut self.random, users),
            _ => any(&mut self.random, users),
        }
    }

    /// The attempt on this user; `template` is any user where the victim does not exist.
    pub(super) fn attempt(&mut self, time: i64, user: u32, exists: bool, template: &Person) -> Login {
        let attacker = self.campaign.attacker;
        let (source, agent) = match attacker {
            Attacker::Poisoning => steady_disguise(self.seed, user, template, day(time, self.first)),
            Attacker::Spray => {
                // The same few machines for the whole campaign.
                let machine = self.random.below(SPRAYERS) as u64;
                let mut random = Random::new(self.seed, SPRAYS + machine);
                attacker.disguise(&mut random, template, day(time, self.first))
            }
            _ => attacker.disguise(&mut self.random, template, day(time, self.first)),
        };
        let succeeded = exists && self.random.chance(attacker.luck());
        let group = template.group().filter(|_| exists);
        Login { millis: time, user, group, source, agent, succeeded, attacker: Some(attacker) }
    }
}

/// The address and agent with which somebody comes back to the same victim.
pub(super) fn steady_disguise(seed: u64, user: u32, victim: &Person, day: f64) -> (Source, Agent) {
    let mut random = Random::new(seed, POISONERS + u64::from(user));
    Attacker::Poisoning.disguise(&mut random, victim, day)
}

/// Where the streams of chance of these begin, beyond those of users and firms.
const CAMPAIGNS: u64 = 1 << 41;
const SPRAYS: u64 = 1 << 42;
const POISONERS: u64 = 1 << 43;
