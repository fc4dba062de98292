use std::fmt::Write as _;

use super::chart::{Axis, Chart, SHAPES, STYLE, short};
use super::escape::{markup, plain};
use super::page::{Explained, Picture};
use crate::evaluate::histogram::Histogram;
use crate::evaluate::{Ranking, Reliability};

/// What a picture consists of.
#[derive(Debug)]
pub(super) struct Drawing {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    body: String,
    width: f64,
    height: f64,
}

/// Neighbours on a curve are as far apart as a third of a pixel.
const STEP: f64 = 0.001;

impl Drawing {
    fn new(name: &str, title: &str, description: String, chart: Chart) -> Self {
        let (body, width, height) = chart.finish();
        Self { name: name.to_owned(), title: title.to_owned(), description, body, width, height }
    }

    /// The `svg` element for a page that has the colours.
    pub(super) fn inline(&self) -> String {
        self.element("", "")
    }

    /// The picture as a file.
    pub(super) fn picture(&self) -> Picture {
        let style = format!("<style>\n{STYLE}{SHAPES}</style>\n");
        let svg = self.element(" xmlns=\"http://www.w3.org/2000/svg\"", &style);
        let (name, title) = (self.name.clone(), self.title.clone());
        Picture { name, title, description: self.description.clone(), svg }
    }

    fn element(&self, attributes: &str, style: &str) -> String {
        let Self { name, body, width, height, .. } = self;
        let (title, description) = (markup(&self.title), long_markup(&self.description));
        format!(
            "<svg{attributes} role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             aria-labelledby=\"{name}-title {name}-about\">\n\
             <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-about\">{description}</desc>\n\
             {style}<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n{body}</svg>\n"
        )
    }
}

/// Descriptions are longer than a name may be: each of their words is made harmless by itself.
pub(super) fn long_markup(text: &str) -> String {
    text.split(' ').map(markup).collect::<Vec<_>>().join(" ")
}

pub(super) fn roc(ranking: &Ranking) -> Drawing {
    let mut chart = Chart::new(Axis::share("false positive rate"), Axis::share("recall"));
    chart.line("chance", [(0.0, 0.0), (1.0, 1.0)]);
    chart.line("line", ranking.curve(STEP).iter().map(|point| (point.false_positive_rate, point.recall)));
    let description = format!(
        "Recall against false positive rate. The area below the curve is {:.4}; the dashed line is chance. One false alarm \
         in a hundred good rows finds {:.1} % of the bad ones, five find {:.1} %.",
        ranking.roc_auc(),
        100.0 * ranking.recall_at(0.01),
        100.0 * ranking.recall_at(0.05)
    );
    Drawing::new("roc", "ROC curve", description, chart)
}

pub(super) fn precision_recall(ranking: &Ranking) -> Drawing {
    let mut chart = Chart::new(Axis::share("recall"), Axis::share("precision"));
    let prevalence = ranking.prevalence();
    chart.line("chance", [(0.0, prevalence), (1.0, prevalence)]);
    // In steps: a straight line between two points promises what no threshold keeps.
    let mut steps = Vec::new();
    let mut before = 0.0;
    for point in ranking.curve(STEP).iter().skip(1) {
        steps.extend([(before, point.precision), (point.recall, point.precision)]);
        before = point.recall;
    }
    chart.line("line", steps);
    let description = format!(
        "Precision against recall. The average precision is {:.4}; the dashed line is chance, the share of bad rows, {:.4}.",
        ranking.average_precision(),
        prevalence
    );
    Drawing::new("precision-recall", "Precision and recall", description, chart)
}

pub(super) fn scores(histogram: &Histogram) -> Drawing {
    let label = if histogram.is_open { "score (last bar: and above)" } else { "score" };
    let across = Axis { label, from: histogram.low, to: histogram.high };
    let up = Axis { label: "share of rows of a kind", from: 0.0, to: histogram.highest() };
    let mut chart = Chart::new(across, up);
    let bars = histogram.bars.len() as f64;
    let edge = |bar: f64| histogram.low * (1.0 - bar / bars) + histogram.high * (bar / bars);
    for (number, [good, bad]) in histogram.bars.iter().enumerate() {
        let (from, to) = (edge(number as f64), edge(number as f64 + 1.0));
        chart.bar("good", (from, to), *good);
        let inset = (to - from) * 0.25;
        chart.bar("bad", (from + inset, to - inset), *bad);
    }
    chart.legend(&[("good", "good rows"), ("bad", "bad rows")]);
    let description = format!(
        "Where the scores of good rows (wide bars) and of bad rows (narrow bars) lie, from {} to {}.",
        short(histogram.low),
        short(histogram.high)
    );
    Drawing::new("scores", "Scores of good and bad rows", description, chart)
}

pub(super) fn reliability(reliability: &Reliability) -> Drawing {
    let mut chart = Chart::new(Axis::share("probability that was said"), Axis::share("share that was bad"));
    chart.line("chance", [(0.0, 0.0), (1.0, 1.0)]);
    let most = reliability.bins().iter().map(|bin| bin.rows).max().unwrap_or(1) as f64;
    chart.line("line", reliability.bins().iter().map(|bin| (bin.predicted, bin.observed)));
    for bin in reliability.bins() {
        chart.dot(bin.predicted, bin.observed, bin.rows as f64 / most);
    }
    let description = format!(
        "The share of rows that were bad against how likely that was said to be, in {} bins; the larger a dot, the more rows. \
         On the dashed line both are alike; on average they are {:.4} apart.",
        reliability.bins().len(),
        reliability.expected_error()
    );
    Drawing::new("calibration", "Calibration", description, chart)
}

/// Bars to the right for what makes a row unusual, to the left for what makes it look usual.
pub(super) fn contributions(row: &Explained, number: usize) -> Drawing {
    const BAR: f64 = 26.0;
    const NAMES: f64 = 190.0;
    const WIDTH: f64 = 480.0;
    let most = row.contributions.iter().map(|(_, adds)| adds.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let reach = (WIDTH - NAMES) / 2.0 - 46.0;
    let zero = NAMES + (WIDTH - NAMES) / 2.0;
    let height = BAR * row.contributions.len() as f64 + 16.0;
    let mut body = format!("<path class=\"axis\" d=\"M{zero} 8V{}\"/>\n", height - 8.0);
    for (place, (name, adds)) in row.contributions.iter().enumerate() {
        let (y, length) = (8.0 + BAR * place as f64, (reach * (adds.abs() / most)).clamp(0.0, reach));
        let (class, x, at, anchor) = if *adds < 0.0 {
            ("good", zero - length, zero - length - 4.0, "end")
        } else {
            ("bad", zero, zero + length + 4.0, "start")
        };
        let _ = writeln!(
            body,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{:.1}\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            NAMES - 6.0,
            y + 17.0,
            markup(&clipped(name)),
            y + 4.0,
            BAR - 8.0,
            y + 17.0,
            short(*adds)
        );
    }
    let said = row.contributions.iter().map(|(name, adds)| format!("{} {}", plain(name), short(*adds)));
    let description =
        format!("What adds to the score, the largest first: {}.", said.collect::<Vec<_>>().join(", "));
    let (name, title) = (format!("row-{number}"), format!("Why {} has its score", plain(&row.name)));
    Drawing { name, title, description, body, width: WIDTH, height }
}

/// As much of a name as fits beside its bar.
fn clipped(name: &str) -> String {
    const FITS: usize = 26;
    if name.chars().count() <= FITS {
        return name.to_owned();
    }
    name.chars().take(FITS - 1).chain(['…']).collect()
}
