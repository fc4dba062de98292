use std::fmt;

use super::Nats;

/// What a signal looks at; each kind says how much its signals may weigh at most.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Kind {
    /// Speed between the last place and this one: 0 to 5 nats.
    Travel,
    /// Address, prefix, autonomous system, country against those known: -4 to 6 nats.
    Network,
    /// User agent, browser, operating system, kind of device against those known: -3 to 5 nats.
    Software,
    /// Fields of the device beside those of the most similar known one: -3 to 5 nats.
    Device,
    /// Hour of the week: -1.5 to 3 nats.
    Season,
    /// Events in a window: -0.7 to 6 nats.
    Rate,
    /// An amount, such as bytes or seconds: -0.7 to 5 nats.
    Level,
    /// Distinct targets or users of one source: -0.7 to 6 nats.
    Fanout,
    /// One value that was or was not seen before, such as an action, a target, a service: -2 to 4 nats.
    Rarity,
    /// An action after the one before: -0.7 to 4 nats.
    Sequence,
    /// What the entity does beside what its peers do: -0.7 to 3 nats.
    Peer,
}

/// Signals that tend to be wrong together: of one group the strongest counts in full, the others in part.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Group {
    /// Where it comes from: [`Kind::Travel`], [`Kind::Network`].
    Network,
    /// With what: [`Kind::Software`], [`Kind::Device`].
    Device,
    /// When: [`Kind::Season`].
    Time,
    /// How much: [`Kind::Rate`], [`Kind::Level`], [`Kind::Fanout`].
    Rate,
    /// What is done: [`Kind::Rarity`], [`Kind::Sequence`], [`Kind::Peer`].
    Sequence,
}

impl Kind {
    /// All kinds, in the order in which they are explained.
    pub const ALL: [Kind; 11] = [
        Kind::Travel,
        Kind::Network,
        Kind::Software,
        Kind::Device,
        Kind::Season,
        Kind::Rate,
        Kind::Level,
        Kind::Fanout,
        Kind::Rarity,
        Kind::Sequence,
        Kind::Peer,
    ];

    /// The least and the most that a signal of this kind may weigh.
    ///
    /// Upwards a cap is `-ln` of how often the aspect misleads for reasons that no model of the entity knows of (a
    /// wrong place in a database, a new telephone, a holiday): 5 nats are one in 150. Downwards it is what an
    /// attacker who took trouble could have imitated.
    pub const fn caps(self) -> (Nats, Nats) {
        let (least, most) = match self {
            Kind::Travel => (0.0, 5.0),
            Kind::Network => (-4.0, 6.0),
            Kind::Software | Kind::Device => (-3.0, 5.0),
            Kind::Season => (-1.5, 3.0),
            Kind::Rate | Kind::Fanout => (-0.7, 6.0),
            Kind::Level => (-0.7, 5.0),
            Kind::Rarity => (-2.0, 4.0),
            Kind::Sequence => (-0.7, 4.0),
            Kind::Peer => (-0.7, 3.0),
        };
        (Nats::new(least), Nats::new(most))
    }

    /// The group it belongs to.
    pub const fn group(self) -> Group {
        match self {
            Kind::Travel | Kind::Network => Group::Network,
            Kind::Software | Kind::Device => Group::Device,
            Kind::Season => Group::Time,
            Kind::Rate | Kind::Level | Kind::Fanout => Group::Rate,
            Kind::Rarity | Kind::Sequence | Kind::Peer => Group::Sequence,
        }
    }

    /// Its name, in lower case: stable, for findings and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Travel => "travel",
            Kind::Network => "network",
            Kind::Software => "software",
            Kind::Device => "device",
            Kind::Season => "season",
            Kind::Rate => "rate",
            Kind::Level => "level",
            Kind::Fanout => "fanout",
            Kind::Rarity => "rarity",
            Kind::Sequence => "sequence",
            Kind::Peer => "peer",
        }
    }
}

impl Group {
    /// All groups.
    pub const ALL: [Group; 5] = [Group::Network, Group::Device, Group::Time, Group::Rate, Group::Sequence];

    /// Its name, in lower case: stable, for findings and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Network => "network",
            Group::Device => "device",
            Group::Time => "time",
            Group::Rate => "rate",
            Group::Sequence => "sequence",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_whole_and_in_order() {
        assert!(Kind::ALL.iter().enumerate().all(|(index, kind)| *kind as usize == index));
        assert!(Group::ALL.iter().enumerate().all(|(index, group)| *group as usize == index));
        for group in Group::ALL {
            assert!(Kind::ALL.iter().any(|kind| kind.group() == group), "{group} has no kind");
        }
    }

    #[test]
    fn every_kind_may_be_silent() {
        assert!(Kind::ALL.iter().all(|kind| kind.caps().0 <= Nats::ZERO && kind.caps().1 > Nats::ZERO));
    }
}
