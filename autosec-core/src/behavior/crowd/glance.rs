use super::super::Feature;
use super::key::{Circle, Keys};
use super::moment::Moment;
use super::table::{Crowd, Share};

/// How common each value of an event is among everyone.
#[derive(Clone, Copy, Debug)]
pub(in crate::behavior) struct Glance([Share; Feature::ALL.len()]);

impl Glance {
    /// Reads all values at once, so that the waits for memory overlap.
    pub(in crate::behavior) fn of(
        crowd: &Crowd,
        values: &[Option<u64>; Feature::ALL.len()],
        now: Moment,
    ) -> Self {
        let mut shares = [Share::default(); Feature::ALL.len()];
        let Some(now) = crowd.readable(now) else { return Self(shares) };
        for (share, (feature, value)) in shares.iter_mut().zip(Feature::ALL.into_iter().zip(values)) {
            if let Some(hash) = value {
                *share = crowd.read_share(Keys::of(Circle::EVERYONE, feature), *hash, now);
            }
        }
        Self(shares)
    }

    /// How common the event's value of a feature is; nothing if it has none.
    pub(in crate::behavior) fn share(&self, feature: Feature) -> Share {
        self.0.get(feature.index()).copied().unwrap_or_default()
    }
}
