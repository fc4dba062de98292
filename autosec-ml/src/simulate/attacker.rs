use std::fmt;

use super::agent::Agent;
use super::habit::days;
use super::network::{Operator, Source};
use super::person::Person;
use super::place::{COUNTRIES, country};
use crate::random::Random;

/// Who attacks, and how much they know of their victim. All of them have the right password, but for spray and stuffing.
///
/// The first four are the models of Freeman, Jain, Dürmuth, Biggio and Giacinto (NDSS 2016) and of Wiefling, Jørgensen,
/// Thunem and Lo Iacono (ACM TOPS 26, 2022); what shares they have of networks and agents is assumed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Attacker {
    /// Knows nothing: any country, half from hosters and half from homes that serve as proxies; any popular browser, or a
    /// script, or an outdated browser.
    Naive,
    /// Knows the victim's country: three times in four through a private network or another hoster there, else through
    /// a proxy in a home; any popular browser.
    Vpn,
    /// Knows the victim's city, too, and the kind of device and browser: a proxy in a home of that city (six times in
    /// ten), a phone of that country, or a hoster of that country; four times in five a popular agent of the victim's
    /// kind.
    Targeted,
    /// Knows everything that a phishing page sees: the victim's city, provider, exact agent and hours; only the address
    /// is another one of the same provider.
    VeryTargeted,
    /// Tries a few passwords on all users, from few addresses and slowly; hardly ever right.
    Spray,
    /// Tries names and passwords stolen elsewhere, each from another address; hardly ever right, and often nobody of that
    /// name exists.
    Stuffing,
    /// A targeted attacker who comes back again and again with the same address and agent, unnoticed, so that they become
    /// part of the victim's history.
    Poisoning,
}

impl Attacker {
    /// All of them.
    pub const ALL: [Attacker; 7] = [
        Attacker::Naive,
        Attacker::Vpn,
        Attacker::Targeted,
        Attacker::VeryTargeted,
        Attacker::Spray,
        Attacker::Stuffing,
        Attacker::Poisoning,
    ];

    /// Where from and with what this attacker logs in as `victim`.
    pub(super) fn disguise(self, random: &mut Random, victim: &Person, day: f64) -> (Source, Agent) {
        match self {
            Attacker::Naive | Attacker::Spray | Attacker::Stuffing => from_anywhere(random, day),
            Attacker::Vpn => from_the_country(random, victim, day),
            Attacker::Targeted | Attacker::Poisoning => from_the_city(random, victim, day),
            Attacker::VeryTargeted => {
                let source = Source::draw(random, victim.country, victim.city, victim.fixed);
                (source.as_proxy(random), victim.main_device().agent(day))
            }
        }
    }

    /// When it happens, within a day of `time` (milliseconds): who knows the victim comes when the victim might, three
    /// times in four.
    pub(super) fn moment(self, random: &mut Random, victim: &Person, time: i64) -> i64 {
        match self {
            Attacker::VeryTargeted | Attacker::Targeted | Attacker::Poisoning if random.chance(0.75) => {
                victim.plausible_time(random, time)
            }
            _ => time + super::habit::millis(random.fraction()),
        }
    }

    /// How often the password is right.
    pub(super) fn luck(self) -> f64 {
        match self {
            Attacker::Spray => 0.002,
            Attacker::Stuffing => 0.005,
            _ => 1.0,
        }
    }
}

impl fmt::Display for Attacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Attacker::Naive => "naive",
            Attacker::Vpn => "vpn",
            Attacker::Targeted => "targeted",
            Attacker::VeryTargeted => "very-targeted",
            Attacker::Spray => "spray",
            Attacker::Stuffing => "stuffing",
            Attacker::Poisoning => "poisoning",
        })
    }
}

/// An agent as attackers without knowledge have it: popular, or a script's, or one of last year.
fn careless_agent(random: &mut Random, day: f64) -> Agent {
    match random.fraction() {
        chance if chance < 0.15 => Agent::script(random),
        chance if chance < 0.40 => {
            let behind = random.between(100.0, 700.0);
            Agent::popular(random, day - behind)
        }
        _ => Agent::popular(random, day),
    }
}

fn from_anywhere(random: &mut Random, day: f64) -> (Source, Agent) {
    let number = random.weighted(COUNTRIES.iter().map(|country| country.attacks));
    let source = if random.chance(0.5) {
        let operator = Operator::hosting(random);
        Source::draw(random, number, 0, operator)
    } else {
        home_proxy(random, number, None)
    };
    (source, careless_agent(random, day))
}

fn from_the_country(random: &mut Random, victim: &Person, day: f64) -> (Source, Agent) {
    let source = match random.fraction() {
        chance if chance < 0.65 => {
            let operator = Operator::private_network(random);
            Source::draw(random, victim.country, 0, operator)
        }
        chance if chance < 0.85 => {
            let operator = Operator::hosting(random);
            Source::draw(random, victim.country, 0, operator)
        }
        _ => home_proxy(random, victim.country, None),
    };
    (source, Agent::popular(random, day))
}

fn from_the_city(random: &mut Random, victim: &Person, day: f64) -> (Source, Agent) {
    let source = match random.fraction() {
        chance if chance < 0.60 => home_proxy(random, victim.country, Some(victim.city)),
        chance if chance < 0.80 => {
            let operator = Operator::mobile(random);
            Source::draw(random, victim.country, victim.city, operator)
        }
        _ => {
            let operator = Operator::private_network(random);
            Source::draw(random, victim.country, 0, operator)
        }
    };
    let device = victim.main_device();
    let agent = if random.chance(0.8) {
        Agent::popular_like(random, device.platform, device.browser, day)
    } else {
        Agent::popular(random, day)
    };
    (source, agent)
}

/// A home whose line is rented out, in this city or in any of the country.
fn home_proxy(random: &mut Random, number: usize, city: Option<usize>) -> Source {
    let city = city.unwrap_or_else(|| random.zipf(country(number).places.len()));
    let operator = Operator::fixed(random);
    Source::draw(random, number, city, operator).as_proxy(random)
}

/// The day of the simulation, which began at `first`; both in milliseconds.
pub(super) fn day(time: i64, first: i64) -> f64 {
    days(time - first)
}
