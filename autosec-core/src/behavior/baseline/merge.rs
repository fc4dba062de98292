use super::ageing::Ageing;
use super::record::Baseline;
use crate::behavior::Feature;

impl Baseline {
    /// Adds what another baseline of the same entity, hashed with the same seed and ageing alike, has learned.
    ///
    /// Both are brought to the later time, then masses add. The result does not depend on which side is merged into which,
    /// nor, if no value had to give way, on how three or more are grouped, but for rounding: a 16th of an event for
    /// each value, merge and half-life that lies between them. Learning in two places and merging differs from learning in
    /// one only in what events near each other say of both: routes and steps across the two, and the daily cap, which
    /// each place applied by itself.
    ///
    /// ```
    /// use autosec_core::behavior::{Ageing, Baseline};
    ///
    /// let mut one = Baseline::default();
    /// one.merge(&Baseline::default(), &Ageing::default());
    /// assert!(one.is_empty());
    /// ```
    pub fn merge(&mut self, other: &Baseline, ageing: &Ageing) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = other.clone();
            return;
        }
        let newest = self.newest.max(other.newest);
        let mut other = other.clone();
        other.advance(newest, ageing);
        self.advance(newest, ageing);
        self.first = self.first.min(other.first);
        self.learned = self.learned.saturating_add(other.learned);
        self.entries.unite(&other.entries);
        for (mine, theirs) in self.rest.iter_mut().zip(other.rest) {
            *mine = mine.saturating_add(theirs);
        }
        for feature in Feature::ALL {
            self.lighten(feature);
            self.make_room(feature);
        }
        self.place = self.place.max(other.place);
        self.action = match (self.action, other.action) {
            (Some(mine), Some(theirs)) => {
                Some(if (theirs.1, theirs.0) > (mine.1, mine.0) { theirs } else { mine })
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.successes.unite(&other.successes, ageing);
        self.failures.unite(&other.failures, ageing);
        self.level = self.level.merge(other.level);
        self.surprise = self.surprise.merge(other.surprise);
        self.amounts = self.amounts.max(other.amounts);
        self.steps = self.steps.max(other.steps);
        self.doubts.unite(&other.doubts);
    }
}
