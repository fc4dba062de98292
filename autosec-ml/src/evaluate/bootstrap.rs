use super::ranking::{Ranking, Step};
use crate::random::Random;

/// How an [`Interval`] is estimated: by drawing the rows again, as many bad and as many good ones as there are, with
/// replacement (Efron's percentile bootstrap, drawn from both kinds apart so that a rare kind never goes missing).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    resamples: usize,
    coverage: f64,
    seed: u64,
}

/// Where a measure may lie, given how few rows it was measured on.
///
/// It knows of chance in which rows were drawn, and not of training again or of other data.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Default for Bootstrap {
    /// 1,000 resamples, coverage 0.95, seed 0.
    fn default() -> Self {
        Self { resamples: 1_000, coverage: 0.95, seed: 0 }
    }
}

impl Bootstrap {
    /// The most resamples.
    pub const MOST_RESAMPLES: usize = 100_000;

    /// How often rows are drawn again; taken into 1..=[`MOST_RESAMPLES`](Self::MOST_RESAMPLES).
    #[must_use]
    pub fn resamples(self, resamples: usize) -> Self {
        Self { resamples: resamples.clamp(1, Self::MOST_RESAMPLES), ..self }
    }

    /// How much of what resamples measure lies within the interval, 0..=1; other values are taken into it, NaN as 0.
    #[must_use]
    pub fn coverage(self, coverage: f64) -> Self {
        Self { coverage: if coverage.is_nan() { 0.0 } else { coverage.clamp(0.0, 1.0) }, ..self }
    }

    /// What chance begins with: the same seed, the same interval.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

impl Ranking {
    /// The interval of a measure, such as [`Ranking::roc_auc`]; takes time in proportion to rows times resamples.
    ///
    /// ```
    /// use autosec_ml::evaluate::{Bootstrap, Ranking};
    ///
    /// let scores: Vec<f64> = (0..200).map(f64::from).collect();
    /// let bad: Vec<bool> = (0..200).map(|row| row > 150 || row % 10 == 0).collect();
    /// let ranking = Ranking::new(&scores, &bad)?;
    /// let interval = ranking.interval(Bootstrap::default().seed(1), |ranking| ranking.recall_at(0.01));
    /// assert!(interval.low <= ranking.recall_at(0.01) && ranking.recall_at(0.01) <= interval.high);
    /// # Ok::<(), autosec_ml::evaluate::RankingError>(())
    /// ```
    pub fn interval(&self, bootstrap: Bootstrap, measure: impl Fn(&Ranking) -> f64) -> Interval {
        let [interval] = self.intervals(bootstrap, |ranking| [measure(ranking)]);
        interval
    }

    /// The intervals of several measures, from the same resamples.
    pub fn intervals<const MEASURES: usize>(
        &self,
        bootstrap: Bootstrap,
        measure: impl Fn(&Ranking) -> [f64; MEASURES],
    ) -> [Interval; MEASURES] {
        let places = |count: fn(&Step) -> u64| -> Vec<usize> {
            let places = self.steps.iter().enumerate();
            places.flat_map(|(place, step)| (0..count(step)).map(move |_| place)).collect()
        };
        let (bad, good) = (places(|step| step.bad), places(|step| step.good));
        let mut random = Random::new(bootstrap.seed, 0);
        let mut again = self.clone();
        let mut measured = [(); MEASURES].map(|()| Vec::with_capacity(bootstrap.resamples));
        for _ in 0..bootstrap.resamples {
            again.steps.fill(Step::default());
            draw(&bad, &mut again.steps, &mut random, |step| step.bad += 1);
            draw(&good, &mut again.steps, &mut random, |step| step.good += 1);
            measured.iter_mut().zip(measure(&again)).for_each(|(all, one)| all.push(one));
        }
        let outside = (1.0 - bootstrap.coverage) / 2.0;
        measured.map(|mut all| {
            all.sort_unstable_by(f64::total_cmp);
            Interval { low: quantile(&all, outside), high: quantile(&all, 1.0 - outside) }
        })
    }
}

/// Draws as many of `places` as there are, and notes each in its step.
fn draw(places: &[usize], steps: &mut [Step], random: &mut Random, note: impl Fn(&mut Step)) {
    for _ in 0..places.len() {
        let drawn = places.get(random.below(places.len())).and_then(|place| steps.get_mut(*place));
        if let Some(step) = drawn {
            note(step);
        }
    }
}

/// The value of this share from below, between the two nearest if it is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the share is from 0 to 1")]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or(f64::NAN);
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * (place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        let found = [0.0, 0.5, 1.0].map(|share| quantile(&sorted, share));
        assert_eq!(found, [1.0, 3.0, 8.0]);
    }

    #[test]
    fn a_seed_makes_one_interval() {
        let scores: Vec<f64> = (0..60).map(|row| f64::from(row % 20)).collect();
        let bad: Vec<bool> = (0..60).map(|row| row % 20 > 12).collect();
        let bad: Vec<bool> = bad.iter().enumerate().map(|(row, bad)| *bad ^ (row % 7 == 0)).collect();
        let ranking = Ranking::new(&scores, &bad).unwrap();
        let interval =
            |seed| ranking.interval(Bootstrap::default().seed(seed).resamples(300), Ranking::roc_auc);
        assert_eq!(interval(3), interval(3));
        assert_ne!(interval(3), interval(4));
        let narrow = Bootstrap::default().coverage(0.0);
        let point = ranking.interval(narrow, Ranking::roc_auc);
        assert_eq!(point.low, point.high);
    }

    /// A resample without the highest score has no rows at the first threshold.
    #[test]
    fn every_measure_is_a_number_in_every_resample() {
        let scores: Vec<f64> = (0..40).map(f64::from).collect();
        let bad: Vec<bool> = (0..40).map(|row| row % 5 == 4).collect();
        let ranking = Ranking::new(&scores, &bad).unwrap();
        let [precision, recall] = ranking
            .intervals(Bootstrap::default(), |ranking| [ranking.average_precision(), ranking.recall_at(0.1)]);
        assert!(precision.low <= precision.high && precision.low > 0.0, "{precision:?}");
        assert!(recall.low <= recall.high, "{recall:?}");
    }

    /// Rows are drawn anew a hundred times: the interval holds the truth about as often as it says.
    #[test]
    fn covers_about_as_often_as_it_says() {
        let mut random = Random::new(5, 0);
        // A bad row's score is the larger of two that a good one's is drawn from: it wins two times in three.
        let truth = 2.0 / 3.0;
        let covered = (0..200).filter(|seed| {
            let good = (0..60).map(|_| random.fraction()).collect::<Vec<f64>>();
            let bad = (0..60).map(|_| random.fraction().max(random.fraction())).collect::<Vec<f64>>();
            let truths: Vec<bool> = (0..120).map(|row| row >= 60).collect();
            let ranking = Ranking::new(&[good, bad].concat(), &truths).unwrap();
            let bootstrap = Bootstrap::default().seed(*seed).resamples(200).coverage(0.9);
            let interval = ranking.interval(bootstrap, Ranking::roc_auc);
            interval.low <= truth && truth <= interval.high
        });
        let covered = covered.count();
        assert!((166..=194).contains(&covered), "{covered} of 200, and 180 are to be expected");
    }
}
