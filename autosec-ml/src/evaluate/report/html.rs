use std::fmt::Write as _;

use super::chart::{SHAPES, STYLE};
use super::charts::Drawing;
use super::escape::markup;
use super::page::Report;
use super::summary::Summary;

/// How the page is laid out.
const LAYOUT: &str = "\
body{background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;max-width:1020px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse}caption{text-align:left;color:var(--soft)}
th,td{text-align:left;padding:.25rem .75rem;border-bottom:1px solid var(--grid);overflow-wrap:anywhere}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.pictures{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;max-width:100%}svg{max-width:100%;height:auto}
figcaption{color:var(--soft);max-width:480px;overflow-wrap:anywhere}
";

impl Report {
    /// The report as one page that needs nothing else: pictures are inside, and nothing is loaded.
    pub fn to_html(&self) -> String {
        let title = markup(&self.title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>\n{STYLE}{SHAPES}{LAYOUT}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        );
        facts(&mut page, &self.facts);
        measures(&mut page, &self.summary());
        pictures(&mut page, &self.drawings());
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }
}

fn facts(page: &mut String, facts: &[(String, String)]) {
    if facts.is_empty() {
        return;
    }
    page.push_str("<table>\n<caption>What was evaluated</caption>\n<tbody>\n");
    for (name, value) in facts {
        let _ = writeln!(page, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", markup(name), markup(value));
    }
    page.push_str("</tbody>\n</table>\n");
}

fn measures(page: &mut String, summary: &Summary) {
    page.push_str(
        "<h2>Measures</h2>\n<table>\n<thead><tr><th scope=\"col\">measure</th><th scope=\"col\">value</th>\
         <th scope=\"col\">interval</th><th scope=\"col\">what it means</th></tr></thead>\n<tbody>\n",
    );
    for measure in &summary.rows {
        let [value, interval] = measure.texts();
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{value}</td><td class=\"number\">{interval}</td><td>{}</td></tr>",
            markup(measure.name),
            markup(&measure.meaning)
        );
    }
    page.push_str("</tbody>\n</table>\n");
    summary.notes.iter().for_each(|note| {
        let _ = writeln!(page, "<p>{}</p>", super::charts::long_markup(note));
    });
}

fn pictures(page: &mut String, drawings: &[Drawing]) {
    page.push_str("<h2>Pictures</h2>\n<div class=\"pictures\">\n");
    for drawing in drawings {
        let caption = format!("{}. {}", drawing.title, drawing.description);
        let caption = super::charts::long_markup(&caption);
        let _ = write!(page, "<figure>\n{}<figcaption>{caption}</figcaption>\n</figure>\n", drawing.inline());
    }
    page.push_str("</div>\n");
}
