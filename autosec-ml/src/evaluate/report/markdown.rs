use std::fmt::Write as _;

use super::charts::Drawing;
use super::escape::markdown;
use super::page::{Picture, Report};
use super::summary::Summary;

/// A report in Markdown, and the pictures it shows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MarkdownReport {
    /// The text, in CommonMark with tables.
    pub text: String,
    /// Write each beside the text, as `<prefix>-<name>.svg`.
    pub pictures: Vec<Picture>,
}

impl Report {
    /// The report in Markdown. It shows its pictures as `<prefix>-<name>.svg`; of the prefix only letters, digits, `-` and `_`
    /// are kept.
    pub fn to_markdown(&self, prefix: &str) -> MarkdownReport {
        let prefix: String = prefix
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
            .collect();
        let mut text = format!("# {}\n\n", markdown(&self.title));
        if !self.facts.is_empty() {
            text.push_str("| what | |\n|---|---|\n");
            for (name, value) in &self.facts {
                let _ = writeln!(text, "| {} | {} |", markdown(name), markdown(value));
            }
            text.push('\n');
        }
        measures(&mut text, &self.summary());
        text.push_str("## Pictures\n\n");
        let drawings = self.drawings();
        for drawing in &drawings {
            let (title, about) = (markdown(&drawing.title), long(&drawing.description));
            let _ = write!(text, "### {title}\n\n![{about}]({prefix}-{}.svg)\n\n{about}\n\n", drawing.name);
        }
        let length = text.trim_end().len() + 1;
        text.truncate(length);
        MarkdownReport { text, pictures: drawings.iter().map(Drawing::picture).collect() }
    }
}

fn measures(text: &mut String, summary: &Summary) {
    text.push_str("## Measures\n\n| measure | value | interval | what it means |\n|---|---:|---:|---|\n");
    for measure in &summary.rows {
        let [value, interval] = measure.texts();
        let _ = writeln!(text, "| {} | {value} | {interval} | {} |", measure.name, measure.meaning);
    }
    text.push('\n');
    summary.notes.iter().for_each(|note| {
        let _ = write!(text, "{note}\n\n");
    });
}

/// Descriptions are longer than a name may be.
fn long(text: &str) -> String {
    text.split(' ').map(markdown).collect::<Vec<_>>().join(" ")
}
