use std::collections::BTreeMap;

use autosec_ml::evaluate::{Explained, Ranking, Report, ReportError};
use pyo3::prelude::*;

use super::class::floats;
use crate::error;
use crate::guard::detached;

/// A row with what each column adds to its score.
type Row = (String, Vec<(String, f64)>);

/// HTML, Markdown, its pictures by the names of their files, ROC-AUC and average precision.
type Made = (String, String, BTreeMap<String, String>, f64, f64);

/// The report of how good scores are, beside what was so.
#[pyfunction]
pub(crate) fn _report(
    py: Python<'_>,
    title: String,
    scores: &[u8],
    bad: Vec<bool>,
    facts: Vec<(String, String)>,
    explained: Vec<Row>,
) -> PyResult<Made> {
    let made = detached(py, || -> Result<Made, ReportError> {
        let scores = floats(scores);
        let ranking = Ranking::new(&scores, &bad)?;
        let report = Report::new(title, &scores, &bad)?;
        let report = facts.into_iter().fold(report, |report, (name, value)| report.fact(name, value));
        let rows = explained.into_iter().map(|(name, adds)| Explained::new(name, adds));
        let report = rows.fold(report, Report::explained);
        let markdown = report.to_markdown("report");
        let pictures = markdown.pictures.into_iter();
        let pictures = pictures.map(|picture| (format!("report-{}.svg", picture.name), picture.svg));
        Ok((
            report.to_html(),
            markdown.text,
            pictures.collect(),
            ranking.roc_auc(),
            ranking.average_precision(),
        ))
    });
    made.map_err(|wrong| error::config(py, error::chain(&wrong)))
}
