use super::super::Feature;
use super::super::baseline::spread;

/// Everyone, or one group of peers: part of each key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::behavior) struct Circle(pub(in crate::behavior) u64);

impl Circle {
    /// All that are known.
    pub(in crate::behavior) const EVERYONE: Circle = Circle(0);
}

/// Where a feature is counted in a circle.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    circle: Circle,
    place: u64,
}

impl Keys {
    pub(super) fn of(circle: Circle, feature: Feature) -> Self {
        Self { circle, place: (feature.index() as u64) << 2 }
    }

    /// Events with a value.
    pub(super) fn value(self, hash: u64) -> u64 {
        self.key(1, hash)
    }

    /// Events with any value.
    pub(super) fn total(self) -> u64 {
        self.key(2, 0)
    }

    /// Different values.
    pub(super) fn distinct(self) -> u64 {
        self.key(3, 0)
    }

    fn key(self, kind: u64, hash: u64) -> u64 {
        spread(hash ^ spread(self.circle.0 ^ spread(self.place | kind)))
    }
}
