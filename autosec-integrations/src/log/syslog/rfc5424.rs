use memchr::{memchr, memchr2};

use super::super::moment;
use super::super::options::Options;
use super::super::scan::cut;
use super::super::unread::UnreadReason;
use super::header::Header;

/// Reads what follows the version: `TIME HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE`, `-` where nothing is known.
///
/// A line with a nil time happened at the reference time.
pub(super) fn read<'a>(line: &'a [u8], options: &Options) -> Result<Header<'a>, UnreadReason> {
    let (time, rest) = next(line)?;
    let time = match time {
        None => options.reference,
        Some(text) => match moment::rfc3339(text, options.utc_offset) {
            Some((time, [])) => time,
            _ => return Err(UnreadReason::Time),
        },
    };
    let (host, rest) = next(rest)?;
    let (process, rest) = next(rest)?;
    let (process_id, rest) = next(rest)?;
    let (message_id, rest) = next(rest)?;
    let rest = skip_structured_data(rest).ok_or(UnreadReason::StructuredData)?;
    let message = rest.strip_prefix(b" ").unwrap_or(rest);
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    Ok(Header { time, priority: None, host, process, process_id, message_id, message })
}

/// The next part, none if it is nil.
fn next(line: &[u8]) -> Result<(Option<&[u8]>, &[u8]), UnreadReason> {
    let (part, rest) = cut(line, b' ').ok_or(UnreadReason::NotSyslog)?;
    match part {
        [] => Err(UnreadReason::NotSyslog),
        b"-" => Ok((None, rest)),
        part => Ok((Some(part), rest)),
    }
}

/// Skips `-` or `[id name="value"][id]`; in values `"`, `\` and `]` are escaped by `\`.
fn skip_structured_data(text: &[u8]) -> Option<&[u8]> {
    let mut rest = match text {
        [b'-', rest @ ..] => return ends_part(rest).then_some(rest),
        [b'[', ..] => text,
        _ => return None,
    };
    while let Some(element) = rest.strip_prefix(b"[") {
        rest = skip_element(element)?;
    }
    ends_part(rest).then_some(rest)
}

fn ends_part(rest: &[u8]) -> bool {
    rest.first().is_none_or(|byte| *byte == b' ')
}

/// Skips an element, its `]` included.
fn skip_element(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let at = memchr2(b'"', b']', rest)?;
        let closes = rest.get(at) == Some(&b']');
        rest = rest.get(at + 1..)?;
        if closes {
            return Some(rest);
        }
        rest = skip_value(rest)?;
    }
}

/// Skips a value, its closing quote included.
fn skip_value(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let quote = memchr(b'"', rest)?;
        match memchr(b'\\', rest.get(..quote)?) {
            Some(escape) => rest = rest.get(escape + 2..)?,
            None => return rest.get(quote + 1..),
        }
    }
}

#[cfg(test)]
mod tests {
    use autosec_core::time::Timestamp;

    use super::*;

    fn header(line: &str) -> Result<Header<'_>, UnreadReason> {
        read(line.as_bytes(), &Options::new(Timestamp::from_secs(7)))
    }

    #[test]
    fn reads_every_shape() {
        for (line, message) in [
            ("2026-11-22T14:02:11Z web1 sshd 42 ID1 - hello", "hello"),
            ("2026-11-22T14:02:11Z web1 sshd 42 ID1 - \u{feff}hello", "hello"),
            ("2026-11-22T14:02:11Z web1 sshd 42 ID1 -", ""),
            ("2026-11-22T14:02:11Z web1 sshd 42 ID1 [a] hello", "hello"),
            (
                r#"2026-11-22T14:02:11Z web1 sshd 42 ID1 [a b="c" d="\"\]\\"][e@1 f="] "] hello [x"#,
                "hello [x",
            ),
            (r#"2026-11-22T14:02:11Z web1 sshd 42 ID1 [a b="\\"]"#, ""),
        ] {
            let read = header(line).unwrap();
            assert_eq!(read.time, Timestamp::parse("2026-11-22T14:02:11Z").unwrap());
            assert_eq!((read.host, read.process), (Some(&b"web1"[..]), Some(&b"sshd"[..])), "{line}");
            assert_eq!((read.process_id, read.message_id), (Some(&b"42"[..]), Some(&b"ID1"[..])), "{line}");
            assert_eq!(read.message, message.as_bytes(), "{line}");
        }
    }

    #[test]
    fn nil_is_nothing() {
        let read = header("- - - - - - hello").unwrap();
        assert_eq!(read.time, Timestamp::from_secs(7));
        assert!(read.host.or(read.process).or(read.process_id).or(read.message_id).is_none());
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, reason) in [
            ("", UnreadReason::NotSyslog),
            ("2026-11-22T14:02:11Z web1 sshd 42", UnreadReason::NotSyslog),
            ("2026-11-22T14:02:11Z web1  sshd 42 - - x", UnreadReason::NotSyslog),
            ("yesterday web1 sshd 42 - - x", UnreadReason::Time),
            ("2026-11-22T14:02:11Zx web1 sshd 42 - - x", UnreadReason::Time),
            ("2026-11-22T14:02:11Z web1 sshd 42 - x", UnreadReason::StructuredData),
            ("2026-11-22T14:02:11Z web1 sshd 42 - -x", UnreadReason::StructuredData),
            ("2026-11-22T14:02:11Z web1 sshd 42 - [a", UnreadReason::StructuredData),
            (r#"2026-11-22T14:02:11Z web1 sshd 42 - [a b="c] x"#, UnreadReason::StructuredData),
            (r#"2026-11-22T14:02:11Z web1 sshd 42 - [a b="c\"] x"#, UnreadReason::StructuredData),
            (r#"2026-11-22T14:02:11Z web1 sshd 42 - [a b="c"]x"#, UnreadReason::StructuredData),
        ] {
            assert_eq!(header(line).unwrap_err(), reason, "{line}");
        }
    }
}
