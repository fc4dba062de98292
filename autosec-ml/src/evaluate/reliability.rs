use super::ranking::RankingError;

/// Whether probabilities are what they say: rows sorted by the probability that they are bad and cut into bins of about as
/// many rows, with how many truly were.
///
/// ```
/// use autosec_ml::evaluate::Reliability;
///
/// let probabilities = [0.1, 0.1, 0.1, 0.1, 0.9, 0.9];
/// let reliability = Reliability::new(&probabilities, &[false, false, false, true, true, true], 2)?;
/// // Of four with 0.1 there was one, of two with 0.9 there were two.
/// assert!((reliability.expected_error() - (4.0 * 0.15 + 2.0 * 0.1) / 6.0).abs() < 1e-12);
/// # Ok::<(), autosec_ml::evaluate::RankingError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    bins: Vec<ReliabilityBin>,
}

/// Rows of about one probability.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReliabilityBin {
    /// The mean of what was said, 0..=1.
    pub predicted: f64,
    /// The share of rows that were bad, 0..=1.
    pub observed: f64,
    /// How many rows; at least 1.
    pub rows: u64,
}

impl Reliability {
    /// Sorts rows into at most `bins` (at least 1) by how likely they were said to be bad; rows of one probability stay
    /// together.
    ///
    /// # Errors
    /// When the lengths differ or a probability is NaN. Rows may all be of one kind.
    pub fn new(probabilities: &[f64], bad: &[bool], bins: usize) -> Result<Self, RankingError> {
        if probabilities.len() != bad.len() {
            return Err(RankingError::Length { scores: probabilities.len(), truths: bad.len() });
        }
        if let Some(row) = probabilities.iter().position(|probability| probability.is_nan()) {
            return Err(RankingError::NotANumber(row));
        }
        let mut rows: Vec<(f64, bool)> =
            probabilities.iter().map(|p| p + 0.0).zip(bad.iter().copied()).collect();
        rows.sort_unstable_by(|(left, _), (right, _)| left.total_cmp(right));
        let size = rows.len().div_ceil(bins.max(1));
        let mut sums: Vec<(f64, u64, usize)> = Vec::new();
        for ties in rows.chunk_by(|(left, _), (right, _)| left == right) {
            let said = ties.iter().map(|(probability, _)| probability).sum::<f64>();
            let seen = ties.iter().filter(|(_, bad)| *bad).count() as u64;
            match sums.last_mut().filter(|(_, _, rows)| rows + ties.len() / 2 < size) {
                Some(sum) => *sum = (sum.0 + said, sum.1 + seen, sum.2 + ties.len()),
                None => sums.push((said, seen, ties.len())),
            }
        }
        let bin = |(said, seen, rows): (f64, u64, usize)| ReliabilityBin {
            predicted: said / rows as f64,
            observed: seen as f64 / rows as f64,
            rows: rows as u64,
        };
        Ok(Self { bins: sums.into_iter().map(bin).collect() })
    }

    /// The bins, in order of what was said.
    pub fn bins(&self) -> &[ReliabilityBin] {
        &self.bins
    }

    /// The expected calibration error, 0..=1: how far what was said lies from what was so, on average over rows. Chance alone
    /// makes about 0.8 √(p (1 − p) / m) of it in bins of m rows, so small sets look worse than they are.
    pub fn expected_error(&self) -> f64 {
        let rows: u64 = self.bins.iter().map(|bin| bin.rows).sum();
        let off = self.bins.iter().map(|bin| (bin.predicted - bin.observed).abs() * bin.rows as f64);
        off.sum::<f64>() / rows.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn true_probabilities_have_hardly_an_error() {
        let mut random = Random::new(4, 0);
        let said: Vec<f64> = (0..40_000).map(|_| random.fraction()).collect();
        let bad: Vec<bool> = said.iter().map(|said| random.fraction() < *said).collect();
        let right = Reliability::new(&said, &bad, 15).unwrap();
        assert_eq!(right.bins().len(), 15);
        assert!(right.expected_error() < 0.01, "{}", right.expected_error());
        let bold: Vec<f64> = said.iter().map(|said| said * said).collect();
        let bold = Reliability::new(&bold, &bad, 15).unwrap().expected_error();
        assert!((bold - 1.0 / 6.0).abs() < 0.01, "{bold}");
    }

    #[test]
    fn rows_of_one_probability_stay_together() {
        let said = [0.2; 50].into_iter().chain([0.8; 3]).collect::<Vec<f64>>();
        let bins = Reliability::new(&said, &[true; 53], 10).unwrap();
        assert_eq!(bins.bins().iter().map(|bin| bin.rows).collect::<Vec<_>>(), [50, 3]);
        assert_eq!(Reliability::new(&[], &[], 0).unwrap().expected_error(), 0.0);
        assert_eq!(Reliability::new(&[f64::NAN], &[true], 1).unwrap_err(), RankingError::NotANumber(0));
    }
}
