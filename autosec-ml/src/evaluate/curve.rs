use super::ranking::{Ranking, Step};

/// What a threshold does.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CurvePoint {
    /// The share of good rows that are flagged, 0..=1.
    pub false_positive_rate: f64,
    /// The share of bad rows that are flagged, 0..=1.
    pub recall: f64,
    /// The share of flagged rows that are bad, 0..=1; 1 where none is flagged.
    pub precision: f64,
}

impl Ranking {
    /// What the thresholds do, from the one that flags nothing to the one that flags everything: the ROC curve and the
    /// precision-recall curve in one. Of neighbours that are nearer to each other than `step` (in the sum of both rates) only
    /// the last is told, so there are at most 2 / `step` + 2; a step of 0 tells all.
    ///
    /// ```
    /// use autosec_ml::evaluate::Ranking;
    ///
    /// let ranking = Ranking::new(&[0.9, 0.8, 0.3, 0.1], &[true, false, true, false])?;
    /// let roc: Vec<(f64, f64)> =
    ///     ranking.curve(0.0).iter().map(|point| (point.false_positive_rate, point.recall)).collect();
    /// assert_eq!(roc, [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]);
    /// # Ok::<(), autosec_ml::evaluate::RankingError>(())
    /// ```
    pub fn curve(&self, step: f64) -> Vec<CurvePoint> {
        let all = self.totals();
        let mut points = vec![CurvePoint { false_positive_rate: 0.0, recall: 0.0, precision: 1.0 }];
        let (mut sum, mut told) = (Step::default(), 0.0);
        for (number, step_of) in (1..).zip(&self.steps) {
            sum = Step { bad: sum.bad + step_of.bad, good: sum.good + step_of.good };
            let recall = sum.bad as f64 / all.bad as f64;
            let false_positive_rate = sum.good as f64 / all.good as f64;
            if recall + false_positive_rate - told >= step || number == self.steps.len() {
                told = recall + false_positive_rate;
                let precision = sum.bad as f64 / (sum.bad + sum.good).max(1) as f64;
                points.push(CurvePoint { false_positive_rate, recall, precision });
            }
        }
        points
    }

    /// The share of rows that are bad, above 0 and below 1.
    pub fn prevalence(&self) -> f64 {
        let all = self.totals();
        all.bad as f64 / (all.bad + all.good) as f64
    }

    /// How many rows are bad, and how many are good; at least 1 each.
    pub fn rows(&self) -> (u64, u64) {
        let all = self.totals();
        (all.bad, all.good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn thinning_keeps_the_ends_and_the_area() {
        let mut random = Random::new(2, 0);
        let bad: Vec<bool> = (0..5_000).map(|_| random.below(10) == 0).collect();
        let scores: Vec<f64> =
            bad.iter().map(|bad| random.fraction() + if *bad { 0.4 } else { 0.0 }).collect();
        let ranking = Ranking::new(&scores, &bad).unwrap();
        let points = ranking.curve(0.01);
        assert!(points.len() <= 202, "{}", points.len());
        let last = points.last().unwrap();
        assert_eq!((last.false_positive_rate, last.recall, last.precision), (1.0, 1.0, ranking.prevalence()));
        let area = points.windows(2).map(|pair| {
            (pair[1].false_positive_rate - pair[0].false_positive_rate) * (pair[0].recall + pair[1].recall)
                / 2.0
        });
        let area: f64 = area.sum();
        assert!((area - ranking.roc_auc()).abs() < 0.005, "{area}");
    }
}
