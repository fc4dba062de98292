//! One user: home, work, devices, and what changes about them.

use super::agent::{Agent, Browser, Device, Platform};
use super::habit::{DAY, Habit, days, is_working_hour, millis};
use super::network::{Operator, Source};
use super::place::{COUNTRIES, Country, country, place};
use crate::random::Random;

/// How many users work for a firm that is known as their group, and how many of these have an office.
const EMPLOYED: f64 = 0.45;
/// Users of a firm on average.
const FIRM: usize = 25;
/// How many use a private network at all, and how often these do.
const PRIVATE: f64 = 0.04;
const PRIVATE_USE: f64 = 0.3;
/// Mean days between moves, between journeys, and until a device is replaced.
const MOVE: f64 = 3_000.0;
const JOURNEY: f64 = 110.0;
const REPLACE: f64 = 1_000.0;
/// How often people log in while away, beside at home.
const AWAY_SHARE: f64 = 0.5;
/// The streams of chance below this number belong to users.
const FIRMS: u64 = 1 << 40;

/// A user as of the latest login.
#[derive(Clone, Debug)]
pub(super) struct Person {
    random: Random,
    /// The first moment of the simulation, in milliseconds.
    first: i64,
    habit: Habit,
    pub(super) country: usize,
    pub(super) city: usize,
    pub(super) fixed: Operator,
    mobile: Operator,
    home: Source,
    lease_ends: i64,
    firm: Option<Firm>,
    /// The first one is used most.
    devices: [Device; 2],
    replaced: i64,
    private: f64,
    moves: i64,
    journey: Journey,
    /// Attempts that fail before the one that succeeds, of the login under way.
    failures: u8,
    /// What the latest login came from.
    pub(super) latest: (Source, Agent),
}

/// An employer: the same for all who work there.
#[derive(Clone, Copy, Debug)]
struct Firm {
    number: u16,
    country: usize,
    city: usize,
    office: Source,
    computer: Device,
}

#[derive(Clone, Copy, Debug)]
struct Journey {
    begins: i64,
    ends: i64,
    country: usize,
    city: usize,
    lodging: Source,
}

impl Person {
    /// User `number` of so many, at the first moment (in milliseconds).
    pub(super) fn draw(seed: u64, number: u32, users: u32, time: i64) -> Self {
        let mut random = Random::new(seed, u64::from(number));
        let firm = random.chance(EMPLOYED).then(|| Firm::draw(seed, &mut random, users));
        let (country, city) = match firm {
            Some(firm) if random.chance(0.85) => (firm.country, firm.city),
            _ => somewhere(&mut random),
        };
        let (fixed, mobile) = (Operator::fixed(&mut random), Operator::mobile(&mut random));
        let home = Source::draw(&mut random, country, city, fixed);
        let first = Platform::draw(&mut random);
        let second =
            if first.is_mobile() { Platform::desk(&mut random) } else { Platform::pocket(&mut random) };
        let devices = [first, second].map(|platform| {
            let age = random.exponential(400.0);
            Device::draw(&mut random, platform, days(-millis(age)))
        });
        let agent = devices.first().map_or_else(|| Agent::script(&mut random), |device| device.agent(0.0));
        let habit = Habit::draw(&mut random, firm.is_some());
        let journey = Journey { begins: 0, ends: time, country, city, lodging: home };
        let mut person = Self {
            first: time,
            habit,
            country,
            city,
            fixed,
            mobile,
            home,
            lease_ends: time,
            firm,
            devices,
            replaced: time,
            private: if random.chance(PRIVATE) { PRIVATE_USE } else { 0.0 },
            moves: time + millis(random.exponential(MOVE)),
            journey,
            failures: 0,
            latest: (home, agent),
            random,
        };
        person.lease_ends = time + millis(person.random.exponential(fixed.lease()));
        person.replaced = time + millis(person.random.exponential(REPLACE / 2.0));
        person.plan_journey(time);
        person
    }

    /// The number of the group, if the user is in one.
    pub(super) fn group(&self) -> Option<u16> {
        self.firm.map(|firm| firm.number)
    }

    pub(super) fn main_device(&self) -> Device {
        self.devices[0]
    }

    /// When this person logs in next, after `time`.
    pub(super) fn next(&mut self, time: i64) -> i64 {
        let share = if self.is_away(time) { AWAY_SHARE } else { 1.0 };
        let offset = self.offset(time);
        self.habit.next(&mut self.random, time, offset, share)
    }

    /// A time within a day of `time` at which this person might log in.
    pub(super) fn plausible_time(&self, random: &mut Random, time: i64) -> i64 {
        self.habit.within_a_day(random, time, self.offset(time))
    }

    /// An attempt to log in: where from, with what, and whether it succeeds. What fails is tried again at the time that
    /// comes with it.
    pub(super) fn attempt(&mut self, time: i64) -> (Source, Agent, Option<i64>) {
        let (source, agent) = match self.failures {
            0 => {
                self.live(time);
                self.failures = self.mistakes();
                self.begin(time)
            }
            _ => {
                self.failures -= 1;
                self.latest
            }
        };
        self.latest = (source, agent);
        // A login that begins with failures is begun by the first of them.
        let again =
            (self.failures > 0).then(|| time + 4_000 + millis(self.random.exponential(15.0 / 86_400.0)));
        (source, agent, again)
    }

    /// How often a password is mistyped before it is right: assumed.
    fn mistakes(&mut self) -> u8 {
        if !self.random.chance(0.09) {
            return 0;
        }
        let more = (0..3).take_while(|_| self.random.chance(0.4)).count();
        1 + u8::try_from(more).unwrap_or(0)
    }

    /// Lets what is due by `time` happen.
    fn live(&mut self, time: i64) {
        if self.moves <= time {
            self.moves = time + millis(self.random.exponential(MOVE));
            self.city = self.random.zipf(country(self.country).places.len());
            self.fixed = Operator::fixed(&mut self.random);
            self.lease_ends = time;
        }
        if self.lease_ends <= time {
            self.lease_ends = time + millis(self.random.exponential(self.fixed.lease()));
            self.home = Source::draw(&mut self.random, self.country, self.city, self.fixed);
        }
        if self.replaced <= time {
            self.replaced = time + millis(self.random.exponential(REPLACE / 2.0));
            let which = self.random.below(self.devices.len());
            self.replace(which, time);
        }
        if self.journey.ends <= time {
            self.plan_journey(time);
        }
    }

    fn replace(&mut self, which: usize, time: i64) {
        let random = &mut self.random;
        if let Some(device) = self.devices.get_mut(which) {
            let mobile = device.platform.is_mobile();
            let platform = match mobile {
                _ if random.chance(0.8) => device.platform,
                true => Platform::pocket(random),
                false => Platform::desk(random),
            };
            // New devices come with a current release.
            *device = Device::draw(random, platform, days(time - self.first));
        }
    }

    /// Journeys are within the country or, 2 in 5, to another one; how often, how long and where to is assumed.
    fn plan_journey(&mut self, time: i64) {
        let random = &mut self.random;
        let begins = time + millis(random.exponential(JOURNEY));
        let ends = begins + 2 * DAY + millis(random.exponential(4.0));
        let (country, city) = if random.chance(0.6) {
            (self.country, random.zipf(country(self.country).places.len()))
        } else {
            abroad(random)
        };
        let operator = Operator::fixed(random);
        let lodging = Source::draw(random, country, city, operator);
        self.journey = Journey { begins, ends, country, city, lodging };
    }

    fn is_away(&self, time: i64) -> bool {
        (self.journey.begins..self.journey.ends).contains(&time)
    }

    /// How far the local time is ahead, in milliseconds.
    fn offset(&self, time: i64) -> i64 {
        let there = if self.is_away(time) {
            place(self.journey.country, self.journey.city)
        } else {
            place(self.country, self.city)
        };
        there.offset * 60_000
    }

    fn begin(&mut self, time: i64) -> (Source, Agent) {
        let working = is_working_hour(time + self.offset(time)) && !self.is_away(time);
        let device = self.device(working);
        let source = self.network(device, working, time);
        (source, device.agent(days(time - self.first)))
    }

    fn device(&mut self, working: bool) -> Device {
        match self.firm {
            Some(firm) if working && self.random.chance(0.75) => firm.computer,
            _ if self.random.chance(0.15) => self.devices[1],
            _ => self.devices[0],
        }
    }

    /// Where a device is in the net. The shares are assumed.
    fn network(&mut self, device: Device, working: bool, time: i64) -> Source {
        let away = self.is_away(time);
        let random = &mut self.random;
        if random.chance(self.private) {
            let country = if random.chance(0.7) { self.country } else { abroad(random).0 };
            let operator = Operator::private_network(random);
            return Source::draw(random, country, 0, operator);
        }
        let mobile = device.platform.is_mobile();
        let cellular = if mobile { 0.2 } else { 0.02 };
        // Phones abroad reach the net through their operator at home.
        if random.chance(cellular) {
            return Source::draw(random, self.country, self.city, self.mobile);
        }
        match self.firm {
            _ if away => self.journey.lodging,
            Some(firm) if working && random.chance(0.75) => firm.office,
            _ if random.chance(0.03) => {
                // A friend's, a café's.
                let operator = Operator::fixed(random);
                Source::draw(random, self.country, self.city, operator)
            }
            _ => self.home,
        }
    }
}

impl Firm {
    /// One of the firms of so many users; a few are large.
    fn draw(seed: u64, chooser: &mut Random, users: u32) -> Self {
        let firms = (users as usize / FIRM).clamp(1, 4_000);
        // The smaller of two draws makes the first firms the largest.
        let number = chooser.below(firms).min(chooser.below(firms));
        let mut random = Random::new(seed, FIRMS + number as u64);
        let (country, city) = somewhere(&mut random);
        let operator = Operator::fixed(&mut random);
        let office = Source::draw(&mut random, country, city, operator);
        let windows = random.chance(0.8);
        let platform = if windows { Platform::Windows } else { Platform::Mac };
        let browser = if windows && random.chance(0.5) { Browser::Edge } else { Browser::Chrome };
        // All computers of a firm are updated together.
        let computer = Device::with_browser(&mut random, platform, browser, -300.0);
        Self { number: u16::try_from(number).unwrap_or(0), country, city, office, computer }
    }
}

/// A country where users live, and one of its cities, larger ones more often.
fn somewhere(random: &mut Random) -> (usize, usize) {
    city_of(random, |country| country.market)
}

/// A country that people travel to.
fn abroad(random: &mut Random) -> (usize, usize) {
    city_of(random, |country| country.visits)
}

fn city_of(random: &mut Random, share: fn(&Country) -> f64) -> (usize, usize) {
    let country_number = random.weighted(COUNTRIES.iter().map(share));
    (country_number, random.zipf(country(country_number).places.len()))
}
