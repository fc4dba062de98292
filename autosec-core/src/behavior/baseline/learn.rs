use super::ageing::Ageing;
use super::entry::Entry;
use super::place::{Place, spread};
use super::record::Baseline;
use super::tally::units;
use crate::behavior::Feature;

/// What an event teaches.
#[derive(Clone, Copy, Debug)]
pub(in crate::behavior) struct Lesson<'v> {
    /// When it happened.
    pub(in crate::behavior) second: u32,
    /// The hash of the value of each feature, by position; what baselines make themselves is left out.
    pub(in crate::behavior) values: &'v [Option<u64>; Feature::ALL.len()],
    /// Where it happened.
    pub(in crate::behavior) place: Option<Place>,
    /// What it moved.
    pub(in crate::behavior) amount: Option<f64>,
    /// The chance of its step from the action before.
    pub(in crate::behavior) step: Option<f64>,
    /// How much of an event it counts as: 0 to 1.
    pub(in crate::behavior) weight: f64,
    /// It counts at once: whoever did it has proved who they are.
    pub(in crate::behavior) proved: bool,
    /// The most events' mass that a value may gain in one stretch of quarantine whatever its share.
    pub(in crate::behavior) floor: f64,
    /// The most mass that a value may gain in one stretch of quarantine, as a share of its feature's.
    pub(in crate::behavior) share: f64,
}

impl Baseline {
    /// Learns from an event that succeeded.
    pub(in crate::behavior) fn learn(&mut self, lesson: &Lesson<'_>, ageing: &Ageing) {
        self.meet(lesson.second);
        self.advance(lesson.second, ageing);
        self.learned = self.learned.saturating_add(1);
        let (route, step) = (self.route(lesson.place.as_ref()), self.step(lesson));
        for (feature, value) in Feature::ALL.into_iter().zip(lesson.values) {
            let value = match feature {
                Feature::Route => route,
                Feature::Step => step,
                _ => *value,
            };
            if let Some(value) = value {
                self.gain(feature, kept(feature, value), lesson, ageing);
            }
        }
        if let Some(amount) = lesson.amount {
            self.level.observe(amount);
        }
        if let Some(chance) = lesson.step {
            self.surprise.observe(chance);
        }
        self.be_at(lesson);
    }

    /// Notes that something succeeded.
    pub(in crate::behavior) fn succeeded(&mut self, second: u32, ageing: &Ageing) {
        self.meet(second);
        self.successes.add(second, ageing);
    }

    /// Notes that something failed.
    pub(in crate::behavior) fn failed(&mut self, second: u32, ageing: &Ageing) {
        self.meet(second);
        self.failures.add(second, ageing);
    }

    /// Notes that it existed at a time.
    fn meet(&mut self, second: u32) {
        self.first = if self.is_empty() { second } else { self.first.min(second) };
        if self.learned == 0 {
            self.newest = second;
        }
    }

    /// The route from where somebody last was, if that is somewhere else.
    pub(in crate::behavior) fn route(&self, place: Option<&Place>) -> Option<u64> {
        self.place.as_ref().and_then(|last| last.route(place?))
    }

    /// The step from the last action to this one.
    fn step(&self, lesson: &Lesson<'_>) -> Option<u64> {
        let action = lesson.values.get(Feature::Action.index()).copied().flatten()?;
        Some(self.step_to(action)?.1)
    }

    /// The values of all steps from the last action, and of the one from it to `action`.
    pub(in crate::behavior) fn step_to(&self, action: u64) -> Option<(u64, u64)> {
        let from = u64::from(self.action?.0) << 32;
        Some((spread(from | 0xffff_ffff), spread(from | u64::from(kept(Feature::Action, action)))))
    }

    fn be_at(&mut self, lesson: &Lesson<'_>) {
        if let Some(place) = lesson.place {
            let here = Place { at: lesson.second, ..place };
            self.place = Some(self.place.map_or(here, |last| last.max(here)));
        }
        let action = lesson.values.get(Feature::Action.index()).copied().flatten();
        if let Some(action) = action.map(|action| (kept(Feature::Action, action), lesson.second)) {
            self.action = Some(self.action.filter(|(_, at)| *at > lesson.second).unwrap_or(action));
        }
    }

    fn gain(&mut self, feature: Feature, value: u32, lesson: &Lesson<'_>, ageing: &Ageing) {
        let (event, kept) = (ageing.phase(lesson.second), ageing.phase(self.newest));
        let late = kept.epoch - event.epoch;
        let events = lesson.weight * event.growth / libm::exp2(f64::from(late));
        let cap = self.cap(feature, lesson, event.growth);
        let stretch = ageing.stretch(self.newest) - ageing.stretch(lesson.second);
        let Some(entry) = self.entry(feature, value) else { return };
        entry.repeated |= entry.mass() > 0;
        let waits = if lesson.proved { None } else { entry.fresh.get_mut(stretch as usize) };
        match waits {
            Some(waiting) => *waiting = (*waiting + units(events)).min(cap.max(*waiting)),
            None => entry.settled = entry.settled.saturating_add(units(events)),
        }
        let heavy = entry.is_too_heavy();
        if entry.mass() == 0 {
            self.tidy();
        }
        if heavy {
            self.lighten(feature);
        }
        self.make_room(feature);
    }

    /// The most that a value's part in quarantine may weigh.
    fn cap(&self, feature: Feature, lesson: &Lesson<'_>, growth: f64) -> u32 {
        let all = self.of(feature).iter().fold(0.0, |sum, entry| sum + f64::from(entry.settled));
        let whole = all + f64::from(self.rest.get(feature.index()).copied().unwrap_or(0));
        units(lesson.floor * growth).max(units(lesson.share * whole / super::UNIT))
    }

    fn entry(&mut self, feature: Feature, value: u32) -> Option<&mut Entry> {
        let fresh = Entry::new(feature, value);
        let position = match self.entries.binary_search_by_key(&fresh.key(), Entry::key) {
            Ok(position) => position,
            Err(position) => {
                self.entries.insert(position, fresh);
                position
            }
        };
        self.entries.get_mut(position)
    }
}

/// What a baseline keeps of a value's hash.
#[expect(clippy::cast_possible_truncation, reason = "at most three bytes are left")]
pub(in crate::behavior) fn kept(feature: Feature, hash: u64) -> u32 {
    match feature {
        Feature::Hour => (hash % 168) as u32,
        Feature::Cover => (hash & 1) as u32,
        _ => (hash >> (64 - 8 * feature.width())) as u32,
    }
}
