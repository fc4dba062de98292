use std::time::Duration;

use autosec_core::event::{FieldId, FieldMask, Schema, field};
use autosec_core::sketch::{DistinctWindow, WindowShape};

use super::{Column, FeatureSet, FeatureSetError, Limits};

/// A set with its fields found: what is remembered of each entity, each once, and what fills each column from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) counts: Vec<WindowShape>,
    pub(super) failures: Vec<WindowShape>,
    pub(super) distinct: Vec<(FieldId, WindowShape)>,
    pub(super) bursts: Vec<Duration>,
    /// Whether hours of the day are remembered.
    pub(super) rhythm: bool,
    pub(super) levels: Vec<FieldId>,
    pub(super) shifts: Vec<FieldId>,
    pub(super) familiar: Vec<FieldId>,
}

/// What fills a column; numbers are positions in what is remembered.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Hour,
    Weekday,
    HourOfWeek,
    HourSurprise,
    SincePrevious,
    Count(usize),
    Failures(usize),
    FailureShare { failures: usize, of: usize },
    Distinct(usize),
    Burst(usize),
    Value(FieldId),
    Log(FieldId),
    Ratio(FieldId, FieldId),
    Level(usize),
    Shift(usize),
    New(usize),
    Surprise(usize),
    Length(FieldId),
    Entropy(FieldId),
    Is(FieldId, Box<str>),
}

impl Plan {
    /// The plan of a set that was checked against these fields.
    pub(super) fn new(set: &FeatureSet, fields: &Schema, limits: &Limits) -> Result<Self, FeatureSetError> {
        let mut plan = Self::default();
        for column in &set.columns {
            let step = plan.step(column, fields, limits)?;
            plan.steps.push(step);
        }
        Ok(plan)
    }

    /// The fields that steps read.
    pub(super) fn reads(&self) -> FieldMask {
        let mut mask = FieldMask::default();
        let held = self.levels.iter().chain(&self.shifts).chain(&self.familiar);
        held.chain(self.distinct.iter().map(|(field, _)| field)).for_each(|field| mask.insert(*field));
        if !self.failures.is_empty() {
            mask.insert(field::EVENT_OUTCOME);
        }
        for step in &self.steps {
            match step {
                Step::Value(of) | Step::Log(of) | Step::Length(of) | Step::Entropy(of) | Step::Is(of, _) => {
                    mask.insert(*of);
                }
                Step::Ratio(of, by) => [of, by].into_iter().for_each(|field| mask.insert(*field)),
                _ => {}
            }
        }
        mask
    }

    fn step(&mut self, column: &Column, fields: &Schema, limits: &Limits) -> Result<Step, FeatureSetError> {
        let find = |name: &str| {
            let unknown = || FeatureSetError::UnknownField { place: "columns".into(), field: name.into() };
            fields.field(name).ok_or_else(unknown)
        };
        let shape = |within: &Duration| {
            let place = || column.names().into_iter().next().unwrap_or_default().into();
            WindowShape::new(*within, limits.lateness, DistinctWindow::SLOT_LIMIT)
                .map_err(|why| FeatureSetError::Window { place: place(), why })
        };
        Ok(match column {
            Column::Hour => Step::Hour,
            Column::Weekday => Step::Weekday,
            Column::HourOfWeek => Step::HourOfWeek,
            Column::HourSurprise => {
                self.rhythm = true;
                Step::HourSurprise
            }
            Column::SincePrevious => Step::SincePrevious,
            Column::Count(within) => Step::Count(once(&mut self.counts, shape(within)?)),
            Column::Failures(within) => Step::Failures(once(&mut self.failures, shape(within)?)),
            Column::FailureShare(within) => Step::FailureShare {
                failures: once(&mut self.failures, shape(within)?),
                of: once(&mut self.counts, shape(within)?),
            },
            Column::Distinct { of, within } => {
                Step::Distinct(once(&mut self.distinct, (find(of)?, shape(within)?)))
            }
            Column::Burst(within) => {
                // Bounds of a length are those of windows.
                shape(within)?;
                Step::Burst(once(&mut self.bursts, *within))
            }
            Column::Value(of) => Step::Value(find(of)?),
            Column::Log(of) => Step::Log(find(of)?),
            Column::Ratio { of, by } => Step::Ratio(find(of)?, find(by)?),
            Column::Level(of) => Step::Level(once(&mut self.levels, find(of)?)),
            Column::Shift(of) => Step::Shift(once(&mut self.shifts, find(of)?)),
            Column::New(of) => Step::New(once(&mut self.familiar, find(of)?)),
            Column::Surprise(of) => Step::Surprise(once(&mut self.familiar, find(of)?)),
            Column::Length(of) => Step::Length(find(of)?),
            Column::Entropy(of) => Step::Entropy(find(of)?),
            Column::Is { field, value } => Step::Is(find(field)?, value.clone()),
        })
    }
}

/// Where it stands, behind all others if it is not there yet.
fn once<T: PartialEq>(held: &mut Vec<T>, one: T) -> usize {
    held.iter().position(|other| *other == one).unwrap_or_else(|| {
        held.push(one);
        held.len() - 1
    })
}
