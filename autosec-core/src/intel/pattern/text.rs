//! `LIKE` and `MATCHES`. Both sides of a text are brought to Unicode's composed form (NFC) first; bytes stay as they are.

use std::borrow::Cow;
use std::fmt::Write as _;

use regex::bytes;
use regex::{Regex, RegexBuilder};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// How large a compiled regular expression may be, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// A compiled operand.
#[derive(Clone, Debug)]
pub(super) struct TextTest {
    text: Regex,
    bytes: BytesTest,
}

#[derive(Clone, Debug)]
enum BytesTest {
    /// Bytes are searched as they are.
    Search(Box<bytes::Regex>),
    /// Bytes are read as UTF-8.
    AsText,
    /// The operand holds characters that no byte is.
    Never,
}

/// Why an operand cannot be compiled.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum TextError {
    Malformed(String),
    Unsupported(&'static str),
}

impl TextTest {
    /// `%` is any run of characters, `_` any one.
    pub(super) fn like(operand: &str) -> Result<Self, TextError> {
        let operand = composed(operand);
        let mut pattern = String::from("(?s)\\A");
        for c in operand.chars() {
            match c {
                '%' => pattern.push_str(".*"),
                '_' => pattern.push('.'),
                c => pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        pattern.push_str("\\z");
        let bytes = if is_latin(&operand) { BytesTest::AsText } else { BytesTest::Never };
        Ok(Self { text: compile(&pattern)?, bytes })
    }

    /// Finds the expression anywhere, as Python's `re.search` does.
    pub(super) fn search(operand: &str) -> Result<Self, TextError> {
        let operand = composed(operand);
        let text = compile(&translated(&operand, false)?)?;
        let bytes = if is_latin(&operand) {
            let built = bytes::RegexBuilder::new(&translated(&operand, true)?)
                .unicode(false)
                .size_limit(SIZE_LIMIT)
                .build();
            BytesTest::Search(Box::new(built.map_err(malformed)?))
        } else {
            BytesTest::Never
        };
        Ok(Self { text, bytes })
    }

    pub(super) fn fits_text(&self, value: &str) -> bool {
        self.text.is_match(&composed(value))
    }

    pub(super) fn fits_bytes(&self, value: &[u8]) -> bool {
        match &self.bytes {
            BytesTest::Search(regex) => regex.is_match(value),
            BytesTest::AsText => std::str::from_utf8(value).is_ok_and(|text| self.fits_text(text)),
            BytesTest::Never => false,
        }
    }
}

fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

fn is_latin(text: &str) -> bool {
    text.chars().all(|c| u32::from(c) < 256)
}

fn compile(pattern: &str) -> Result<Regex, TextError> {
    RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(malformed)
}

fn malformed(error: impl ToString) -> TextError {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    TextError::Malformed(last.trim_start_matches("error: ").to_owned())
}

/// The expression as the `regex` crate writes it: where both languages read one text differently, the other spelling.
/// With `bytes`, a character is the byte of its number.
fn translated(pattern: &str, bytes: bool) -> Result<String, TextError> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut class: Option<usize> = None;
    while let Some(c) = rest.chars().next() {
        refuse_unsupported(rest, class.is_some())?;
        let (length, written) = match (c, class) {
            ('\\', _) => escape(rest),
            ('[', None) => {
                class = Some(out.len());
                (1, Cow::Borrowed("["))
            }
            // A second bracket is an ordinary character of a class there, and begins a class in the class here.
            ('[', Some(_)) => (1, Cow::Borrowed("\\[")),
            // A bracket that closes right after the opening one is a member, here and there.
            (']', Some(start)) if !matches!(out.get(start..), Some("[" | "[^")) => {
                class = None;
                (1, Cow::Borrowed("]"))
            }
            ('&' | '~', Some(_)) => (1, Cow::Owned(format!("\\{c}"))),
            ('$', None) => (1, Cow::Borrowed("(?:\\n?\\z)")),
            _ => (c.len_utf8(), Cow::Borrowed(rest.get(..c.len_utf8()).unwrap_or_default())),
        };
        push(&mut out, &written, bytes);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(out)
}

fn refuse_unsupported(rest: &str, in_class: bool) -> Result<(), TextError> {
    const GROUPS: [(&str, &str); 6] = [
        ("(?=", "look-ahead"),
        ("(?!", "look-ahead"),
        ("(?<=", "look-behind"),
        ("(?<!", "look-behind"),
        ("(?P=", "a back-reference"),
        ("(?(", "a conditional group"),
    ];
    if in_class {
        return Ok(());
    }
    let group = GROUPS.into_iter().find(|(start, _)| rest.starts_with(start)).map(|(_, name)| name);
    let number =
        rest.strip_prefix('\\').is_some_and(|tail| tail.starts_with(|c: char| matches!(c, '1'..='9')));
    match group.or(number.then_some("a back-reference")) {
        Some(name) => Err(TextError::Unsupported(name)),
        None => Ok(()),
    }
}

/// The length of the escape sequence that `rest` starts with, and how it is written here.
fn escape(rest: &str) -> (usize, Cow<'_, str>) {
    let Some(c) = rest.chars().nth(1) else { return (1, Cow::Borrowed("\\")) };
    let length = 1 + c.len_utf8();
    let written = match c {
        'Z' => Cow::Borrowed("\\z"),
        '0' => Cow::Borrowed("\\x00"),
        // What has no meaning there stands for itself; here only ASCII punctuation may be escaped.
        '<' | '>' => Cow::Owned(c.to_string()),
        c if !c.is_ascii() => Cow::Owned(c.to_string()),
        _ => Cow::Borrowed(rest.get(..length).unwrap_or_default()),
    };
    (length, written)
}

fn push(out: &mut String, written: &str, bytes: bool) {
    if !bytes || written.is_ascii() {
        out.push_str(written);
        return;
    }
    for c in written.chars() {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\x{:02x}", u32::from(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, value: &str) -> bool {
        TextTest::search(pattern).unwrap().fits_text(value)
    }

    #[test]
    fn like_is_anchored_and_composed() {
        let like = |operand: &str, value: &str| TextTest::like(operand).unwrap().fits_text(value);
        assert!(like("he__o", "hello") && like("h%", "h") && like("%l%", "hello") && like("a.%", "a.b\nc"));
        assert!(!like("ell", "hello") && !like("a.c", "abc") && !like("he_o", "hello"));
        assert!(like("\u{1e0d}\u{307}", "d\u{323}\u{307}") && like("_", "e\u{301}"));
    }

    #[test]
    fn searches_as_python_does() {
        assert!(found("l+", "hello") && found(".lo$", "hello\n") && !found("^ello", "hello"));
        assert!(
            found(r"[[]x]", "[x]") && found(r"[]a]+$", "]a") && found(r"[^]]", "a") && found("[a&&b]", "&")
        );
        assert!(found(r"a\Z", "a") && found(r"\<b\>", "<b>") && found(r"[$]", "$"));
        assert!(found("é", "e\u{301}") && found(r"\d", "٣"));
    }

    #[test]
    fn searches_bytes() {
        let bytes = |pattern: &str, value: &[u8]| TextTest::search(pattern).unwrap().fits_bytes(value);
        assert!(
            bytes(r"\xd4\xc3", &[1, 0xd4, 0xc3]) && bytes("é", &[0xe9]) && bytes(r".*\x03", &[1, 2, 3, 4])
        );
        assert!(!bytes("ă", "ă".as_bytes()) && !bytes("é", "é".as_bytes()));
        assert!(TextTest::like("al%").unwrap().fits_bytes(b"alice"));
    }

    #[test]
    fn refuses_what_takes_unbounded_time() {
        for pattern in ["(?=a)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P<n>a)(?P=n)"] {
            assert!(matches!(TextTest::search(pattern), Err(TextError::Unsupported(_))), "{pattern}");
        }
        for pattern in ["(", "a{99999999}", "*", "[a"] {
            assert!(matches!(TextTest::search(pattern), Err(TextError::Malformed(_))), "{pattern}");
        }
        assert!(found(r"[(?=]", "="));
    }
}
