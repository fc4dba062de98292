use autosec_core::event::{Event, field};
use autosec_core::sketch::{CountWindow, DistinctWindow, WindowShape};
use autosec_core::time::Timestamp;

use super::burst::Burst;
use super::familiar::Familiar;
use super::level::Level;
use super::measure::{entropy, hash, hour_of_week, is, number, on_circle, ratio, signed_log};
use super::plan::{Plan, Step};
use super::rhythm::Rhythm;
use super::shift::Shift;

/// Most different values that a window tells apart.
const DISTINCT: u32 = 64;
/// A window of counts keeps so many slots without memory from the heap.
const INLINE_SLOTS: usize = 20;

/// What is remembered of one entity. Its parts stand in the order of the plan, and each holds its latest answer.
#[derive(Debug)]
pub(super) struct History {
    /// Events so far.
    events: u32,
    newest: Option<Timestamp>,
    since_previous: f64,
    counts: Box<[Latest<CountWindow>]>,
    failures: Box<[Latest<CountWindow>]>,
    distinct: Box<[Latest<DistinctWindow>]>,
    bursts: Box<[Burst]>,
    rhythm: Option<Box<Rhythm>>,
    levels: Box<[Level]>,
    shifts: Box<[Shift]>,
    familiar: Box<[Familiar]>,
}

#[derive(Debug)]
struct Latest<T> {
    window: T,
    answer: f64,
}

impl History {
    /// Of an entity whose first event is of this time.
    pub(super) fn new(plan: &Plan, time: Timestamp) -> Self {
        let count = |shape: &WindowShape| Latest {
            window: CountWindow::new(shape, shape.slot(time)),
            answer: f64::NAN,
        };
        let distinct = plan.distinct.iter().map(|(_, shape)| Latest {
            window: DistinctWindow::new(shape, DISTINCT, shape.slot(time)),
            answer: f64::NAN,
        });
        Self {
            events: 0,
            newest: None,
            since_previous: f64::NAN,
            counts: plan.counts.iter().map(count).collect(),
            failures: plan.failures.iter().map(count).collect(),
            distinct: distinct.collect(),
            bursts: plan.bursts.iter().map(|_| Burst::new()).collect(),
            rhythm: plan.rhythm.then(|| Box::new(Rhythm::new())),
            levels: plan.levels.iter().map(|_| Level::new()).collect(),
            shifts: plan.shifts.iter().map(|_| Shift::new()).collect(),
            familiar: plan.familiar.iter().map(|_| Familiar::new()).collect(),
        }
    }

    /// The most bytes that one takes.
    pub(super) fn most_bytes(plan: &Plan) -> usize {
        let slots = |shape: &WindowShape| match shape.kept() as usize {
            kept if kept > INLINE_SLOTS => kept * 4,
            _ => 0,
        };
        let counts = plan.counts.iter().chain(&plan.failures);
        let counts = counts.map(|shape| size_of::<Latest<CountWindow>>() + slots(shape));
        size_of::<Self>()
            + counts.sum::<usize>()
            + plan.distinct.len() * (size_of::<Latest<DistinctWindow>>() + DISTINCT as usize * 24)
            + plan.bursts.len() * size_of::<Burst>()
            + usize::from(plan.rhythm) * size_of::<Rhythm>()
            + plan.levels.len() * size_of::<Level>()
            + plan.shifts.len() * size_of::<Shift>()
            + plan.familiar.len() * Familiar::MOST_BYTES
    }

    /// How many events were taken in.
    pub(super) fn events(&self) -> u32 {
        self.events
    }

    /// Takes an event in.
    pub(super) fn observe(&mut self, plan: &Plan, event: &Event<'_>) {
        let time = event.time();
        self.move_on(time);
        self.counts.iter_mut().zip(&plan.counts).for_each(|(count, shape)| count.observe(shape, time, 1));
        let failed =
            event.get(field::EVENT_OUTCOME).is_some_and(|value| super::measure::holds(value, "failure"));
        for (failures, shape) in self.failures.iter_mut().zip(&plan.failures) {
            failures.observe(shape, time, u32::from(failed));
        }
        for (distinct, (field, shape)) in self.distinct.iter_mut().zip(&plan.distinct) {
            distinct.observe(shape, time, hash(event, *field));
        }
        self.bursts.iter_mut().zip(&plan.bursts).for_each(|(burst, within)| burst.observe(time, *within));
        self.rhythm.iter_mut().for_each(|rhythm| rhythm.observe(time));
        for (level, field) in self.levels.iter_mut().zip(&plan.levels) {
            level.observe(signed_log(number(event, *field)));
        }
        for (shift, field) in self.shifts.iter_mut().zip(&plan.shifts) {
            shift.observe(signed_log(number(event, *field)));
        }
        for (familiar, field) in self.familiar.iter_mut().zip(&plan.familiar) {
            familiar.observe(hash(event, *field), self.events);
        }
        self.events = self.events.saturating_add(1);
    }

    /// Fills the row, of the event that was taken in last.
    pub(super) fn fill(&self, plan: &Plan, event: &Event<'_>, row: &mut [f64]) {
        let mut places = row.iter_mut();
        for step in &plan.steps {
            let (first, second) = match step {
                Step::Hour => pair(on_circle(hour_of_week(event.time()), 24.0)),
                Step::Weekday => pair(on_circle(libm::floor(hour_of_week(event.time()) / 24.0), 7.0)),
                single => (self.value(single, event), None),
            };
            for value in [Some(first), second].into_iter().flatten() {
                if let Some(place) = places.next() {
                    *place = value;
                }
            }
        }
    }

    fn value(&self, step: &Step, event: &Event<'_>) -> f64 {
        match step {
            Step::Hour | Step::Weekday => f64::NAN,
            Step::HourOfWeek => hour_of_week(event.time()),
            Step::HourSurprise => self.rhythm.as_ref().map_or(f64::NAN, |rhythm| rhythm.surprise),
            Step::SincePrevious => self.since_previous,
            Step::Count(at) => answer(&self.counts, *at),
            Step::Failures(at) => answer(&self.failures, *at),
            Step::FailureShare { failures, of } => {
                answer(&self.failures, *failures) / answer(&self.counts, *of)
            }
            Step::Distinct(at) => answer(&self.distinct, *at),
            Step::Burst(at) => self.bursts.get(*at).map_or(f64::NAN, |burst| burst.surprise),
            Step::Value(of) => number(event, *of),
            Step::Log(of) => signed_log(number(event, *of)),
            Step::Ratio(of, by) => ratio(number(event, *of), number(event, *by)),
            Step::Level(at) => self.levels.get(*at).map_or(f64::NAN, |level| level.z),
            Step::Shift(at) => self.shifts.get(*at).map_or(f64::NAN, |shift| shift.sum),
            Step::New(at) => self.familiar.get(*at).map_or(f64::NAN, |familiar| familiar.new),
            Step::Surprise(at) => self.familiar.get(*at).map_or(f64::NAN, |familiar| familiar.surprise),
            Step::Length(of) => event.text(*of).map_or(f64::NAN, |text| text.len() as f64),
            Step::Entropy(of) => event.text(*of).map_or(f64::NAN, entropy),
            Step::Is(of, text) => is(event, *of, text),
        }
    }

    /// Times that run backwards say nothing of how long it took.
    fn move_on(&mut self, time: Timestamp) {
        self.since_previous = match self.newest {
            Some(newest) if newest <= time => libm::log1p(time.since(newest).as_secs_f64()),
            _ => f64::NAN,
        };
        self.newest = self.newest.max(Some(time));
    }
}

impl Latest<CountWindow> {
    /// An event that is too late for the window is not counted, and nothing is said of it.
    fn observe(&mut self, shape: &WindowShape, time: Timestamp, count: u32) {
        let slot = shape.slot(time);
        let counted = self.window.insert(slot, count);
        self.answer = if counted { self.window.ending_in(slot) as f64 } else { f64::NAN };
    }
}

impl Latest<DistinctWindow> {
    fn observe(&mut self, shape: &WindowShape, time: Timestamp, value: Option<u64>) {
        let slot = shape.slot(time);
        let counted = match value {
            Some(value) => self.window.insert(slot, value),
            None => self.window.touch(slot),
        };
        self.answer = if counted { self.window.ending_in(slot) as f64 } else { f64::NAN };
    }
}

fn pair([first, second]: [f64; 2]) -> (f64, Option<f64>) {
    (first, Some(second))
}

fn answer<T>(held: &[Latest<T>], at: usize) -> f64 {
    held.get(at).map_or(f64::NAN, |latest| latest.answer)
}
