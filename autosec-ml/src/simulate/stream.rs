use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::attacker::{Attacker, day};
use super::campaign::{Course, steady_disguise};
use super::habit::DAY;
use super::login::Login;
use super::person::Person;
use super::simulation::Simulation;
use crate::random::Random;

/// The attempts to log in of a [`Simulation`], one after the other.
#[derive(Clone, Debug)]
pub struct Logins {
    simulation: Simulation,
    persons: Vec<Person>,
    courses: Vec<Course>,
    /// Who does something next, and when: users by their number, campaigns after them.
    agenda: BinaryHeap<Reverse<(i64, u32)>>,
    now: i64,
    ends: i64,
}

/// Where the streams of chance of single attacks begin, beyond those of campaigns.
const ATTACKS: u64 = 1 << 44;

impl Logins {
    pub(super) fn new(simulation: Simulation) -> Self {
        let Simulation { seed, users, first, days, .. } = simulation;
        let persons = (0..users).map(|number| Person::draw(seed, number, users, first)).collect();
        let campaigns = simulation.campaigns.iter().zip(0..);
        let courses =
            campaigns.map(|(campaign, number)| Course::new(*campaign, seed, number, first)).collect();
        let ends = first + i64::from(days) * DAY;
        let mut logins = Self { simulation, persons, courses, agenda: BinaryHeap::new(), now: first, ends };
        let firsts: Vec<_> =
            logins.persons.iter_mut().zip(0..).map(|(person, number)| (person.next(first), number)).collect();
        firsts.into_iter().for_each(|(time, number)| logins.plan(time, number));
        let firsts: Vec<_> = logins
            .courses
            .iter_mut()
            .zip(users..)
            .map(|(course, number)| (course.next(None), number))
            .collect();
        firsts.into_iter().for_each(|(time, number)| {
            if let Some(time) = time {
                logins.plan(time, number);
            }
        });
        logins
    }

    /// What it looks like if `attacker` logs in as this user now or within a day, and succeeds; attacks of other numbers
    /// look different, but those of [`Attacker::Poisoning`], who always looks the same. None if there is no such user.
    ///
    /// The attack is no part of the stream and changes nothing in it. The victim is as of the login that the
    /// iterator gave last.
    pub fn attack(&self, attacker: Attacker, user: u32, number: u64) -> Option<Login> {
        let victim = self.persons.get(usize::try_from(user).ok()?)?;
        let Simulation { seed, users, first, .. } = self.simulation;
        let stream = number.wrapping_mul(u64::from(users)).wrapping_add(u64::from(user));
        let mut random =
            Random::new(seed ^ ATTACKS.rotate_left(attacker as u32), ATTACKS.wrapping_add(stream));
        let millis = attacker.moment(&mut random, victim, self.now);
        let (source, agent) = match attacker {
            Attacker::Poisoning => steady_disguise(seed, user, victim, day(millis, first)),
            _ => attacker.disguise(&mut random, victim, day(millis, first)),
        };
        let (group, attacker) = (victim.group(), Some(attacker));
        Some(Login { millis, user, group, source, agent, succeeded: true, attacker })
    }

    fn plan(&mut self, time: i64, number: u32) {
        if time < self.ends {
            self.agenda.push(Reverse((time, number)));
        }
    }

    fn honest(&mut self, user: u32) -> Option<Login> {
        let time = self.now;
        let person = self.persons.get_mut(usize::try_from(user).ok()?)?;
        let (source, agent, again) = person.attempt(time);
        let next = again.unwrap_or_else(|| person.next(time));
        let login = Login {
            millis: time,
            user,
            group: person.group(),
            source,
            agent,
            succeeded: again.is_none(),
            attacker: None,
        };
        self.plan(next, user);
        Some(login)
    }

    fn hostile(&mut self, number: u32) -> Option<Login> {
        let (time, users) = (self.now, self.simulation.users);
        let course = self.courses.get_mut(usize::try_from(number - users).ok()?)?;
        let user = course.victim(users);
        let template = self.persons.get(usize::try_from(user % users).ok()?)?;
        let login = course.attempt(time, user, user < users, template);
        if let Some(next) = course.next(Some(time)) {
            self.plan(next, number);
        }
        Some(login)
    }
}

impl Iterator for Logins {
    type Item = Login;

    fn next(&mut self) -> Option<Login> {
        let Reverse((time, number)) = self.agenda.pop()?;
        self.now = time;
        if number < self.simulation.users { self.honest(number) } else { self.hostile(number) }
    }
}
