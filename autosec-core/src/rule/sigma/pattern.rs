use memchr::memchr3;

use crate::rule::lang::ast::Place;
use crate::rule::lang::condition::Piece;

/// A text with wildcards. Texts in it are not empty and do not follow each other.
pub(super) type Pattern = Vec<Piece>;

/// Reads a value: `*` and `?` are wildcards unless a backslash stands before them; `\\` is one backslash, and so is a
/// backslash before anything else.
pub(super) fn read(text: &str) -> Pattern {
    let mut pattern = Pattern::new();
    let mut rest = text;
    while !rest.is_empty() {
        let special = memchr3(b'*', b'?', b'\\', rest.as_bytes()).unwrap_or(rest.len());
        let (plain, behind) = rest.split_at_checked(special).unwrap_or((rest, ""));
        let (escaped, length) = match behind.as_bytes() {
            [b'\\', b'*' | b'?' | b'\\', ..] => (behind.get(1..2), 2),
            [b'\\', ..] => (behind.get(..1), 1),
            _ => (None, behind.len().min(1)),
        };
        for text in [plain, escaped.unwrap_or_default()] {
            push_text(&mut pattern, text, rest.len());
        }
        match behind.as_bytes().first() {
            Some(b'*') => add(&mut pattern, Piece::Many),
            Some(b'?') => add(&mut pattern, Piece::One),
            _ => {}
        }
        rest = behind.get(length..).unwrap_or_default();
    }
    pattern
}

/// The pattern of a text without wildcards.
pub(super) fn literal(text: String) -> Pattern {
    if text.is_empty() { Pattern::new() } else { vec![Piece::Text(text)] }
}

/// The text, if there are no wildcards in it.
pub(super) fn plain(pattern: &Pattern) -> Option<&str> {
    match pattern.as_slice() {
        [] => Some(""),
        [Piece::Text(text)] => Some(text),
        _ => None,
    }
}

/// The pattern of texts that have it in this place.
pub(super) fn placed(mut pattern: Pattern, place: Place) -> Pattern {
    if place != Place::Start && pattern.first() != Some(&Piece::Many) {
        pattern.insert(0, Piece::Many);
    }
    if place != Place::End {
        add(&mut pattern, Piece::Many);
    }
    pattern
}

/// Each dash or slash that begins an option stands for every dash that Windows programs take there.
pub(super) fn windash(pattern: Pattern) -> Pattern {
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    let mut dashed = Pattern::new();
    for piece in pattern {
        let Piece::Text(text) = piece else {
            add(&mut dashed, piece);
            continue;
        };
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let begins = !before.as_ref().is_some_and(is_word) && chars.peek().is_some_and(is_word);
            if begins && matches!(c, '-' | '/' | '\u{2013}' | '\u{2014}' | '\u{2015}') {
                dashed.push(Piece::Dash)
            } else {
                push(&mut dashed, c)
            }
            before = Some(c);
        }
    }
    dashed
}

/// The first placeholder `%name%`: the pattern before it, its name, and the pattern behind it.
pub(super) fn placeholder(pattern: &Pattern) -> Option<(Pattern, String, Pattern)> {
    pattern.iter().enumerate().find_map(|(at, piece)| {
        let Piece::Text(text) = piece else { return None };
        let (before, name, after) = named(text)?;
        let head = joined(pattern.iter().take(at).cloned(), literal(before.to_owned()));
        let tail = joined(literal(after.to_owned()), pattern.iter().skip(at + 1).cloned());
        Some((head, name.to_owned(), tail))
    })
}

/// The pattern with `%` for `\%`, as a percent sign is written where placeholders are filled in.
pub(super) fn unescape(mut pattern: Pattern) -> Pattern {
    for piece in &mut pattern {
        if let Piece::Text(text) = piece {
            *text = text.replace("\\%", "%");
        }
    }
    pattern
}

/// One pattern behind the other.
pub(super) fn joined(
    first: impl IntoIterator<Item = Piece>,
    second: impl IntoIterator<Item = Piece>,
) -> Pattern {
    let mut pattern = Pattern::new();
    for piece in first.into_iter().chain(second) {
        add(&mut pattern, piece);
    }
    pattern
}

fn named(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let opens = text.match_indices('%').filter(|(at, _)| !text.get(..*at).is_some_and(|t| t.ends_with('\\')));
    opens.into_iter().find_map(|(at, _)| {
        let (before, rest) = (text.get(..at)?, text.get(at + 1..)?);
        let (name, after) = rest.split_once('%')?;
        is_name(name).then_some((before, name, after))
    })
}

/// Adds a text, of `whole` bytes with what may follow it.
fn push_text(pattern: &mut Pattern, text: &str, whole: usize) {
    match pattern.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(held)) => held.push_str(text),
        _ => {
            let mut held = String::with_capacity(whole);
            held.push_str(text);
            pattern.push(Piece::Text(held));
        }
    }
}

fn push(pattern: &mut Pattern, c: char) {
    match pattern.last_mut() {
        Some(Piece::Text(text)) => text.push(c),
        _ => pattern.push(Piece::Text(c.into())),
    }
}

/// Adds a piece; texts grow together, and of `*` one is as good as several.
fn add(pattern: &mut Pattern, piece: Piece) {
    match (pattern.last_mut(), piece) {
        (Some(Piece::Many), Piece::Many) => {}
        (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
        (_, piece) => pattern.push(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn escapes_as_the_specification_says() {
        let cases = [
            (r"\\foo\bar", vec![text(r"\foo\bar")]),
            (r"\\\\server\share", vec![text(r"\\server\share")]),
            (r"a\*b", vec![text("a*b")]),
            (r"a\\*b", vec![text(r"a\"), Piece::Many, text("b")]),
            (r"a\\\*b", vec![text(r"a\*b")]),
            (r"a\?b?", vec![text("a?b"), Piece::One]),
            (r"end\", vec![text(r"end\")]),
            ("**", vec![Piece::Many]),
            ("", vec![]),
        ];
        for (written, pattern) in cases {
            assert_eq!(read(written), pattern, "{written}");
        }
    }

    #[test]
    fn finds_the_dashes_of_options() {
        assert_eq!(windash(read(" -f")), [text(" "), Piece::Dash, text("f")]);
        assert_eq!(
            windash(read("a-b --c /d -")),
            [text("a-b -"), Piece::Dash, text("c "), Piece::Dash, text("d -")]
        );
        assert_eq!(windash(read("*-x")), [Piece::Many, Piece::Dash, text("x")]);
    }

    #[test]
    fn finds_placeholders() {
        let (head, name, tail) = placeholder(&read("*100% %dcs%\\x*")).unwrap();
        assert_eq!((head, name.as_str(), tail), (read("*100% "), "dcs", read("\\x*")));
        assert!(placeholder(&read("%%, 5 % of 7 %")).is_none());
        let (head, name, _) = placeholder(&read(r"\%plain%name%")).unwrap();
        assert_eq!((unescape(head), name.as_str()), (read("%plain"), "name"));
    }

    #[test]
    fn places() {
        assert_eq!(placed(read("a*"), Place::Anywhere), read("*a*"));
        assert_eq!(placed(read("a"), Place::Start), read("a*"));
        assert_eq!(placed(read("a"), Place::End), read("*a"));
        assert_eq!(placed(read(""), Place::Anywhere), read("*"));
    }
}
