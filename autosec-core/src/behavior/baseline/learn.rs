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
    /// The newest time that is agreed on: about when it came; 0 if there is none.
    pub(in crate::behavior) arrival: u32,
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

/// Of which features a baseline's value gained anything: a bit for each.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::behavior) struct Gained(u16);

impl Gained {
    /// Whether the value of a feature did.
    #[inline]
    pub(in crate::behavior) fn has(self, feature: Feature) -> bool {
        self.0 >> feature.index() & 1 != 0
    }
}

/// How much earlier than what came before it an event may say that an entity was known: two days, in seconds.
const LATE: u32 = 2 * 86_400;

/// So many amounts, and steps, are observed in a stretch of quarantine: an eighth of what a level follows, so that a
/// flood within a day moves it by little.
const OBSERVED: u8 = 8;

/// What each value of a lesson gains.
struct Gain {
    mass: u32,
    /// The most that a value's part in quarantine may weigh, whatever its share.
    floor: u32,
}

impl Gain {
    fn of(lesson: &Lesson<'_>, newest: u32, ageing: &Ageing) -> Self {
        let kept = ageing.phase(newest);
        let event = if lesson.second == newest { kept } else { ageing.phase(lesson.second) };
        let late = match kept.epoch - event.epoch {
            0 => 1.0,
            half_lives => libm::exp2(f64::from(half_lives)),
        };
        Self { mass: units(lesson.weight * event.growth / late), floor: units(lesson.floor * kept.growth) }
    }
}

impl Baseline {
    /// Learns from an event that succeeded; of which features the value gained anything.
    pub(in crate::behavior) fn learn(&mut self, lesson: &Lesson<'_>, ageing: &Ageing) -> Gained {
        self.meet(lesson.second.max(lesson.arrival.saturating_sub(LATE)), lesson.second);
        self.advance(lesson.second, ageing);
        self.learned = self.learned.saturating_add(1);
        let (route, step) = (self.route(lesson.place.as_ref()), self.step(lesson));
        let gain = Gain::of(lesson, self.newest, ageing);
        let mut gained = Gained::default();
        for (feature, value) in Feature::ALL.into_iter().zip(lesson.values) {
            let value = match feature {
                Feature::Route => route,
                Feature::Step => step,
                _ => *value,
            };
            if let Some(value) = value {
                let more = self.gain(Entry::new(feature, kept(feature, value)), lesson, &gain);
                gained.0 |= u16::from(more) << feature.index();
            }
        }
        if let Some(amount) = lesson.amount.filter(|_| has_room(&mut self.amounts)) {
            self.level.observe(amount);
        }
        if let Some(chance) = lesson.step.filter(|_| has_room(&mut self.steps)) {
            self.surprise.observe(chance);
        }
        self.be_at(lesson);
        gained
    }

    /// Notes that something succeeded.
    pub(in crate::behavior) fn succeeded(&mut self, second: u32, ageing: &Ageing) {
        self.meet(second, second);
        self.successes.add(second, ageing);
    }

    /// Notes that something failed.
    pub(in crate::behavior) fn failed(&mut self, second: u32, ageing: &Ageing) {
        self.meet(second, second);
        self.failures.add(second, ageing);
    }

    /// Notes that it existed at `known`, by an event of `second`. What is much older than the newest event says nothing
    /// about how long it has been known, or one old time stamp would end the learning.
    fn meet(&mut self, known: u32, second: u32) {
        if self.is_empty() {
            self.first = known;
        } else if known >= self.newest.saturating_sub(LATE) {
            self.first = self.first.min(known);
        }
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

    /// Lets a value gain mass; whether it did, and no other had to give way for it, which may have been this one before.
    fn gain(&mut self, fresh: Entry, lesson: &Lesson<'_>, gain: &Gain) -> bool {
        let feature = fresh.feature;
        let (start, of) = (self.entries.places(feature).start, self.entries.of(feature));
        let count = of.len();
        let cap = if lesson.proved { 0 } else { self.cap(of, feature, lesson, gain.floor) };
        let (place, is_new) = match of.binary_search_by_key(&fresh.value, |entry| entry.value) {
            Ok(place) => (start + place, false),
            Err(place) => (start + place, true),
        };
        if is_new {
            self.entries.insert(place, fresh);
        }
        let Some(entry) = self.entries.get_mut(place) else { return false };
        let before = entry.mass();
        entry.repeated |= before > 0;
        if lesson.proved {
            entry.settled = entry.settled.saturating_add(gain.mass);
        } else {
            // By arrival: what says that it is old waits as long as what is new.
            let [waiting, _] = &mut entry.fresh;
            *waiting = waiting.saturating_add(gain.mass).min(cap.max(*waiting));
        }
        let (heavy, after) = (entry.is_too_heavy(), entry.mass());
        if after == 0 {
            self.entries.remove(place);
        }
        if heavy {
            self.lighten(feature);
        }
        let is_full = is_new && count >= feature.limit();
        if is_full {
            self.make_room(feature);
        }
        after > before && !is_full
    }

    /// The most that a part in quarantine of a value of these may weigh.
    fn cap(&self, of: &[Entry], feature: Feature, lesson: &Lesson<'_>, floor: u32) -> u32 {
        let rest = self.rest.get(feature.index()).copied().unwrap_or(0);
        let whole = of.iter().fold(u64::from(rest), |sum, entry| sum + u64::from(entry.settled));
        #[expect(clippy::cast_precision_loss, reason = "a few hundred masses of 32 bits")]
        let whole = whole as f64;
        floor.max(units(lesson.share * whole / super::UNIT))
    }
}

/// Whether one more may be observed in this stretch of quarantine, which is counted then.
fn has_room(observed: &mut u8) -> bool {
    let room = *observed < OBSERVED;
    *observed = observed.saturating_add(1).min(OBSERVED);
    room
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
