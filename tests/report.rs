//! The report as files: golden ones, and what strangers' names cannot do to it.

use std::path::{Path, PathBuf};

use autosec_ml::calibrate::Isotonic;
use autosec_ml::evaluate::{Bootstrap, Explained, Report, ReportError};

use crate::support::golden;

/// Scores and the truth: bad rows score higher, but for some.
fn rows() -> (Vec<f64>, Vec<bool>) {
    let number = |row: u32| f64::from(row.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24);
    let bad = |row: u32| row.is_multiple_of(12);
    let score = |row: u32| number(row) * 0.6 + if bad(row) && !row.is_multiple_of(36) { 0.35 } else { 0.0 };
    ((1..=600).map(score).collect(), (1..=600).map(bad).collect())
}

fn report(name: &str) -> Report {
    let (scores, bad) = rows();
    let probabilities = Isotonic::calibrate(&scores, &bad).unwrap();
    let probabilities: Vec<f64> = scores.iter().map(|score| probabilities.probability(*score)).collect();
    let columns = ["hour", "country", name, "distance_km", "failures"].into_iter();
    Report::new("Logins of a made-up week", &scores, &bad)
        .unwrap()
        .fact("model", "isolation forest, 100 trees of 256 rows")
        .fact(name, "a value | of its own")
        .bootstrap(Bootstrap::default().resamples(100))
        .probabilities(&probabilities, &bad)
        .unwrap()
        .explained(Explained::new(name, columns.zip([0.5, 3.25, -1.0, 2.0, -0.25])))
}

const HOSTILE: &str =
    "</title><script>alert(\"x\")</script>\u{202e}\u{1b}[2J\n| [a](javascript:b) ' onload='c";

#[test]
fn files_are_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/report");
    let report = report("user agent");
    let markdown = report.to_markdown("report");
    let mut files: Vec<(PathBuf, String)> =
        vec![(folder.join("report.html"), report.to_html()), (folder.join("report.md"), markdown.text)];
    let picture = |picture: &autosec_ml::evaluate::Picture| {
        (folder.join(format!("report-{}.svg", picture.name)), picture.svg.clone())
    };
    files.extend(markdown.pictures.iter().map(picture));
    let wrong: Vec<String> = files.iter().filter_map(|(path, text)| golden::differs(path, text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every tag that is opened is closed in its turn, and there are no others than the report makes.
fn tags(markup: &str) -> Vec<&str> {
    let mut open = Vec::new();
    for part in markup.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap_or_else(|| panic!("`{part}` is not closed"));
        let name = tag.split(' ').next().unwrap();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "in <{tag}>");
        } else if !tag.ends_with('/') && !matches!(name, "!doctype" | "meta") {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    markup.split('<').skip(1).filter_map(|part| part.split([' ', '>']).next()).collect()
}

#[test]
fn names_of_strangers_are_text() {
    let (tame, hostile) = (report("user agent"), report(HOSTILE));
    assert_eq!(tags(&tame.to_html()), tags(&hostile.to_html()));
    for (tame, hostile) in tame.to_markdown("r").pictures.iter().zip(&hostile.to_markdown("r").pictures) {
        assert_eq!(tags(&tame.svg), tags(&hostile.svg), "{}", hostile.svg);
        assert!(!hostile.svg.contains(['\u{202e}', '\u{1b}']));
    }
    let text = hostile.to_markdown("../r\"; <").text;
    assert!(
        !text.contains("<script") && !text.contains(['\u{202e}', '\u{1b}']) && !text.contains("](javascript")
    );
    assert!(text.contains("](r-roc.svg)") && !text.contains("../"), "{text}");
    let cells =
        |text: &str| text.lines().map(|line| line.matches('|').count()).filter(|count| *count > 0).max();
    assert_eq!(cells(&text), Some(5));
}

#[test]
fn whatever_is_seen_is_said_too() {
    let report = report("user agent");
    let page = report.to_html();
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    for (element, count) in [("<svg", 5), ("<title id=", 5), ("<desc id=", 5), ("<figcaption", 5)] {
        assert_eq!(page.matches(element).count(), count, "{element}");
    }
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("<html lang=\"en\">"));
    // It neither loads nor runs anything.
    assert!(
        !page.contains("http:")
            && !page.contains("https:")
            && !page.contains("url(")
            && !page.contains("src=")
    );
    let markdown = report.to_markdown("report");
    for picture in &markdown.pictures {
        assert!(markdown.text.contains(&format!("](report-{}.svg)", picture.name)));
        assert!(picture.svg.contains("prefers-color-scheme:dark") && picture.description.len() > 40);
    }
}

#[test]
fn sizes_are_bounded() {
    let (scores, bad) = rows();
    let mut report = Report::new("x".repeat(100_000), &scores, &bad).unwrap();
    report = report.bootstrap(Bootstrap::default().resamples(1));
    for row in 0..1_000 {
        let columns =
            (0..500).map(|column| (format!("{row} {column} {}", "y ".repeat(1_000)), f64::from(column)));
        report = report
            .fact("f".repeat(10_000), "v".repeat(10_000))
            .explained(Explained::new("n ".repeat(9_999), columns));
    }
    let page = report.to_html();
    assert!(page.len() < 400_000 && page.contains("489 others"), "{}", page.len());
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let error = Report::new("t", &[1.0, f64::INFINITY], &[true, false]).unwrap_err();
    assert!(matches!(error, ReportError::Infinite(1)));
    assert!(matches!(Report::new("t", &[1.0], &[true]).unwrap_err(), ReportError::Ranking(_)));
    let (scores, bad) = rows();
    let odd =
        Explained::new("odd", [("nan", f64::NAN), ("large", f64::MAX), ("small", f64::MIN), ("none", 0.0)]);
    let page = Report::new("t", &scores, &bad).unwrap().explained(odd).to_html();
    let at = page.find("NaN").or_else(|| page.find("inf\"")).map(|at| &page[at.saturating_sub(60)..at + 20]);
    assert_eq!(at, None);
}
