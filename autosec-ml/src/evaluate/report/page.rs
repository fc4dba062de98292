use std::io;
use std::path::Path;

use super::charts;
use super::summary::Summary;
use crate::evaluate::histogram::Histogram;
use crate::evaluate::{Bootstrap, Ranking, RankingError, Reliability};

/// How good a model is, for a person to read: measures with intervals, curves, scores of both kinds, whether probabilities
/// are right, and why some rows have the scores they have.
///
/// Names in it may have been chosen by strangers: they are cut to 120 characters, and can neither be markup nor links nor
/// turn the direction of writing. The page loads nothing from anywhere, and forbids itself to. Pictures have titles and
/// descriptions, and colours for light screens and dark ones that differ in brightness, too.
///
/// ```
/// use autosec_ml::evaluate::{Explained, Report};
///
/// let scores: Vec<f64> = (0..200).map(f64::from).collect();
/// let bad: Vec<bool> = (0..200).map(|row| row > 180).collect();
/// let report = Report::new("Logins", &scores, &bad)?
///     .fact("model", "isolation forest")
///     .explained(Explained::new("ann <ops>", [("hour", 2.5), ("country", 4.0), ("failures", -0.5)]));
/// let page = report.to_html();
/// assert!(page.contains("ann &lt;ops&gt;") && page.contains("<svg"));
/// # Ok::<(), autosec_ml::evaluate::ReportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) title: String,
    pub(super) facts: Vec<(String, String)>,
    pub(super) explained: Vec<Explained>,
    ranking: Ranking,
    histogram: Histogram,
    reliability: Option<Reliability>,
    bootstrap: Bootstrap,
}

/// Why a row has its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    pub(super) name: String,
    /// Largest first, whatever its sign; what is left over is the last.
    pub(super) contributions: Vec<(String, f64)>,
}

/// A picture of a report, as a file of its own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Picture {
    /// What it is called: letters, digits and `-` only.
    pub name: String,
    /// A few words.
    pub title: String,
    /// What is to be seen, for who does not see it.
    pub description: String,
    /// The whole file.
    pub svg: String,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A score is infinite.
    #[error("the score of row {0} is infinite, and cannot be drawn")]
    Infinite(usize),
    /// The scores or the truth about them cannot be ranked.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// A file could not be written.
    #[error("the report cannot be written")]
    Write(#[from] io::Error),
}

impl Explained {
    /// The most columns of a row that are shown by themselves.
    pub const MOST_COLUMNS: usize = 12;

    /// The row of this name, and what each column adds to its score. The largest are shown, the others as one;
    /// what is not finite is left out.
    pub fn new<N: Into<String>>(
        name: impl Into<String>,
        contributions: impl IntoIterator<Item = (N, f64)>,
    ) -> Self {
        let mut contributions: Vec<(String, f64)> =
            contributions.into_iter().map(|(name, adds)| (name.into(), adds)).collect();
        contributions.retain(|(_, adds)| adds.is_finite());
        contributions.sort_by(|(_, left), (_, right)| right.abs().total_cmp(&left.abs()));
        if contributions.len() > Self::MOST_COLUMNS {
            let rest = contributions.split_off(Self::MOST_COLUMNS - 1);
            let sum = rest.iter().map(|(_, adds)| adds).sum();
            contributions.push((format!("{} others", rest.len()), sum));
        }
        Self { name: name.into(), contributions }
    }
}

impl Report {
    /// The most facts and the most explained rows; more are left out.
    pub const MOST_ENTRIES: usize = 24;
    /// How many bins probabilities are sorted into.
    pub const BINS: usize = 15;

    /// A report about these scores; `bad` says of each row whether it is what was looked for.
    ///
    /// # Errors
    /// When scores cannot be [ranked](Ranking::new), or when one is infinite.
    pub fn new(title: impl Into<String>, scores: &[f64], bad: &[bool]) -> Result<Self, ReportError> {
        let ranking = Ranking::new(scores, bad)?;
        if let Some(row) = scores.iter().position(|score| score.is_infinite()) {
            return Err(ReportError::Infinite(row));
        }
        Ok(Self {
            title: title.into(),
            facts: Vec::new(),
            explained: Vec::new(),
            ranking,
            histogram: Histogram::new(scores, bad),
            reliability: None,
            bootstrap: Bootstrap::default(),
        })
    }

    /// Adds something worth knowing, such as what the model is and what it was trained on.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if self.facts.len() < Self::MOST_ENTRIES {
            self.facts.push((name.into(), value.into()));
        }
        self
    }

    /// Adds how likely each row was said to be bad, and how right that was.
    ///
    /// # Errors
    /// When there is not one for each truth, or when one is NaN.
    pub fn probabilities(mut self, probabilities: &[f64], bad: &[bool]) -> Result<Self, ReportError> {
        self.reliability = Some(Reliability::new(probabilities, bad, Self::BINS)?);
        Ok(self)
    }

    /// Adds why a row has its score.
    #[must_use]
    pub fn explained(mut self, row: Explained) -> Self {
        if self.explained.len() < Self::MOST_ENTRIES {
            self.explained.push(row);
        }
        self
    }

    /// How intervals are estimated; [`Bootstrap::default`] if not said.
    #[must_use]
    pub fn bootstrap(self, bootstrap: Bootstrap) -> Self {
        Self { bootstrap, ..self }
    }

    /// Writes `report.html`, `report.md` and the pictures of the latter into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("report.html"), self.to_html())?;
        let markdown = self.to_markdown("report");
        std::fs::write(folder.join("report.md"), &markdown.text)?;
        for picture in &markdown.pictures {
            std::fs::write(folder.join(format!("report-{}.svg", picture.name)), &picture.svg)?;
        }
        Ok(())
    }

    pub(super) fn summary(&self) -> Summary {
        Summary::new(&self.ranking, self.reliability.as_ref(), self.bootstrap)
    }

    /// Every picture, without the colours.
    pub(super) fn drawings(&self) -> Vec<charts::Drawing> {
        let mut drawings = vec![
            charts::roc(&self.ranking),
            charts::precision_recall(&self.ranking),
            charts::scores(&self.histogram),
        ];
        drawings.extend(self.reliability.as_ref().map(charts::reliability));
        drawings
            .extend(self.explained.iter().zip(1..).map(|(row, number)| charts::contributions(row, number)));
        drawings
    }
}
