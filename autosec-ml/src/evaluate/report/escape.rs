//! Texts that strangers may have chosen, made harmless where they are shown.

use std::fmt::Write as _;

/// The longest text that is shown, in characters.
pub(super) const LONGEST: usize = 120;

/// A text of at most [`LONGEST`] characters with control characters, and those that turn the direction of writing, spelt out.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().min(4 * LONGEST));
    for (count, letter) in text.chars().enumerate() {
        if count == LONGEST {
            plain.push('…');
            break;
        }
        match letter {
            '\'' | '"' | '\\' => plain.push(letter),
            other => plain.extend(other.escape_debug()),
        }
    }
    plain
}

/// For text and attributes of HTML and SVG.
pub(super) fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in plain(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For text of Markdown: every sign that may mean something is escaped, so that it neither makes a link nor markup nor
/// ends the cell of a table.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in plain(text).chars() {
        match letter {
            // Parsers differ in whether an escaped one of these is text.
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' => escaped.push_str("&#124;"),
            ',' | ' ' | '%' | ';' | '=' => escaped.push(letter),
            other if other.is_ascii_punctuation() => {
                let _ = write!(escaped, "\\{other}");
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out() {
        let hostile =
            "<script>alert('x')</script>\u{1b}[31m\u{202e}\n| [a](javascript:b) ![c](//d) `e` &amp; \"f\"";
        let markup = markup(hostile);
        assert!(!markup.contains(['<', '>', '"', '\'', '\u{1b}', '\u{202e}', '\n']), "{markup}");
        let markdown = markdown(hostile);
        assert!(!markdown.contains(['<', '>', '|', '\n', '\u{1b}']), "{markdown}");
        for (at, sign) in markdown.match_indices(['[', ']', '(', ')', '!', '`', ':']) {
            assert!(markdown[..at].ends_with('\\'), "{sign} of {markdown}");
        }
        assert_eq!(plain(&"é".repeat(5_000)).chars().count(), LONGEST + 1);
    }
}
