use super::super::Feature;
use super::super::baseline::Gained;
use super::moment::Moment;
use super::table::{Crowd, Share, Spot};

/// Where everyone's counts of an event's values are: looked up once, to be read and then added to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::behavior) struct Glance([Option<Spot>; Feature::ALL.len()]);

/// How common each value of an event is among everyone.
#[derive(Clone, Copy, Debug)]
pub(in crate::behavior) struct Shares([Share; Feature::ALL.len()]);

impl Glance {
    /// Takes down where the counts of a feature's value are.
    pub(in crate::behavior) fn note(&mut self, feature: Feature, spot: Option<Spot>) {
        if let Some(noted) = self.0.get_mut(feature.index()) {
            *noted = spot;
        }
    }

    /// How common they are.
    pub(in crate::behavior) fn shares(&self, crowd: &Crowd, now: Moment) -> Shares {
        let mut shares = [Share::default(); Feature::ALL.len()];
        let Some(now) = crowd.readable(now) else { return Shares(shares) };
        for (share, (feature, spot)) in shares.iter_mut().zip(Feature::ALL.into_iter().zip(self.0)) {
            if let Some(spot) = spot {
                *share = crowd.share_at(spot, feature, now);
            }
        }
        Shares(shares)
    }

    /// Counts each that its baseline gained as so many events.
    pub(in crate::behavior) fn count(&self, crowd: &Crowd, gained: Gained, events: f64, now: Moment) {
        crowd.count_at(&self.0, gained, events, now);
    }
}

impl Shares {
    /// How common the event's value of a feature is; nothing if it has none.
    pub(in crate::behavior) fn of(&self, feature: Feature) -> Share {
        self.0.get(feature.index()).copied().unwrap_or_default()
    }
}
