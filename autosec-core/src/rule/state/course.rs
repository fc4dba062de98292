use smallvec::SmallVec;

use super::codec::{Reader, Writer};
use super::operator::Inputs;
use super::threshold::Threshold;
use crate::sketch::WindowShape;

/// No time: no run has come so far.
const NEVER: i64 = i64::MIN;

/// What has to happen, in microseconds of event time.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) shape: WindowShape,
    pub(super) within: i64,
    pub(super) lateness: i64,
    pub(super) steps: Steps,
}

#[derive(Debug)]
pub(super) enum Steps {
    /// So many of the inputs as the threshold asks for, in any order.
    Together(Threshold),
    /// One after the other.
    Ordered(Box<[Step]>),
}

/// A step that has to happen, and what must not happen after it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    input: u64,
    /// Inputs that end a run which waits for the next step; after the last step, for the deadline.
    broken_by: u64,
}

/// How far the runs of a key have come after some of its events, which were taken in order of time.
///
/// Of all runs that wait for the same step, only the one that began last matters: it is the last to run out of time, and
/// what breaks one breaks all. So one time a step stands for any number of runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Run {
    /// For each step the beginning of the latest run that has come so far; of steps in any order, when it happened last.
    reached: SmallVec<[i64; 8]>,
    /// When runs that now wait for their deadline made the last step.
    waiting: SmallVec<[i64; 4]>,
}

/// An event: its time and the inputs it satisfies. Events of the same time are in the order of their first inputs.
pub(super) type Record = (i64, u64);

impl Course {
    /// Whether something must not happen: then it takes waiting to know that it has not.
    pub(super) fn waits(&self) -> bool {
        matches!(&self.steps, Steps::Ordered(steps) if steps.iter().any(|step| step.broken_by != 0))
    }

    /// Whether runs end with a deadline and not with an event.
    pub(super) fn has_deadline(&self) -> bool {
        matches!(&self.steps, Steps::Ordered(steps) if steps.last().is_some_and(|step| step.broken_by != 0))
    }

    /// Whether an event of these inputs that is newer than all others can end a run.
    pub(super) fn can_end(&self, inputs: u64) -> bool {
        match &self.steps {
            Steps::Together(_) => true,
            Steps::Ordered(steps) => {
                steps.last().is_none_or(|step| (step.input | step.broken_by) & inputs != 0)
            }
        }
    }

    /// How many steps have to happen.
    pub(super) fn length(&self) -> usize {
        match &self.steps {
            Steps::Together(threshold) => {
                threshold.whole().and_then(|least| usize::try_from(least).ok()).unwrap_or(0)
            }
            Steps::Ordered(steps) => steps.len(),
        }
    }

    /// How long an event can matter.
    pub(super) fn horizon(&self) -> i64 {
        let slots = i64::from(self.shape.late()) + 1;
        let late = self.shape.start(slots).as_micros();
        let parts = if self.has_deadline() { 2 } else { 1 };
        self.within.saturating_mul(parts).saturating_add(late)
    }
}

impl Steps {
    /// The inputs in order, of which some must not happen.
    pub(super) fn ordered(absent: &[bool]) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        for (input, absent) in absent.iter().enumerate() {
            let input = Inputs::one(input).0;
            match steps.last_mut().filter(|_| *absent) {
                Some(last) => last.broken_by |= input,
                None => steps.push(Step { input, broken_by: 0 }),
            }
        }
        Self::Ordered(steps.into())
    }
}

impl Run {
    /// Takes the next event; `done` is told when runs end.
    pub(super) fn step(&mut self, course: &Course, (time, inputs): Record, mut done: impl FnMut(i64)) {
        match &course.steps {
            Steps::Together(threshold) => self.gather(course, time, inputs, threshold, done),
            Steps::Ordered(steps) => {
                self.reached.resize(steps.len(), NEVER);
                let last = steps.len().saturating_sub(1);
                for (at, step) in steps.iter().enumerate().rev() {
                    if step.broken_by & inputs != 0 {
                        self.break_off(course, at, last, time, &mut done);
                    }
                    let begun =
                        if at == 0 { time } else { self.reached.get(at - 1).copied().unwrap_or(NEVER) };
                    if step.input & inputs == 0
                        || begun == NEVER
                        || time.saturating_sub(begun) > course.within
                    {
                        continue;
                    }
                    if at < last {
                        self.reached.get_mut(at).into_iter().for_each(|held| *held = begun.max(*held));
                    } else if step.broken_by != 0 {
                        self.waiting.push(time);
                    } else {
                        done(time);
                    }
                }
            }
        }
    }

    /// When the runs that wait end unless something happens.
    pub(super) fn deadlines(&self, course: &Course) -> impl Iterator<Item = i64> {
        self.waiting.iter().map(|time| time.saturating_add(course.within))
    }

    /// Keeps only the first of the runs that wait.
    pub(super) fn keep_first(&mut self) {
        self.waiting.truncate(1);
    }

    /// Takes up the runs of another that saw other events; what only both together saw is lost.
    pub(super) fn merge(&mut self, other: &Run) {
        let length = self.reached.len().max(other.reached.len());
        self.reached.resize(length, NEVER);
        for (mine, theirs) in self.reached.iter_mut().zip(&other.reached) {
            *mine = (*mine).max(*theirs);
        }
        self.waiting.extend_from_slice(&other.waiting);
        self.waiting.sort_unstable();
        self.keep_first();
    }

    pub(super) fn write(&self, to: &mut Writer) {
        for times in [&self.reached[..], &self.waiting[..]] {
            to.length(times.len());
            times.iter().for_each(|time| to.signed(i128::from(*time)));
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut run = Self::default();
        for _ in 0..from.length()? {
            run.reached.push(from.place()?);
        }
        for _ in 0..from.length()? {
            run.waiting.push(from.place()?);
        }
        (run.reached.len() <= Inputs::LIMIT && run.waiting.len() <= 1).then_some(run)
    }

    /// How many bytes it takes beside its own.
    pub(super) fn heap(&self) -> usize {
        let times = if self.reached.spilled() { self.reached.capacity() } else { 0 };
        times * size_of::<i64>()
    }

    fn break_off(&mut self, course: &Course, at: usize, last: usize, time: i64, mut done: impl FnMut(i64)) {
        if at < last {
            self.reached.get_mut(at).into_iter().for_each(|held| *held = NEVER);
            return;
        }
        self.deadlines(course).filter(|deadline| *deadline < time).for_each(&mut done);
        self.waiting.clear();
    }

    fn gather(
        &mut self,
        course: &Course,
        time: i64,
        inputs: u64,
        threshold: &Threshold,
        mut done: impl FnMut(i64),
    ) {
        for input in Inputs(inputs).each() {
            if self.reached.len() <= input {
                self.reached.resize(input + 1, NEVER);
            }
            self.reached.get_mut(input).into_iter().for_each(|held| *held = time.max(*held));
        }
        let recent = |held: &&i64| **held != NEVER && time.saturating_sub(**held) <= course.within;
        if threshold.holds(self.reached.iter().filter(recent).count() as f64) {
            done(time);
        }
    }
}
