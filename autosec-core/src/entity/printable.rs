use std::borrow::Cow;

/// The longest foreign text that is shown, in bytes; longer ones are cut and end in `…`.
pub const PRINTABLE_LIMIT: usize = 200;

/// Foreign text as it may be shown in a terminal, a log or a page: control characters and other invisible ones are
/// escaped (`\u{1b}`, `\n`), so that nobody who chooses a user name forges a line or moves a cursor, and what is longer
/// than [`PRINTABLE_LIMIT`] is cut. Quotes, backslashes and letters of every script stay as they are. Borrowed where
/// nothing is to be changed, as is usual.
pub fn printable(text: &str) -> Cow<'_, str> {
    // Nearly everything is plain, and seen to be so without telling characters apart: that was a tenth of a finding of a
    // listed value (callgrind, 2026-11-23).
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
    if text.len() <= PRINTABLE_LIMIT && text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        return Cow::Borrowed(text);
    }
    let kept = text.get(..text.floor_char_boundary(PRINTABLE_LIMIT)).unwrap_or(text);
    if kept.len() == text.len()
        && !kept.chars().any(|character| character.is_control() || is_hidden(character))
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(kept.len() + 8);
    for character in kept.chars() {
        match character {
            control if control.is_control() => shown.extend(control.escape_debug()),
            hidden if is_hidden(hidden) => shown.extend(hidden.escape_unicode()),
            plain => shown.push(plain),
        }
    }
    if kept.len() < text.len() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

/// Whether a character, though no control character, takes no room or turns the direction of what follows it.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_cannot_be_seen() {
        let cases = [
            ("\u{1b}[2J", r"\u{1b}[2J"),
            ("a\nb\r\t", r"a\nb\r\t"),
            ("\u{7}\u{0}\u{9b}", r"\u{7}\0\u{9b}"),
            ("safe\u{202e}gnp", r"safe\u{202e}gnp"),
            ("line\u{2028}", r"line\u{2028}"),
        ];
        for (text, shown) in cases {
            assert_eq!(printable(text), shown);
        }
        for plain in ["", "root", "DOM\\eve", "it's \"so\"", "Ærø Ωδή नमस्ते 山田 🦀"] {
            assert!(matches!(printable(plain), Cow::Borrowed(same) if same == plain), "{plain}");
        }
    }

    #[test]
    fn is_bounded() {
        let long = "ä".repeat(500);
        assert_eq!(printable(&long), format!("{}…", "ä".repeat(100)));
        assert!(matches!(printable(&"x".repeat(PRINTABLE_LIMIT)), Cow::Borrowed(_)));
    }
}
