//! Networks, the addresses they give, and what a database of places knows of these.
//!
//! The map is the same for every seed: who is where on it is not. Autonomous systems are numbered in the range for
//! private use; addresses are from 16.0.0.0/4 and mean nobody.

use std::net::Ipv4Addr;

use super::chance::fixed_fraction;
use super::place::{Country, Place, country, place};
use crate::random::Random;

/// Who gives addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operator {
    /// A provider of homes, offices and hotels, 0..4.
    Fixed(u8),
    /// A provider of phones, 0..3, whose addresses are shared by all of them.
    Mobile(u8),
    /// A hoster, 0..8; the first four sell private networks to everybody.
    Hosting(u8),
}

/// Share of each operator among the customers of its kind, the same in each country.
const FIXED: [(u8, f64); 4] = [(0, 0.40), (1, 0.30), (2, 0.18), (3, 0.12)];
const MOBILE: [(u8, f64); 3] = [(0, 0.48), (1, 0.32), (2, 0.20)];
const HOSTING: [(u8, f64); 8] =
    [(0, 0.25), (1, 0.20), (2, 0.15), (3, 0.10), (4, 0.10), (5, 0.08), (6, 0.07), (7, 0.05)];

/// Days that a home keeps its address on average, by operator: some give a new one each day or so, some hardly ever.
const LEASE: [f64; 4] = [300.0, 120.0, 40.0, 5.0];

/// Addresses of a phone operator's gateway.
const MOBILE_ADDRESSES: usize = 512;

/// How many hosting networks are known as such (the prefix decides), and how many homes are wrongly or rightly listed
/// as those of a proxy. Both are assumed.
const HOSTING_KNOWN: f64 = 0.85;
const HOME_LISTED: f64 = 0.003;

/// How many of the proxies in homes that attackers rent are listed: assumed.
const PROXY_KNOWN: f64 = 0.30;

/// How many of an operator's pools are placed in the right city: databases of places say 60 to 90 % for cities.
const CITY_RIGHT: f64 = 0.85;

/// An address, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    address: u32,
    pub(super) country: usize,
    pub(super) operator: Operator,
    /// Where the database has it.
    located: usize,
    /// Kilometres.
    pub(super) radius: f64,
    pub(super) anonymizer: Option<&'static str>,
}

impl Operator {
    pub(super) fn fixed(random: &mut Random) -> Self {
        Operator::Fixed(random.pick(&FIXED, 0))
    }

    pub(super) fn mobile(random: &mut Random) -> Self {
        Operator::Mobile(random.pick(&MOBILE, 0))
    }

    pub(super) fn hosting(random: &mut Random) -> Self {
        Operator::Hosting(random.pick(&HOSTING, 0))
    }

    /// One of those who sell private networks.
    pub(super) fn private_network(random: &mut Random) -> Self {
        Operator::Hosting(random.pick(HOSTING.get(..4).unwrap_or_default(), 0))
    }

    /// Days a home keeps its address on average.
    pub(super) fn lease(self) -> f64 {
        match self {
            Operator::Fixed(number) => LEASE.get(usize::from(number)).copied().unwrap_or(LEASE[0]),
            Operator::Mobile(_) | Operator::Hosting(_) => LEASE[0],
        }
    }

    /// A number below 16.
    fn number(self) -> u32 {
        match self {
            Operator::Fixed(number) => u32::from(number),
            Operator::Mobile(number) => 4 + u32::from(number),
            Operator::Hosting(number) => 7 + u32::from(number),
        }
    }
}

impl Source {
    /// An address that this operator gives in a city.
    pub(super) fn draw(random: &mut Random, country: usize, city: usize, operator: Operator) -> Self {
        let part = random.below(match operator {
            Operator::Fixed(_) => 3,
            Operator::Mobile(_) | Operator::Hosting(_) => 1,
        });
        // Phones reach the net through one of two gateways, wherever in the country they are.
        let city = match operator {
            Operator::Fixed(_) => city,
            Operator::Mobile(_) => random.below(2),
            Operator::Hosting(_) => 0,
        };
        let hosts = if matches!(operator, Operator::Mobile(_)) { MOBILE_ADDRESSES } else { 4_094 };
        let pool = pool(country, operator, city, part);
        let address = pool.wrapping_add(u32::try_from(1 + random.below(hosts)).unwrap_or(1));
        let (located, radius) = locate(pool, country, city, operator);
        let anonymizer = listed(address, operator);
        Self { address, country, operator, located, radius, anonymizer }
    }

    /// The same as if it were a home whose owner doesn't know that it serves others.
    pub(super) fn as_proxy(self, random: &mut Random) -> Self {
        Self { anonymizer: random.chance(PROXY_KNOWN).then_some("residential-proxy"), ..self }
    }

    pub(super) fn address(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.address)
    }

    pub(super) fn country(&self) -> &'static Country {
        country(self.country)
    }

    pub(super) fn place(&self) -> &'static Place {
        place(self.country, self.located)
    }

    /// The number of the autonomous system: hosters have one for all countries.
    pub(super) fn system(&self) -> i64 {
        match self.operator {
            Operator::Hosting(number) => 65_400 + i64::from(number),
            other => 64_512 + self.country as i64 * 8 + i64::from(other.number()),
        }
    }

    pub(super) fn organization(&self) -> String {
        let code = self.country().code;
        match self.operator {
            Operator::Fixed(number) => format!("Home {code} {number}"),
            Operator::Mobile(number) => format!("Phone {code} {number}"),
            Operator::Hosting(number) => format!("Hosting {number}"),
        }
    }
}

/// The first address of a pool of 4,096; neighbours in number are none in address.
fn pool(country: usize, operator: Operator, city: usize, part: usize) -> u32 {
    let number = |number: usize| u32::try_from(number).unwrap_or(0);
    let number = (number(country) * 16 + operator.number()) * 32 + number(city) * 4 + number(part);
    0x1000_0000 | (number.wrapping_mul(40_503) & 0xFFFF) << 12
}

/// The city in which a database has a pool, and how sure it is, in kilometres.
fn locate(pool: u32, number: usize, city: usize, operator: Operator) -> (usize, f64) {
    let chance = |purpose| fixed_fraction(u64::from(pool), purpose);
    let cities = country(number).places.len();
    let right = !matches!(operator, Operator::Fixed(_)) || chance(1) < CITY_RIGHT;
    let other = (0..cities).find(|other| (chance(2) * cities as f64) < *other as f64 + 1.0);
    let radii: [f64; 4] = match operator {
        Operator::Fixed(_) => [5.0, 10.0, 20.0, 50.0],
        Operator::Mobile(_) => [100.0, 100.0, 200.0, 500.0],
        Operator::Hosting(_) => [20.0, 50.0, 200.0, 1_000.0],
    };
    let radius = radii.into_iter().zip(1_u8..).find(|(_, place)| chance(3) * 4.0 < f64::from(*place));
    let city = if right { city } else { other.unwrap_or(city) };
    (city.min(cities.saturating_sub(1)), radius.map_or(1_000.0, |(radius, _)| radius))
}

/// What lists of anonymizers say of an address.
fn listed(address: u32, operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Hosting(number) => {
            let known = fixed_fraction(u64::from(address >> 8), 4) < HOSTING_KNOWN;
            known.then_some(if number < 4 { "vpn" } else { "hosting" })
        }
        Operator::Fixed(_) => {
            (fixed_fraction(u64::from(address), 5) < HOME_LISTED).then_some("residential-proxy")
        }
        Operator::Mobile(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::place::COUNTRIES;
    use super::*;

    #[test]
    fn pools_do_not_overlap() {
        let mut owners = HashMap::new();
        for (country, land) in COUNTRIES.iter().enumerate() {
            let operators = (0..4).map(Operator::Fixed).chain((0..3).map(Operator::Mobile));
            for operator in operators.chain((0..8).map(Operator::Hosting)) {
                for (city, part) in
                    (0..land.places.len()).flat_map(|city| (0..3).map(move |part| (city, part)))
                {
                    let owner = (country, operator.number(), city, part);
                    assert_eq!(owners.insert(pool(country, operator, city, part), owner), None);
                }
            }
        }
    }

    #[test]
    fn an_address_is_the_same_place_for_everybody() {
        let mut random = Random::new(1, 0);
        let mut seen = HashMap::new();
        for _ in 0..20_000 {
            let operators = [Operator::fixed(&mut random), Operator::mobile(&mut random)];
            let operator = operators[random.below(2)];
            let source = Source::draw(&mut random, 0, 2, operator);
            let facts = (source.located, source.radius.to_bits(), source.anonymizer);
            assert_eq!(*seen.entry(source.address).or_insert(facts), facts);
        }
    }

    #[test]
    fn most_hosting_is_known() {
        let mut random = Random::new(2, 0);
        let sources = (0..4_000).map(|n| {
            let operator = Operator::hosting(&mut random);
            Source::draw(&mut random, n % COUNTRIES.len(), 0, operator)
        });
        let known = sources.filter(|source| source.anonymizer.is_some()).count();
        assert!((3_200..3_600).contains(&known), "{known}");
    }
}
