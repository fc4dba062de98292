use std::fmt;
use std::time::Duration;

use crate::time::human;

/// Why a signal weighs what it weighs: the numbers, turned into words only when somebody reads them.
///
/// It holds no text of an event, so it costs no allocation and leaks nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Two places and the time between them.
    Travel {
        /// Kilometres between them beyond what the accuracy of either explains.
        km: f64,
        /// The time between the two events, whichever came first.
        within: Duration,
        /// Kilometres an hour.
        speed: f64,
        /// The pair of places, the network or the autonomous system makes the distance say less.
        damped: bool,
    },
    /// A value of a hierarchy, such as address, prefix, autonomous system, country.
    Rarity {
        /// The narrowest level that the entity was seen with, from 0; none if all of it is new.
        own: Option<u8>,
        /// The narrowest level that its peers were seen with.
        peers: Option<u8>,
        /// Times likelier for the entity than for everyone; below 1 it is rarer for it.
        ratio: f64,
        /// The chance that something about this entity is new at the narrowest level.
        novelty: f64,
    },
    /// The hour of the week.
    Season {
        /// Hour of the week, 0 is Monday 00:00 to 01:00.
        hour: u8,
        /// The chance of that hour for the entity.
        own: f64,
        /// The chance of that hour for somebody else.
        other: f64,
    },
    /// Events in one window.
    Rate {
        /// How many there were.
        observed: u64,
        /// How many are expected.
        expected: f64,
        /// The chance of so many or more.
        tail: f64,
    },
    /// An amount.
    Level {
        /// What was observed.
        observed: f64,
        /// The entity's median.
        median: f64,
        /// How far above it, in robust standard deviations of its logarithm.
        z: f64,
    },
    /// Fields of a device beside the most similar known one.
    Device {
        /// Fields that agree.
        agree: u8,
        /// Fields that differ.
        differ: u8,
        /// Fields that one of the two lacks.
        missing: u8,
    },
    /// Distinct targets or users of one source.
    Fanout {
        /// How many there were.
        distinct: u64,
        /// How many are expected.
        expected: f64,
        /// The chance of so many or more.
        tail: f64,
        /// What it looks like.
        shape: Shape,
    },
    /// An action after another.
    Sequence {
        /// The chance of the step.
        chance: f64,
        /// How far the surprise exceeds the entity's usual one, in its standard deviations.
        z: f64,
    },
    /// What the entity does beside its peers.
    Peer {
        /// The entity's value.
        own: f64,
        /// The median of its peers.
        peers: f64,
        /// How far above it, in robust standard deviations of their logarithm.
        z: f64,
    },
}

/// What failures over several users look like.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// Too few failures to tell.
    Unclear,
    /// Many users, few failures each: password spraying, or the stuffing of leaked credentials.
    Spray,
    /// Few users, many failures each: brute force.
    BruteForce,
    /// Many users and many failures each: brute force over a list of names.
    Both,
}

/// Who was seen with a value before.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Known {
    /// The entity itself.
    ToEntity,
    /// Not the entity, but somebody of its group.
    ToPeers,
    /// Neither.
    ToNeither,
}

impl Reason {
    /// Who was seen with the value before, if that is what the reason is about.
    pub const fn known(&self) -> Option<Known> {
        match self {
            Reason::Rarity { own: Some(_), .. } => Some(Known::ToEntity),
            Reason::Rarity { peers: Some(_), .. } => Some(Known::ToPeers),
            Reason::Rarity { .. } => Some(Known::ToNeither),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Reason::Travel { km, within, speed, damped } => {
                let (within, doubt) = (human::format(within), if damped { ", place doubtful" } else { "" });
                write!(f, "{km:.0} km in {within}, {speed:.0} km/h{doubt}")
            }
            Reason::Rarity { own, ratio, novelty, .. } => {
                let known = match self.known() {
                    Some(Known::ToEntity) if own == Some(0) => "known",
                    Some(Known::ToEntity) => "known in part",
                    Some(Known::ToPeers) => "new, known to peers",
                    _ => "new, unknown to peers",
                };
                write!(
                    f,
                    "{known}: {ratio:.2e} times as likely as for others, something new has {novelty:.2}"
                )
            }
            Reason::Season { hour, own, other } => {
                const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
                let day = DAYS.get(usize::from(hour / 24)).unwrap_or(&"?");
                let hour = hour % 24;
                write!(f, "{day} {hour:02}:00 has {own:.4} here, {other:.4} elsewhere")
            }
            Reason::Rate { observed, expected, tail } => {
                write!(f, "{observed} in the window, {expected:.1} expected (p = {tail:.1e})")
            }
            Reason::Level { observed, median, z } => {
                write!(f, "{observed:.0} beside a median of {median:.0}, {z:.1} deviations")
            }
            Reason::Device { agree, differ, missing } => {
                write!(f, "{agree} fields agree, {differ} differ, {missing} are missing")
            }
            Reason::Fanout { distinct, expected, tail, shape } => {
                write!(f, "{distinct} distinct, {expected:.1} expected (p = {tail:.1e}), {shape}")
            }
            Reason::Sequence { chance, z } => {
                write!(f, "a step of chance {chance:.4}, {z:.1} deviations above its usual surprise")
            }
            Reason::Peer { own, peers, z } => {
                write!(f, "{own:.1} beside {peers:.1} of its peers, {z:.1} deviations")
            }
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Unclear => "no clear shape",
            Shape::Spray => "password spraying or stuffing",
            Shape::BruteForce => "brute force",
            Shape::Both => "brute force over many users",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_numbers() {
        let travel =
            Reason::Travel { km: 4100.4, within: Duration::from_secs(1200), speed: 12301.0, damped: false };
        assert_eq!(travel.to_string(), "4100 km in 20m, 12301 km/h");
        let rarity = Reason::Rarity { own: None, peers: Some(2), ratio: 0.0123, novelty: 0.25 };
        assert_eq!(
            rarity.to_string(),
            "new, known to peers: 1.23e-2 times as likely as for others, something new has 0.25"
        );
        let season = Reason::Season { hour: 50, own: 0.00012, other: 0.006 };
        assert_eq!(season.to_string(), "Wed 02:00 has 0.0001 here, 0.0060 elsewhere");
        let fanout = Reason::Fanout { distinct: 40, expected: 1.5, tail: 1.2e-9, shape: Shape::Spray };
        assert_eq!(
            fanout.to_string(),
            "40 distinct, 1.5 expected (p = 1.2e-9), password spraying or stuffing"
        );
    }
}
