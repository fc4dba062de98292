//! A new model tried beside the one in force: both score the stream, one acts.
//!
//! The challenger's findings are counted and never acted upon. It takes the champion's place when both of these hold:
//!
//! 1. **It keeps its word.** Over at least [`Terms::fewest_rows`] rows it flagged not clearly more than it said it would: not
//!    more than twice [`Terms::rate`] times the rows, plus three standard deviations of that count. Twice, because a
//!    calibration on a thousand rows is itself right to a third only, and because streams have bad rows.
//! 2. **It is right more often.** Of rows that only one of the two flagged and that somebody then judged, so many more went
//!    to the challenger that chance explains it badly: with w won and l lost, 2^n B(w + 1, l + 1) ≥ 1 / [`Terms::doubt`], for
//!    at least [`Terms::fewest_judged`] of them.
//!
//! The second is the sign test as a bet: what a fair coin's tosses would win by betting on every possible bias at once. A
//! fair coin ever wins that much with a chance of at most `doubt` (Ville's inequality), however often one looks. A
//! fixed test looked at after every row would promote a model that is no better sooner or later.
//! Without judged rows nothing is promoted: no stream tells by itself which of two models is right.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::anomaly::AnomalyModel;
use crate::calibrate::Conformal;

/// A model with what its scores mean.
#[derive(Clone, Debug)]
pub struct Contender {
    /// The model.
    pub model: Arc<dyn AnomalyModel>,
    /// Made of scores of this model.
    pub calibration: Conformal,
}

/// What a challenger has to show.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Terms {
    /// A row is flagged whose p-value is not above this, 0..=1; 0.01 if not said.
    pub rate: f64,
    /// How many rows both must have scored; 1,000 if not said.
    pub fewest_rows: u64,
    /// How many rows that only one of the two flagged must have been judged; 10 if not said.
    pub fewest_judged: u64,
    /// The chance, 0..=1, that a challenger that is no better is ever promoted; 0.05 if not said.
    pub doubt: f64,
}

/// A champion and a challenger, asked by many threads at once.
///
/// ```
/// use std::sync::Arc;
///
/// use autosec_ml::calibrate::Conformal;
/// use autosec_ml::champion::{Contender, Contest, Standing, Terms};
/// use autosec_ml::isolation::IsolationForest;
/// use autosec_ml::matrix::Matrix;
///
/// let usual: Vec<f64> = (0..1_000).map(|row| f64::from(row * 37 % 1_000)).collect();
/// let rows = Matrix::new(&usual, 1)?;
/// let contender = |seed| -> Result<Contender, Box<dyn std::error::Error>> {
///     let model = IsolationForest::builder().seed(seed).fit(rows)?;
///     let calibration = Conformal::calibrate(&model.score_batch(rows))?;
///     Ok(Contender { model: Arc::new(model), calibration })
/// };
/// let contest = Contest::new(contender(1)?, contender(2)?, Terms::default());
/// let look = contest.look(&[5_000.0]);
/// assert!(look.champion <= 0.01); // The p-value to act upon.
/// contest.judge(&look, true); // What somebody found out later.
/// assert_eq!(contest.standing(), Standing::Open);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Contest {
    champion: Contender,
    challenger: Contender,
    terms: Terms,
    rows: AtomicU64,
    flagged: AtomicU64,
    won: AtomicU64,
    lost: AtomicU64,
}

/// What both said about a row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Look {
    /// The champion's p-value, which counts.
    pub champion: f64,
    /// The challenger's p-value, which does not.
    pub challenger: f64,
}

/// What was counted of a contest, to be shown, and kept over a restart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Rows that both scored.
    pub rows: u64,
    /// Of these, the ones that the challenger flagged.
    pub flagged: u64,
    /// Judged rows about which only the challenger was right.
    pub won: u64,
    /// Judged rows about which only the champion was right.
    pub lost: u64,
}

/// How a contest stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Standing {
    /// The challenger flags more than it said it would: its calibration is not one of this stream.
    Broken,
    /// The champion is right more often, by the same test.
    Lost,
    /// Nothing is shown so far.
    Open,
    /// The challenger is to take the champion's place.
    Won,
}

impl Default for Terms {
    fn default() -> Self {
        Self { rate: 0.01, fewest_rows: 1_000, fewest_judged: 10, doubt: 0.05 }
    }
}

impl Contest {
    /// A contest in which nothing was counted so far.
    pub fn new(champion: Contender, challenger: Contender, terms: Terms) -> Self {
        Self::resume(champion, challenger, terms, Tally::default())
    }

    /// Goes on where one stopped.
    pub fn resume(champion: Contender, challenger: Contender, terms: Terms, tally: Tally) -> Self {
        let [rows, flagged, won, lost] =
            [tally.rows, tally.flagged, tally.won, tally.lost].map(AtomicU64::new);
        Self { champion, challenger, terms, rows, flagged, won, lost }
    }

    /// Scores a row by both, and counts what the challenger says.
    pub fn look(&self, row: &[f64]) -> Look {
        let [champion, challenger] = [&self.champion, &self.challenger]
            .map(|contender| contender.calibration.p_value(contender.model.score(row)));
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.flagged.fetch_add(u64::from(challenger <= self.terms.rate), Ordering::Relaxed);
        Look { champion, challenger }
    }

    /// Takes in what a row truly was. It counts if only one of the two had flagged it.
    pub fn judge(&self, look: &Look, is_bad: bool) {
        let [champion, challenger] =
            [look.champion, look.challenger].map(|p| (p <= self.terms.rate) == is_bad);
        match (champion, challenger) {
            (false, true) => self.won.fetch_add(1, Ordering::Relaxed),
            (true, false) => self.lost.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }

    /// What was counted.
    pub fn tally(&self) -> Tally {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally {
            rows: read(&self.rows),
            flagged: read(&self.flagged),
            won: read(&self.won),
            lost: read(&self.lost),
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.tally().standing(&self.terms)
    }

    /// The model in force.
    pub fn champion(&self) -> &Contender {
        &self.champion
    }

    /// Ends the contest: the challenger if it [won](Standing::Won), else the champion.
    pub fn into_winner(self) -> Contender {
        if self.standing() == Standing::Won { self.challenger } else { self.champion }
    }
}

impl Tally {
    /// How a contest of these terms stands.
    pub fn standing(&self, terms: &Terms) -> Standing {
        let judged = self.won.saturating_add(self.lost);
        let is_shown =
            judged >= terms.fewest_judged && evidence(self.won, self.lost) >= -libm::log(terms.doubt);
        let expected = terms.rate * self.rows as f64;
        let most = 2.0 * expected + 3.0 * expected.sqrt();
        match self.rows >= terms.fewest_rows {
            true if self.flagged as f64 > most => Standing::Broken,
            true if is_shown && self.won > self.lost => Standing::Won,
            _ if is_shown && self.won < self.lost => Standing::Lost,
            _ => Standing::Open,
        }
    }
}

/// ln of 2^n B(w + 1, l + 1), for w of n tosses.
fn evidence(won: u64, lost: u64) -> f64 {
    let log_factorial = |count: f64| libm::lgamma(count + 1.0);
    let (won, lost) = (won as f64, lost as f64);
    let all = won + lost;
    all * std::f64::consts::LN_2 + log_factorial(won) + log_factorial(lost) - log_factorial(all + 1.0)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, flagged, won, lost } = self;
        write!(
            f,
            "{rows} rows, {flagged} flagged by the challenger; it won {won} judged rows and lost {lost}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn evidence_is_the_bet_worked_out_by_hand() {
        for (won, lost, wanted) in
            [(0, 0, 1.0), (1, 0, 1.0), (2, 0, 4.0 / 3.0), (1, 1, 4.0 / 6.0), (8, 0, 256.0 / 9.0)]
        {
            let found = libm::exp(evidence(won, lost));
            assert!((found - wanted).abs() < 1e-9, "{won} and {lost}: {found}");
        }
    }

    /// Looked at after every judged row, a thousand times over.
    #[test]
    fn one_that_is_no_better_is_hardly_ever_promoted() {
        let mut random = Random::new(1, 0);
        let mut share = |bias: f64| {
            let promoted = (0..1_000).filter(|_| {
                let mut tally = Tally { rows: 2_000, flagged: 20, ..Tally::default() };
                (0..300).any(|_| {
                    if random.fraction() < bias {
                        tally.won += 1
                    } else {
                        tally.lost += 1
                    }
                    tally.standing(&Terms::default()) == Standing::Won
                })
            });
            promoted.count() as f64 / 1_000.0
        };
        let (equal, better) = (share(0.5), share(0.75));
        assert!(equal <= 0.05, "{equal}");
        assert!(better >= 0.9, "{better}");
    }

    #[test]
    fn neither_few_rows_nor_false_alarms_nor_losses_promote() {
        let terms = Terms::default();
        let won = Tally { rows: 1_000, flagged: 12, won: 20, lost: 2 };
        assert_eq!(won.standing(&terms), Standing::Won);
        assert_eq!(Tally { rows: 999, ..won }.standing(&terms), Standing::Open);
        assert_eq!(Tally { won: 9, lost: 0, ..won }.standing(&terms), Standing::Open);
        assert_eq!(Tally { flagged: 40, ..won }.standing(&terms), Standing::Broken);
        assert_eq!(Tally { won: 2, lost: 20, ..won }.standing(&terms), Standing::Lost);
        assert_eq!(Tally::default().standing(&terms), Standing::Open);
    }

    #[derive(Debug)]
    struct Fixed(fn(f64) -> f64);

    impl AnomalyModel for Fixed {
        fn name(&self) -> &'static str {
            "fixed"
        }

        fn columns(&self) -> usize {
            1
        }

        fn score(&self, row: &[f64]) -> f64 {
            row.first().map_or(0.0, |value| self.0(*value))
        }

        fn contributions(&self, row: &[f64]) -> Vec<f64> {
            vec![self.score(row)]
        }
    }

    #[test]
    fn the_one_that_sees_what_the_other_does_not_takes_its_place() {
        let contender = |score: fn(f64) -> f64| {
            let scores: Vec<f64> = (0..999).map(|row| score(f64::from(row) / 1_000.0)).collect();
            Contender { model: Arc::new(Fixed(score)), calibration: Conformal::calibrate(&scores).unwrap() }
        };
        let contest = Contest::new(contender(|value| value), contender(f64::abs), Terms::default());
        for row in 0..2_000 {
            contest.look(&[f64::from(row % 1_000) / 1_000.0]);
        }
        for _ in 0..12 {
            let look = contest.look(&[-3.0]);
            assert!(look.champion > 0.5 && look.challenger <= 0.01);
            contest.judge(&look, true);
        }
        let tally = contest.tally();
        assert_eq!((tally.rows, tally.won, tally.lost), (2_012, 12, 0));
        assert_eq!(contest.standing(), Standing::Won, "{tally}");
        assert_eq!(contest.into_winner().model.score(&[-3.0]), 3.0);
    }
}
