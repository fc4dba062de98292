use autosec_core::time::Timestamp;

use super::super::moment::{self, Clock, Moment};
use super::super::options::Options;
use super::super::scan::{cut, number, word};
use super::super::unread::UnreadReason;
use super::header::Header;

/// Reads what follows the priority: `Nov 22 14:02:11 host tag[pid]: message`, also with an RFC 3339 time.
pub(super) fn read<'a>(line: &'a [u8], options: &Options) -> Result<Header<'a>, UnreadReason> {
    let (time, rest) = read_time(line, options)?;
    let rest = rest.strip_prefix(b" ").ok_or(UnreadReason::NotSyslog)?.trim_ascii_start();
    let (host, rest) = match cut(rest, b' ') {
        // Where the host is missing, the tag stands in its place.
        Some((first, _)) if first.ends_with(b":") => (None, rest),
        Some((host, rest)) => (Some(host), rest),
        None => return Err(UnreadReason::NotSyslog),
    };
    let (process, process_id, message) = read_tag(rest);
    Ok(Header { time, priority: None, host, process, process_id, message_id: None, message })
}

fn read_time<'a>(line: &'a [u8], options: &Options) -> Result<(Timestamp, &'a [u8]), UnreadReason> {
    if line.first().is_some_and(u8::is_ascii_digit) {
        let shape = line.get(4) == Some(&b'-') && line.get(7) == Some(&b'-');
        let reason = if shape { UnreadReason::Time } else { UnreadReason::NotSyslog };
        return moment::rfc3339(line, options.utc_offset).ok_or(reason);
    }
    let (month, rest) = moment::read_month(line).ok_or(UnreadReason::NotSyslog)?;
    let rest = rest.strip_prefix(b" ").ok_or(UnreadReason::NotSyslog)?;
    read_day(month, rest.strip_prefix(b" ").unwrap_or(rest), options).ok_or(UnreadReason::Time)
}

/// Reads `22 14:02:11`, or `22 2026 14:02:11` where the writer was kind.
fn read_day<'a>(month: i8, text: &'a [u8], options: &Options) -> Option<(Timestamp, &'a [u8])> {
    let (day, rest) = word(text);
    let day = i8::try_from(number(day)?).ok()?;
    let (year, rest) = match rest {
        [_, _, _, _, b' ', clock @ ..] => (number(word(rest).0), clock),
        _ => (None, rest),
    };
    let (clock, rest) = Clock::read(rest)?;
    let year = year.map(i16::try_from).transpose().ok()?;
    let moment = Moment { year: year.unwrap_or(0), month, day, clock };
    let time = match year {
        Some(_) => moment.timestamp(options.utc_offset),
        None => moment.nearest(options.reference, options.utc_offset),
    };
    Some((time?, rest))
}

/// Reads `tag[pid]: message` or `tag: message`; anything else is message alone.
fn read_tag(text: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    let (tag, message) = word(text);
    let Some(tag) = tag.strip_suffix(b":") else { return (None, None, text) };
    match tag.strip_suffix(b"]").and_then(|tag| cut(tag, b'[')) {
        Some((process, id)) => (Some(process), Some(id), message),
        None => (Some(tag), None, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(line: &str) -> Result<Header<'_>, UnreadReason> {
        read(line.as_bytes(), &Options::new(Timestamp::parse("2026-11-23T00:00:00Z").unwrap()))
    }

    #[test]
    fn reads_every_shape() {
        for (line, time, host, process, id, message) in [
            ("Nov 22 14:02:11 web1 sshd[42]: hello", "2026-11-22T14:02:11Z", "web1", "sshd", "42", "hello"),
            ("Nov  2 14:02:11 web1 sshd[42]: hello", "2026-11-02T14:02:11Z", "web1", "sshd", "42", "hello"),
            ("Nov 2 14:02:11 web1 kernel: hello", "2026-11-02T14:02:11Z", "web1", "kernel", "", "hello"),
            ("Nov 22 14:02:11 sshd[42]: hello", "2026-11-22T14:02:11Z", "", "sshd", "42", "hello"),
            ("Nov 22 2019 14:02:11 asa %ASA-6-1: x", "2019-11-22T14:02:11Z", "asa", "%ASA-6-1", "", "x"),
            ("Nov 22 14:02:11 web1 -- MARK --", "2026-11-22T14:02:11Z", "web1", "", "", "-- MARK --"),
            (
                "2026-11-22T14:02:11.5+01:00 web1 postfix/smtpd[7]: a: b",
                "2026-11-22T13:02:11.5Z",
                "web1",
                "postfix/smtpd",
                "7",
                "a: b",
            ),
            (
                "Nov 22 14:02:11 web1 sudo:     ann : x",
                "2026-11-22T14:02:11Z",
                "web1",
                "sudo",
                "",
                "    ann : x",
            ),
            ("Nov 22 14:02:11 web1 sshd[42]:", "2026-11-22T14:02:11Z", "web1", "sshd", "42", ""),
        ] {
            let read = header(line).unwrap();
            let text = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
            assert_eq!(read.time, Timestamp::parse(time).unwrap(), "{line}");
            assert_eq!(
                (
                    text(read.host).as_str(),
                    text(read.process).as_str(),
                    text(read.process_id).as_str(),
                    text(Some(read.message)).as_str()
                ),
                (host, process, id, message),
                "{line}"
            );
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, reason) in [
            ("", UnreadReason::NotSyslog),
            ("hello world", UnreadReason::NotSyslog),
            ("Nov", UnreadReason::NotSyslog),
            ("Nov 22", UnreadReason::Time),
            ("Nov 31 14:02:11 web1 sshd: x", UnreadReason::Time),
            ("Nov 22 25:02:11 web1 sshd: x", UnreadReason::Time),
            ("Nov 22 14:02:11", UnreadReason::NotSyslog),
            ("Nov 22 14:02:11 web1", UnreadReason::NotSyslog),
            ("2026-11-31T14:02:11Z web1 sshd: x", UnreadReason::Time),
            ("20261122 web1 sshd: x", UnreadReason::NotSyslog),
        ] {
            assert_eq!(header(line).unwrap_err(), reason, "{line}");
        }
    }

    #[test]
    fn infers_the_year() {
        for (reference, line, time) in [
            ("2026-11-22T15:00:00Z", "Nov 22 14:02:11", "2026-11-22T14:02:11Z"),
            ("2027-01-01T00:10:00Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"),
            ("2026-12-31T23:50:00Z", "Jan  1 00:00:01", "2027-01-01T00:00:01Z"),
            ("2026-12-31T23:50:00Z", "Jan  2 00:00:01", "2026-01-02T00:00:01Z"),
            ("2026-11-22T15:00:00Z", "Nov 23 14:59:59", "2026-11-23T14:59:59Z"),
            ("2026-11-22T15:00:00Z", "Nov 23 15:00:01", "2025-11-23T15:00:01Z"),
            ("2024-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
            ("2026-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
            ("2024-02-28T13:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
            ("2024-02-28T11:00:00Z", "Feb 29 12:00:00", "2020-02-29T12:00:00Z"),
            ("2103-01-01T00:00:00Z", "Feb 29 12:00:00", "2096-02-29T12:00:00Z"),
        ] {
            let options = Options::new(Timestamp::parse(reference).unwrap());
            let line = format!("{line} web1 sshd: x");
            assert_eq!(
                read(line.as_bytes(), &options).unwrap().time,
                Timestamp::parse(time).unwrap(),
                "{reference} {line}"
            );
        }
    }

    #[test]
    fn applies_the_assumed_offset() {
        let mut options = Options::new(Timestamp::parse("2026-12-31T23:30:00Z").unwrap());
        options.utc_offset = 3600;
        let time = read(b"Jan  1 00:29:00 web1 sshd: x", &options).unwrap().time;
        assert_eq!(time, Timestamp::parse("2026-12-31T23:29:00Z").unwrap());
    }
}
