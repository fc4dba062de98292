use std::ops::ControlFlow;

use super::builder::{EnsembleBuilder, EnsembleError, Progress};
use super::divide::{divide, on_grid};
use super::member::Member;
use crate::anomaly::AnomalyModel;
use crate::calibrate::Conformal;
use crate::matrix::Matrix;

/// Several models as one. See the [module](crate::ensemble).
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    pub(super) members: Vec<Weighted>,
    pub(super) calibration: Conformal,
    pub(super) origin: Origin,
}

/// A member with what its scores mean, and how much it counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weighted {
    pub(super) member: Member,
    /// 0..=1; those of all members add up to 1.
    pub(super) weight: f64,
    pub(super) calibration: Conformal,
}

/// What an ensemble was made of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) rows: u64,
    pub(super) seed: u64,
}

/// What an ensemble says about a row.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The weighted mean of the members' surprises, in nats, from 0 up; usual rows have about 1.
    pub score: f64,
    /// How rarely a usual row has such a score, above 0 and at most 1.
    pub p_value: f64,
    /// How far the members agree, above 0 and at most 1: the mean, over all of them and whatever their weights, of the
    /// smaller of the member's surprise and the ensemble's by the larger, one nat added to each.
    pub confidence: f64,
    /// What each member says.
    pub members: Vec<Opinion>,
}

/// What a member says about a row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Opinion {
    /// The kind of model.
    pub name: &'static str,
    /// How much it counts, 0..=1.
    pub weight: f64,
    /// Its score, which says nothing beside those of others.
    pub score: f64,
    /// What that score means, in nats.
    pub surprise: f64,
    /// How rarely a usual row has such a score, above 0 and at most 1.
    pub p_value: f64,
}

/// A member's part in a score.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Share {
    /// The kind of model.
    pub name: &'static str,
    /// What it adds to the ensemble's score, in nats.
    pub adds: f64,
    /// How that is divided among the columns; adds up to it exactly.
    pub columns: Vec<f64>,
}

impl Judgement {
    /// Whether so few usual rows look like this as `rate` (0..=1) says.
    pub fn is_anomaly(&self, rate: f64) -> bool {
        self.p_value <= rate
    }
}

impl Ensemble {
    /// The most members.
    pub const MOST_MEMBERS: usize = 16;

    /// The settings of an ensemble, to train one.
    pub fn builder() -> EnsembleBuilder {
        EnsembleBuilder::default()
    }

    /// An ensemble of trained models, each with a weight (0 and more; only their proportions count), calibrated on `rows`,
    /// which are usual ones that no member was trained on.
    ///
    /// # Errors
    /// When there are no members or more than [`MOST_MEMBERS`](Self::MOST_MEMBERS), when they have not as many columns as
    /// the rows, or when weights are negative, not finite or all 0.
    pub fn of(
        members: impl IntoIterator<Item = (Member, f64)>,
        rows: Matrix<'_>,
    ) -> Result<Self, EnsembleError> {
        let members: Vec<(Member, f64)> = members.into_iter().take(Self::MOST_MEMBERS + 1).collect();
        let origin = Origin { rows: rows.rows() as u64, seed: 0 };
        Self::calibrated(members, rows, origin, &mut |_| ControlFlow::Continue(()))
    }

    /// Tells `progress` after each member, and after the whole.
    pub(super) fn calibrated(
        members: Vec<(Member, f64)>,
        rows: Matrix<'_>,
        origin: Origin,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, EnsembleError> {
        let all = check(&members, rows.columns())?;
        let (stage, of) = ("calibration", members.len() + 1);
        let mut tell = |done| match progress(Progress { stage, done, of }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(EnsembleError::Stopped { stage }),
        };
        let mut sums = vec![0.0; rows.rows()];
        let mut weighted = Vec::with_capacity(members.len());
        for (member, weight) in members {
            let scores: Vec<f64> = rows.iter().map(|row| member.model().score(row)).collect();
            let calibration = Conformal::calibrate(&scores)?;
            let member = Weighted { member, weight: weight / all, calibration };
            sums.iter_mut().zip(&scores).for_each(|(sum, score)| *sum += member.worth(*score));
            weighted.push(member);
            tell(weighted.len())?;
        }
        let calibration = Conformal::calibrate(&sums)?;
        tell(of)?;
        Ok(Self { calibration, members: weighted, origin })
    }

    /// All it has to say about a row.
    pub fn judge(&self, row: &[f64]) -> Judgement {
        let opinions: Vec<Opinion> = self.members.iter().map(|member| member.opinion(row)).collect();
        let score = self.score(row);
        let agrees =
            |opinion: &Opinion| (1.0 + opinion.surprise.min(score)) / (1.0 + opinion.surprise.max(score));
        let confidence = opinions.iter().map(agrees).sum::<f64>() / opinions.len().max(1) as f64;
        Judgement { score, p_value: self.p_value(score), confidence, members: opinions }
    }

    /// How rarely a usual row has such a score of the ensemble, above 0 and at most 1.
    pub fn p_value(&self, score: f64) -> f64 {
        self.calibration.p_value(score)
    }

    /// What scores of the ensemble mean.
    pub fn calibration(&self) -> &Conformal {
        &self.calibration
    }

    /// What each member adds to the score, and how that is divided among the columns. All of it adds up to the
    /// [score](AnomalyModel::score), exactly and in any order.
    ///
    /// A column has, of what a member adds, a part as large as its part in the member's own measure; what makes a row look
    /// usual takes away no more than the member adds.
    pub fn attribute(&self, row: &[f64]) -> Vec<Share> {
        let share = |member: &Weighted| {
            let (model, adds) = (member.member.model(), member.adds(row));
            let columns =
                if adds > 0.0 { divide(adds, &model.contributions(row)) } else { vec![0.0; model.columns()] };
            Share { name: model.name(), adds, columns }
        };
        self.members.iter().map(share).collect()
    }

    /// The members with their weights, which add up to 1.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&Member, f64)> {
        self.members.iter().map(|member| (&member.member, member.weight))
    }

    /// How many rows it was trained and calibrated on.
    pub fn trained_on(&self) -> u64 {
        self.origin.rows
    }

    /// What chance began with.
    pub fn seed(&self) -> u64 {
        self.origin.seed
    }
}

impl Weighted {
    /// What it adds to the ensemble's score. One that counts for nothing is not asked.
    fn adds(&self, row: &[f64]) -> f64 {
        if self.weight == 0.0 {
            return 0.0;
        }
        self.worth(self.member.model().score(row))
    }

    /// What such a score of it adds.
    fn worth(&self, score: f64) -> f64 {
        on_grid(self.weight * self.calibration.surprise(score))
    }

    fn opinion(&self, row: &[f64]) -> Opinion {
        let model = self.member.model();
        let score = model.score(row);
        let (surprise, p_value) = (self.calibration.surprise(score), self.calibration.p_value(score));
        Opinion { name: model.name(), weight: self.weight, score, surprise, p_value }
    }
}

/// The sum of the weights, if members and weights are sound.
fn check(members: &[(Member, f64)], rows: usize) -> Result<f64, EnsembleError> {
    let all: f64 = members.iter().map(|(_, weight)| weight).sum();
    if !(1..=Ensemble::MOST_MEMBERS).contains(&members.len()) {
        return Err(EnsembleError::Members(members.len()));
    }
    if members.iter().any(|(_, weight)| *weight < 0.0) || !all.is_normal() {
        return Err(EnsembleError::Weights);
    }
    let columns = members.iter().map(|(member, _)| member.model().columns());
    match columns.into_iter().find(|model| *model != rows) {
        Some(model) => Err(EnsembleError::Columns { model, rows }),
        None => Ok(all),
    }
}

impl AnomalyModel for Ensemble {
    fn name(&self) -> &'static str {
        "ensemble"
    }

    fn columns(&self) -> usize {
        self.members.first().map_or(0, |member| member.member.model().columns())
    }

    /// The weighted mean of the members' surprises, in nats: 0..=[`Conformal::MOST_SURPRISE`].
    fn score(&self, row: &[f64]) -> f64 {
        self.members.iter().map(|member| member.adds(row)).sum()
    }

    /// What each column adds by all members together. It adds up to the score, exactly and in any order.
    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        let mut columns = vec![0.0; self.columns()];
        for share in self.attribute(row) {
            columns.iter_mut().zip(share.columns).for_each(|(sum, adds)| *sum += adds);
        }
        columns
    }
}
