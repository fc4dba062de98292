use crate::evaluate::{Bootstrap, Interval, Ranking, Reliability};

/// The measures of a report.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) rows: Vec<Measure>,
    /// What is to be kept in mind about them.
    pub(super) notes: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) interval: Option<Interval>,
    pub(super) meaning: String,
}

/// The false positive rates that recall is told at.
const RATES: [(f64, &str); 3] = [
    (0.001, "recall at a false positive rate of 0.1 %"),
    (0.01, "recall at a false positive rate of 1 %"),
    (0.05, "recall at a false positive rate of 5 %"),
];

impl Summary {
    pub(super) fn new(ranking: &Ranking, reliability: Option<&Reliability>, bootstrap: Bootstrap) -> Self {
        let measure = |ranking: &Ranking| {
            let [first, second, third] = RATES.map(|(rate, _)| ranking.recall_at(rate));
            [ranking.roc_auc(), ranking.average_precision(), first, second, third]
        };
        let (bad, good) = ranking.rows();
        let [area, precision, recalls @ ..] = measure(ranking);
        let [of_area, of_precision, of_recalls @ ..] = ranking.intervals(bootstrap, measure);
        let one = |name, value, interval, meaning| Measure { name, value, interval: Some(interval), meaning };
        let mut rows = vec![
            one(
                "ROC-AUC",
                area,
                of_area,
                "how often a bad row scores higher than a good one; chance is 0.5".to_owned(),
            ),
            one(
                "average precision",
                precision,
                of_precision,
                format!("chance is {:.4}, the share of bad rows", ranking.prevalence()),
            ),
        ];
        for (((rate, name), value), interval) in RATES.into_iter().zip(recalls).zip(of_recalls) {
            let flagged = (rate * good as f64 * (1.0 + 1e-12)).floor();
            rows.push(one(
                name,
                value,
                interval,
                format!("at most {flagged:.0} of {good} good rows are flagged, too"),
            ));
        }
        rows.extend(reliability.map(|reliability| Measure {
            name: "expected calibration error",
            value: reliability.expected_error(),
            interval: None,
            meaning: "how far probabilities are from what was so".to_owned(),
        }));
        let mut notes = vec![format!(
            "{bad} bad rows and {good} good ones. The intervals are of chance in which rows were drawn, and not of training again or of other data."
        )];
        if bad < 30 {
            notes.push("Fewer than 30 bad rows: the intervals are wide, and themselves not sure.".to_owned());
        }
        if good < 1_000 {
            notes.push(format!("With {good} good rows a false positive rate of 0.1 % is less than one row."));
        }
        Self { rows, notes }
    }
}

impl Measure {
    /// Value and interval as they are shown.
    pub(super) fn texts(&self) -> [String; 2] {
        let interval = self.interval.map(|interval| format!("{:.4} to {:.4}", interval.low, interval.high));
        [format!("{:.4}", self.value), interval.unwrap_or_else(|| "–".to_owned())]
    }
}
