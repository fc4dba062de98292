/// How scores thin out above the highest: a generalised Pareto distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tail {
    /// The score that it begins at.
    pub(crate) begin: f64,
    /// By how much a score rises until it is about a third as likely; above 0.
    pub(crate) scale: f64,
    /// How heavy it is, [`LIGHTEST`]..=[`HEAVIEST`].
    pub(crate) shape: f64,
}

/// Tails that end somewhere are taken for a light one that does not: a score past the end has to rank above one at it.
pub(crate) const LIGHTEST: f64 = 0.05;
pub(crate) const HEAVIEST: f64 = 1.0;
/// The part of the scores that a tail is fitted to, and the fewest that are fitted.
const PART: usize = 50;
const FEWEST: usize = 10;

impl Tail {
    /// Fits scores in descending order by probability-weighted moments (Hosking and Wallis, 1987), which need no search
    /// and go wrong less on few scores than likelihood does.
    pub(crate) fn fit(descending: &[f64]) -> Self {
        let count = (descending.len() / PART).max(FEWEST).min(descending.len().saturating_sub(1));
        let begin = descending.get(count).copied().unwrap_or_default();
        let rank = |place: usize| if count > 1 { place as f64 / (count - 1) as f64 } else { 0.0 };
        let excess = descending.iter().take(count).map(|score| 0.5 * score - 0.5 * begin).enumerate();
        let (mut mean, mut low) = (0.0, 0.0);
        for (place, excess) in excess {
            mean += excess / count as f64;
            low += excess * rank(place) / count as f64;
        }
        // Scores were halved against overflow.
        let (shape, scale) = (2.0 - mean / (mean - 2.0 * low), 4.0 * mean * low / (mean - 2.0 * low));
        let fits = shape.is_finite() && scale.is_normal() && scale > 0.0;
        let shape = if fits { shape.clamp(LIGHTEST, HEAVIEST) } else { HEAVIEST };
        let scale = if fits { scale } else { least_scale(begin, 2.0 * mean) };
        Self { begin, scale, shape }
    }

    /// By how many nats a score this high is less likely than the highest one learnt from.
    pub(crate) fn beyond(&self, highest: f64, score: f64) -> f64 {
        let nats = |score: f64| {
            let excess = (score - self.begin).clamp(0.0, f64::MAX) / self.scale;
            libm::log1p((self.shape * excess).min(f64::MAX)) / self.shape
        };
        (nats(score) - nats(highest)).max(0.0)
    }
}

/// A scale where scores do not tell one: the mean excess, or a part of the score where all are one.
fn least_scale(begin: f64, mean: f64) -> f64 {
    let least = begin.abs().max(1.0) * 1e-6;
    if mean.is_normal() && mean > least { mean } else { least }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Drawn from the distribution itself.
    #[test]
    fn finds_the_shape_that_scores_have() {
        for shape in [0.1, 0.3, 0.6] {
            let mut random = Random::new(7, 0);
            let draw = |_| (libm::pow(1.0 - random.fraction(), -shape) - 1.0) / shape;
            let mut scores: Vec<f64> = (0..200_000).map(draw).collect();
            scores.sort_unstable_by(|left, right| right.total_cmp(left));
            let tail = Tail::fit(&scores);
            assert!((tail.shape - shape).abs() < 0.1, "{} for {shape}", tail.shape);
            let above = |score: f64| libm::log1p(shape * score) / shape;
            let (known, asked) = (tail.beyond(20.0, 40.0), above(40.0) - above(20.0));
            assert!((known / asked - 1.0).abs() < 0.15, "{known} and {asked} for {shape}");
        }
    }

    #[test]
    fn fits_whatever_there_is() {
        for scores in [&[][..], &[1.0], &[2.0, 1.0], &[5.0; 60], &[f64::MAX, 0.0, f64::MIN], &[1e-320, 0.0]] {
            let tail = Tail::fit(scores);
            assert!(tail.scale > 0.0 && tail.scale.is_finite(), "{tail:?} of {scores:?}");
            assert!((LIGHTEST..=HEAVIEST).contains(&tail.shape));
            let highest = scores.first().copied().unwrap_or_default();
            assert!(tail.beyond(highest, f64::MAX).is_finite());
            assert_eq!(tail.beyond(highest, highest), 0.0);
        }
    }
}
