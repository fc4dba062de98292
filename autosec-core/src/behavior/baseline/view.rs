use super::ageing::{Ageing, UNIT};
use super::entry::Entry;
use super::learn::kept;
use super::place::Place;
use super::record::Baseline;
use super::tally::Rate;
use crate::behavior::Feature;
use crate::behavior::signal::{Level, Surprise};

/// So many events of a baseline are hardly anything.
const HARDLY: f64 = 2.0;

/// How often one value of a feature was seen, beside all of its values; in events, as of a point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::behavior) struct Counts {
    /// Events with the value.
    pub(in crate::behavior) value: f64,
    /// Events with any value of the feature.
    pub(in crate::behavior) total: f64,
    /// How many values there are.
    pub(in crate::behavior) distinct: f64,
    /// How many of them were seen once.
    pub(in crate::behavior) singles: f64,
}

/// A baseline as it is seen at a point in time.
#[derive(Clone, Copy, Debug)]
pub(in crate::behavior) struct View<'b> {
    baseline: &'b Baseline,
    ageing: &'b Ageing,
    now: u32,
    /// Events for a unit of mass.
    scale: f64,
    /// How much of the mass in quarantine counts.
    waiting: f64,
}

impl Baseline {
    /// How it looks at `now`, to which it was advanced. Of what waits in quarantine the share `waiting` counts; all of it
    /// while hardly anything has settled, because there is nothing yet that could be poisoned.
    pub(in crate::behavior) fn view<'b>(&'b self, now: u32, ageing: &'b Ageing, waiting: f64) -> View<'b> {
        let now = now.max(self.newest);
        let scale = 1.0 / (UNIT * ageing.phase(now).growth);
        let settled = self.of(Feature::Hour).iter().fold(0.0, |sum, entry| sum + f64::from(entry.settled));
        let waiting = if settled * scale < HARDLY { 1.0 } else { waiting };
        View { baseline: self, ageing, now, scale, waiting }
    }
}

impl<'b> View<'b> {
    /// How many events it rests on, faded.
    pub(in crate::behavior) fn history(&self) -> f64 {
        self.of(Feature::Hour).iter().fold(0.0, |sum, entry| sum + self.events(entry))
    }

    /// How much it moves at a time.
    pub(in crate::behavior) fn level(&self) -> Level {
        self.baseline.level
    }

    /// How surprising its steps usually are.
    pub(in crate::behavior) fn surprise(&self) -> Surprise {
        self.baseline.surprise
    }

    /// The values of all steps from the last action, and of the one from it to `action`.
    pub(in crate::behavior) fn step_to(&self, action: u64) -> Option<(u64, u64)> {
        self.baseline.step_to(action)
    }

    /// How often it did what it did last.
    pub(in crate::behavior) fn actions_before(&self) -> f64 {
        let Some((action, _)) = self.baseline.action else { return 0.0 };
        let entries = self.of(Feature::Action).iter();
        entries.filter(|entry| entry.value == action).fold(0.0, |sum, entry| sum + self.events(entry))
    }

    /// How often the value with this hash was seen.
    pub(in crate::behavior) fn counts(&self, feature: Feature, hash: u64) -> Counts {
        let value = kept(feature, hash);
        let rest = self.scale * f64::from(self.baseline.rest.get(feature.index()).copied().unwrap_or(0));
        // What gave way was light: it is taken for values that were seen once.
        let mut counts = Counts { value: 0.0, total: rest, distinct: rest, singles: rest };
        for entry in self.of(feature) {
            let events = self.events(entry);
            if events <= 0.0 {
                continue;
            }
            if entry.value == value {
                counts.value = events;
            }
            counts.total += events;
            counts.distinct += 1.0;
            counts.singles += if entry.repeated { 0.0 } else { 1.0 };
        }
        counts
    }

    /// The hours of the week and how many events each had.
    pub(in crate::behavior) fn hours(&self) -> impl Iterator<Item = (u8, f64)> {
        let hours = self.of(Feature::Hour).iter();
        hours.map(|entry| (u8::try_from(entry.value).unwrap_or(0), self.events(entry)))
    }

    /// Where it was last.
    pub(in crate::behavior) fn place(&self) -> Option<&'b Place> {
        self.baseline.place.as_ref()
    }

    /// How often it succeeds, an hour.
    pub(in crate::behavior) fn successes(&self) -> Rate {
        self.baseline.successes.rate(self.now, self.ageing)
    }

    /// How often it fails, an hour.
    pub(in crate::behavior) fn failures(&self) -> Rate {
        self.baseline.failures.rate(self.now, self.ageing)
    }

    /// For how many hours it has been observed, in which old ones count less.
    pub(in crate::behavior) fn hours_observed(&self) -> f64 {
        self.ageing.exposure(self.baseline.first, self.now) / 3600.0
    }

    /// For how many seconds it has been known.
    pub(in crate::behavior) fn age(&self) -> u32 {
        self.now.saturating_sub(self.baseline.first)
    }

    fn of(&self, feature: Feature) -> &'b [Entry] {
        self.baseline.of(feature)
    }

    fn events(&self, entry: &Entry) -> f64 {
        let waiting = entry.fresh.iter().fold(0.0, |sum, part| sum + f64::from(*part));
        self.scale * (f64::from(entry.settled) + self.waiting * waiting)
    }
}
