use autosec_core::event::{Event, FieldId, field};
use autosec_core::time::Timestamp;
use memchr::memchr2;

use super::super::draft::Draft;
use super::super::moment::{self, Clock, Moment};
use super::super::options::Options;
use super::super::peer::{Peer, address};
use super::super::percent::{text, unescape};
use super::super::scan::{cut, cut_last, digits, number, word};
use super::super::unread::UnreadReason;
use super::request;

/// Reads `ADDRESS - USER [TIME] "REQUEST" STATUS BYTES "REFERRER" "AGENT"`; the last two may be missing, more may
/// follow them, and the virtual host may stand in front.
///
/// Servers escape quotes in what clients choose. So the first quote begins the request, the last bracket before it
/// the time, whatever the user's name holds.
pub(in super::super) fn read<'a>(
    line: &'a [u8],
    options: &Options,
    event: &mut Event<'a>,
) -> Result<(), UnreadReason> {
    let (client, quoted) = split_request(line).ok_or(UnreadReason::NotAccess)?;
    let (client, time) = cut_last(client, b'[').ok_or(UnreadReason::NotAccess)?;
    let (request, rest) = take_quoted(quoted).ok_or(UnreadReason::NotAccess)?;
    let rest = rest.strip_prefix(b" ").ok_or(UnreadReason::NotAccess)?;
    let (status, rest) = word(rest);
    // `-` where the client was gone before there was a status.
    let known = number(status).filter(|status| *status <= 999);
    if known.is_none() && status != b"-" {
        return Err(UnreadReason::NotAccess);
    }
    let time = read_time(time, options).ok_or(UnreadReason::Time)?;

    let mut draft = Draft::new(event, time, &options.fields);
    draft.set(field::EVENT_CATEGORY, "web");
    draft.set(field::EVENT_ACTION, "http_request");
    set_client(client, &mut draft).ok_or(UnreadReason::NotAccess)?;
    request::set_request(request, &mut draft);
    request::set_status(known, &mut draft);
    set_tail(rest, &mut draft);
    Ok(())
}

/// What stands before `] "` and behind it, at the first quote that no backslash escapes.
fn split_request(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let at = from + memchr2(b'"', b'\\', line.get(from..)?)?;
        if line.get(at) == Some(&b'"') {
            return Some((line.get(..at)?.strip_suffix(b"] ")?, line.get(at + 1..)?));
        }
        from = at + 2;
    }
}

/// What stands before the closing quote, escapes included, and behind it.
fn take_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let at = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        from = at + 2;
    }
}

/// Reads `22/Nov/2026:14:02:11 +0100`, or RFC 3339.
fn read_time(text: &[u8], options: &Options) -> Option<Timestamp> {
    if text.get(4) == Some(&b'-') {
        return moment::rfc3339(text, options.utc_offset)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(time, _)| time);
    }
    let [d, dd, b'/', rest @ ..] = text else { return None };
    let day = moment::two(*d, *dd)?;
    let (month, rest) = moment::read_month(rest)?;
    let (year, rest) = digits(rest.strip_prefix(b"/")?);
    let year = i16::try_from(number(year)?).ok()?;
    let (clock, rest) = Clock::read(rest.strip_prefix(b":")?)?;
    let (offset, rest) = moment::read_offset(rest.strip_prefix(b" ").unwrap_or(rest), options.utc_offset)?;
    let time = Moment { year, month, day, clock }.timestamp(offset)?;
    rest.is_empty().then_some(time)
}

/// Reads `ADDRESS - USER `, or `HOST ADDRESS - USER `, told by the address in second place.
fn set_client<'a>(client: &'a [u8], draft: &mut Draft<'a, '_>) -> Option<()> {
    let (mut host, mut rest) = cut(client, b' ')?;
    if let Some((second, tail)) = cut(rest, b' ')
        && second != b"-"
        && address(second).is_some()
    {
        set_virtual_host(host, draft);
        (host, rest) = (second, tail);
    }
    let (_identity, user) = cut(rest, b' ')?;
    Peer::word(host)?.fill(draft);
    let user = user.strip_suffix(b" ").unwrap_or(user);
    if user != b"-" && !user.is_empty() && draft.wants(field::USER_NAME) {
        draft.set(field::USER_NAME, text(unescape(user)));
    }
    Some(())
}

fn set_virtual_host<'a>(host: &'a [u8], draft: &mut Draft<'a, '_>) {
    match cut_last(host, b':') {
        Some((name, port)) if number(port).is_some() => draft.text(field::URL_DOMAIN, name),
        _ => draft.text(field::URL_DOMAIN, host),
    }
}

/// Reads ` BYTES "REFERRER" "AGENT"`.
fn set_tail<'a>(rest: &'a [u8], draft: &mut Draft<'a, '_>) {
    let (bytes, rest) = word(rest);
    if let Some(bytes) = number(bytes) {
        draft.set(field::HTTP_RESPONSE_BODY_BYTES, bytes);
    }
    let Some((referrer, rest)) = rest.strip_prefix(b"\"").and_then(take_quoted) else { return };
    set_quoted(field::HTTP_REQUEST_REFERRER, referrer, draft);
    let Some((agent, _)) = rest.strip_prefix(b" \"").and_then(take_quoted) else { return };
    set_quoted(field::USER_AGENT_ORIGINAL, agent, draft);
}

fn set_quoted<'a>(field: FieldId, quoted: &'a [u8], draft: &mut Draft<'a, '_>) {
    if quoted != b"-" && draft.wants(field) {
        draft.set(field, text(unescape(quoted)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Event<'_> {
        let mut event = Event::new(Timestamp::EPOCH);
        read(line.as_bytes(), &Options::new(Timestamp::EPOCH), &mut event).unwrap();
        event
    }

    #[test]
    fn reads_a_combined_line() {
        let event = parsed(
            r#"192.0.2.1 - ann [22/Nov/2026:14:02:11 +0100] "GET /a?b=c HTTP/1.1" 404 153 "http://x/" "curl/8 (\x22)" "-""#,
        );
        assert_eq!(event.time(), Timestamp::parse("2026-11-22T13:02:11Z").unwrap());
        assert_eq!(event.address(field::SOURCE_IP), "192.0.2.1".parse().ok());
        for (field, text) in [
            (field::EVENT_CATEGORY, "web"),
            (field::EVENT_ACTION, "http_request"),
            (field::EVENT_OUTCOME, "failure"),
            (field::USER_NAME, "ann"),
            (field::HTTP_REQUEST_METHOD, "GET"),
            (field::URL_ORIGINAL, "/a?b=c"),
            (field::URL_PATH, "/a"),
            (field::URL_QUERY, "b=c"),
            (field::HTTP_VERSION, "1.1"),
            (field::HTTP_REQUEST_REFERRER, "http://x/"),
            (field::USER_AGENT_ORIGINAL, "curl/8 (\")"),
        ] {
            assert_eq!(event.text(field), Some(text));
        }
        assert_eq!(event.integer(field::HTTP_RESPONSE_STATUS_CODE), Some(404));
        assert_eq!(event.integer(field::HTTP_RESPONSE_BODY_BYTES), Some(153));
    }

    #[test]
    fn reads_every_shape() {
        for (line, ip, user) in [
            (r#"2001:db8::1 - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1"#, "2001:db8::1", ""),
            (r#"::ffff:192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "-" 408 -"#, "192.0.2.1", ""),
            (
                r#"www.example.org:443 192.0.2.1 - ann [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1"#,
                "192.0.2.1",
                "ann",
            ),
            (r#"client.example.org - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1 "-" "-""#, "", ""),
            (r#"192.0.2.1 - - [2026-11-22T14:02:11+00:00] "GET / HTTP/1.1" 200 1"#, "192.0.2.1", ""),
            (r#"192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "" 400 0 "-" "-""#, "192.0.2.1", ""),
            (r#"192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "\x16\x03\x01" 400 157 "-" "-""#, "192.0.2.1", ""),
            (r#"192.0.2.1 - a b [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1"#, "192.0.2.1", "a b"),
        ] {
            let event = parsed(line);
            assert_eq!(event.time(), Timestamp::parse("2026-11-22T14:02:11Z").unwrap(), "{line}");
            assert_eq!(event.address(field::SOURCE_IP), ip.parse().ok(), "{line}");
            assert_eq!(event.text(field::USER_NAME).unwrap_or_default(), user, "{line}");
        }
        assert_eq!(
            parsed(r#"client.example.org - - [22/Nov/2026:14:02:11 +0000] "-" 408 0"#)
                .text(field::SOURCE_ADDRESS),
            Some("client.example.org")
        );
        assert_eq!(
            parsed(r#"www.example.org:443 192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "-" 408 0"#)
                .text(field::URL_DOMAIN),
            Some("www.example.org")
        );
    }

    #[test]
    fn is_not_taken_in_by_clients() {
        for line in [
            r#"198.51.100.7 - x [01/Jan/2000:00:00:00 +0000] \x22GET / HTTP/1.1\x22 200 1 [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 401 1 "-" "-""#,
            r#"198.51.100.7 - x [01/Jan/2000:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1 [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 401 1 "-" "-""#,
            r#"198.51.100.7 - - [22/Nov/2026:14:02:11 +0000] "GET /\" 200 1 HTTP/1.1" 401 1 "-" "-""#,
            r#"198.51.100.7 - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 401 1 "\" \"x" "192.0.2.10 - - [22/Nov/2026:14:02:12 +0000] \x22GET""#,
        ] {
            let event = parsed(line);
            assert_eq!(event.address(field::SOURCE_IP), "198.51.100.7".parse().ok(), "{line}");
            assert_eq!(event.integer(field::HTTP_RESPONSE_STATUS_CODE), Some(401), "{line}");
            assert_eq!(event.time(), Timestamp::parse("2026-11-22T14:02:11Z").unwrap(), "{line}");
        }
    }

    fn refused(line: &str) -> UnreadReason {
        let mut event = Event::new(Timestamp::EPOCH);
        read(line.as_bytes(), &Options::new(Timestamp::EPOCH), &mut event).unwrap_err()
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, reason) in [
            ("", UnreadReason::NotAccess),
            ("hello", UnreadReason::NotAccess),
            (r#"192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "GET /"#, UnreadReason::NotAccess),
            (r#"192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1""#, UnreadReason::NotAccess),
            (r#"192.0.2.1 - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" abc 1"#, UnreadReason::NotAccess),
            (r#"192.0.2.1 [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1"#, UnreadReason::NotAccess),
            (r#"192.0.2.1 - - [32/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1"#, UnreadReason::Time),
            (r#"192.0.2.1 - - [22/Nov/2026:14:02:11 +0000 x] "GET / HTTP/1.1" 200 1"#, UnreadReason::Time),
        ] {
            assert_eq!(refused(line), reason, "{line}");
        }
    }
}
