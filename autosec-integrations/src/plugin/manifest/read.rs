//! Texts in TOML to values, and what is wrong with them to diagnostics.

use autosec_core::rule::Diagnostic;
use serde::de::DeserializeOwned;

/// The largest manifest or grant, in bytes.
pub(crate) const TEXT_LIMIT: usize = 64 << 10;

/// What each code of a manifest's or grant's diagnostic means. A code is never given another meaning.
pub const CODES: &[(&str, &str)] = &[
    ("P001", "the text is no TOML"),
    ("P002", "a key is unknown"),
    ("P003", "a key is missing"),
    ("P004", "a value has the wrong type"),
    ("P005", "a value is none of those that are possible"),
    ("P006", "the text is larger than 64 KiB or not UTF-8"),
    ("P007", "two parts of the text contradict each other"),
];

/// Reads a value; `name` (the file's path, say) appears in the diagnostic.
pub(super) fn value<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Diagnostic> {
    if text.len() > TEXT_LIMIT {
        let title = format!("the text has {} bytes, more than 64 KiB", text.len());
        return Err(Diagnostic::of_text("P006", title, name, "", 0..0));
    }
    if let Err(error) = toml::de::DeTable::parse(text) {
        let title = error.message().lines().next().unwrap_or_default().to_owned();
        return Err(Diagnostic::of_text("P001", title, name, text, error.span().unwrap_or(0..0)));
    }
    toml::from_str(text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or_default();
        let (code, title, help) = sorted(message);
        let diagnostic = Diagnostic::of_text(code, title, name, text, error.span().unwrap_or(0..0));
        help.map_or(diagnostic.clone(), |help| diagnostic.help(help))
    })
}

/// What parts of a text contradict each other, with what would help. It is shown where a value first stands in quotes.
pub(super) fn contradiction(name: &str, text: &str, value: &str, title: String, help: &str) -> Diagnostic {
    let quoted = [format!("\"{value}\""), format!("'{value}'")];
    let at = quoted.iter().filter_map(|quoted| text.find(quoted.as_str())).min();
    let at = at.map_or(0..0, |at| at..at + value.len() + 2);
    Diagnostic::of_text("P007", title, name, text, at).help(help)
}

/// The code, the title and the help line that an error of the reader makes.
fn sorted(message: &str) -> (&'static str, String, Option<String>) {
    let cut = |text: &str| text.chars().take(300).collect::<String>();
    if let Some((what, expected)) = message.split_once(", expected ") {
        let code = if what.starts_with("unknown field") {
            "P002"
        } else if what.starts_with("unknown variant") || what.starts_with("invalid value") {
            "P005"
        } else {
            "P004"
        };
        return (code, cut(what), Some(format!("expected {}", cut(expected))));
    }
    if message.starts_with("missing field") {
        return ("P003", cut(message), None);
    }
    match message.split_once("; ") {
        Some((what, help)) => ("P005", cut(what), Some(cut(help))),
        None => ("P005", cut(message), None),
    }
}
