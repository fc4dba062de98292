use std::borrow::Cow;

/// A string of the input as it stands between its quotes.
///
/// Two variants and not a flag: the padding behind a `bool` is copied in pieces that wait for each other, 6 % of the
/// whole read (2026-11-22, 2-core x86-64 VM).
#[derive(Clone, Copy, Debug)]
pub(super) enum Quoted<'a> {
    Plain(&'a [u8]),
    /// With a backslash in it.
    Escaped(&'a [u8]),
}

impl<'a> Quoted<'a> {
    /// The text. A security log must not be lost because of one byte, so nothing is refused: bytes that are no
    /// UTF-8 and surrogates without their other half become U+FFFD, an escape that JSON does not know (`\x22`)
    /// stays as it stands, control characters and NUL are kept.
    #[inline]
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Quoted::Plain(raw) => match std::str::from_utf8(raw) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(raw),
            },
            Quoted::Escaped(_) => self.text_in(&mut Default::default()),
        }
    }

    /// [`Quoted::text`], written to the start of `room` if that is long enough, which is what is left of it then.
    pub(super) fn text_in(self, room: &mut &'a mut [u8]) -> Cow<'a, str> {
        let Quoted::Escaped(raw) = self else { return self.text() };
        if let Some((own, rest)) = std::mem::take(room).split_at_mut_checked(raw.len() + STEP) {
            *room = rest;
            let length = unescape(raw, own);
            // No escape makes characters of bytes that are none: what is written is UTF-8 if what is read is.
            if let Ok(text) = std::str::from_utf8(own.get(..length).unwrap_or_default()) {
                return Cow::Borrowed(text);
            }
        }
        Cow::Owned(unescaped(&String::from_utf8_lossy(raw)))
    }
}

/// Bytes that are looked through for a backslash at once: in a Windows event there are seventy, forty bytes apart.
const STEP: usize = 16;

fn unescaped(raw: &str) -> String {
    let mut text = vec![0; raw.len() + STEP];
    let length = unescape(raw.as_bytes(), &mut text);
    text.truncate(length);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes the text that is meant, and gives its length. There is room for a step more than is read: what is copied a step at
/// a time is written over again behind an escape.
fn unescape(raw: &[u8], text: &mut [u8]) -> usize {
    let (mut at, mut end) = (0, 0);
    while let Some(byte) = raw.get(at) {
        let step = raw.get(at..).and_then(<[u8]>::first_chunk::<STEP>);
        let room = text.get_mut(end..).and_then(<[u8]>::first_chunk_mut::<STEP>);
        let is_escape = match (step, room) {
            (Some(step), Some(room)) => {
                *room = *step;
                let plain = plain(*step);
                at += plain;
                end += plain;
                plain < STEP
            }
            _ if *byte == b'\\' => true,
            _ => {
                end += put(text, end, &[*byte]);
                at += 1;
                false
            }
        };
        if is_escape {
            let (read, written) = escape(raw, at, text, end);
            at += read;
            end += written;
        }
    }
    end
}

/// How many of the bytes stand before a backslash.
#[inline]
fn plain(step: [u8; STEP]) -> usize {
    const ONES: u128 = u128::from_le_bytes([1; STEP]);
    const BACKSLASHES: u128 = u128::from_le_bytes([b'\\'; STEP]);
    let rest = u128::from_le_bytes(step) ^ BACKSLASHES;
    // The highest bit of each byte that is zero; also of some that stand behind one.
    let zeros = rest.wrapping_sub(ONES) & !rest & (ONES << 7);
    zeros.trailing_zeros() as usize / 8
}

/// Writes what the escape at this place means; gives its length and how much was written.
#[inline]
fn escape(raw: &[u8], at: usize, text: &mut [u8], end: usize) -> (usize, usize) {
    let simple = match raw.get(at + 1) {
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        Some(b'b') => 0x8,
        Some(b'f') => 0xc,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        _ => return escape_unicode(raw.get(at..).unwrap_or_default(), text, end),
    };
    (2, put(text, end, &[simple]))
}

fn escape_unicode(escape: &[u8], text: &mut [u8], end: usize) -> (usize, usize) {
    let (character, length) = decode_unicode(escape);
    let written = match character {
        Some(character) => put(text, end, character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => put(text, end, escape.get(..length).unwrap_or_default()),
    };
    (length, written)
}

#[inline]
fn put(text: &mut [u8], end: usize, bytes: &[u8]) -> usize {
    if let Some(room) = text.get_mut(end..end + bytes.len()) {
        room.copy_from_slice(bytes);
    }
    bytes.len()
}

/// The character of the `\uXXXX` at the start of `escape` and its length; no character where JSON knows no such escape,
/// then the length of the backslash alone.
fn decode_unicode(escape: &[u8]) -> (Option<char>, usize) {
    let Some(high) = code_unit(escape) else { return (None, 1) };
    if let Some(character) = char::from_u32(high) {
        return (Some(character), 6);
    }
    let low = escape.get(6..).and_then(code_unit).filter(|low| (0xDC00..0xE000).contains(low));
    match low {
        Some(low) if high < 0xDC00 => {
            (char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)), 12)
        }
        _ => (Some(char::REPLACEMENT_CHARACTER), 6),
    }
}

/// The number of a `\uXXXX` at the start.
fn code_unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_json_knows() {
        let raw = r#"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00 \u0000"#;
        assert_eq!(unescaped(raw), "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600} \0");
    }

    #[test]
    fn finds_escapes_at_every_distance() {
        for (before, after) in (0..40).flat_map(|before| (0..20).map(move |after| (before, after))) {
            let (before, after) = ("]".repeat(before), "é".repeat(after));
            assert_eq!(unescaped(&format!("{before}\\n{after}\\\\")), format!("{before}\n{after}\\"));
            assert_eq!(unescaped(&format!("{before}\\u20AC\\x{after}\\")), format!("{before}€\\x{after}\\"));
        }
    }

    #[test]
    fn writes_to_the_room_there_is() {
        let mut memory = [0; 64];
        let mut room = &mut memory[..];
        let raws: [&[u8]; 4] =
            [br"a\\b", br"plain", br"\u20ac\n", br"a long text with an escape at its end \t"];
        let texts = raws.map(|raw| match raw.contains(&b'\\') {
            true => Quoted::Escaped(raw).text_in(&mut room),
            false => Quoted::Plain(raw).text_in(&mut room),
        });
        assert_eq!(texts, ["a\\b", "plain", "€\n", "a long text with an escape at its end \t"]);
        let borrowed = texts.map(|text| matches!(text, Cow::Borrowed(_)));
        assert_eq!(borrowed, [true, true, true, false], "what does not fit has memory of its own");
    }

    #[test]
    fn keeps_what_json_does_not_know() {
        for (raw, text) in [
            (r"\x22", r"\x22"),
            (r"\u12", r"\u12"),
            (r"\u+123", r"\u+123"),
            (r"\", r"\"),
            (r"\é\n", "\\é\n"),
            (r"\ud800", "\u{fffd}"),
            (r"\udc00\ud800x", "\u{fffd}\u{fffd}x"),
            (r"\ud800\u0041", "\u{fffd}A"),
            (r"\ud800\ud83d\ude00", "\u{fffd}\u{1f600}"),
        ] {
            assert_eq!(unescaped(raw), text, "{raw}");
        }
    }

    #[test]
    fn borrows_plain_text_and_replaces_broken_bytes() {
        let plain = Quoted::Plain("naïve".as_bytes());
        assert!(matches!(plain.text(), Cow::Borrowed("naïve")));
        let broken = Quoted::Plain(b"a\xffb");
        assert_eq!(broken.text(), "a\u{fffd}b");
        assert_eq!(Quoted::Escaped(b"\xff\\n").text(), "\u{fffd}\n");
    }
}
