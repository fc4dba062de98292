//! The log readers: whole inputs, as a host reads them.

use std::io::{self, BufReader, Read};
use std::net::IpAddr;

use autosec_core::event::{Event, FieldMask, field};
use autosec_core::time::Timestamp;
use autosec_integrations::log::{self, Format, LogReader, Options, Summary, Unread, UnreadReason};
use proptest::prelude::*;

const FORMATS: [Format; 4] = [Format::Auto, Format::Access, Format::Eve, Format::Syslog];

const LINES: [&str; 8] = [
    "Nov 22 14:02:11 web1 sshd[42]: Failed password for root from 192.0.2.7 port 4711 ssh2",
    "<86>Nov 22 14:02:12 web1 sshd[42]: message repeated 2 times: [ Failed password for root from 192.0.2.7 port 4711 ssh2]",
    "2026-11-22T14:02:13.123456+01:00 web1 sudo:      ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id",
    "<86>1 2026-11-22T14:02:14Z web1 sshd 42 - [a b=\"\\]\"] pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
    "192.0.2.8 - - [22/Nov/2026:14:02:15 +0000] \"GET /a%20b?c=d HTTP/1.1\" 404 153 \"-\" \"curl/8\"",
    "192.0.2.8 - - [22/Nov/2026:14:02:16 +0000] \"\\x16\\x03\\x01\" 400 157 \"-\" \"-\"",
    "{\"timestamp\":\"2026-11-22T14:02:17.5+0000\",\"event_type\":\"flow\",\"src_ip\":\"192.0.2.9\",\"dest_port\":22,\"flow\":{\"state\":\"new\"}}",
    "{\"timestamp\":\"2026-11-22T14:02:18+0000\",\"event_type\":\"http\",\"http\":{\"url\":\"/%2e%2e\",\"status\":200}}",
];

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn options() -> Options {
    Options::new(at("2026-11-22T20:00:00Z"))
}

/// Everything an input gives, as text.
fn read_all(
    input: impl io::BufRead,
    format: Format,
    options: Options,
) -> (Vec<String>, Vec<Unread>, Summary) {
    let mut reader = LogReader::new(input, format, options);
    let (mut events, mut unread) = (Vec::new(), Vec::new());
    while let Some(line) = reader.read().unwrap() {
        match line {
            Ok(event) => events.push(text(&event)),
            Err(error) => unread.push(error),
        }
    }
    (events, unread, reader.summary().clone())
}

fn text(event: &Event<'_>) -> String {
    let mut fields: Vec<_> = event.fields().map(|(id, value)| format!("{}={value}", id.index())).collect();
    fields.sort();
    format!("{} {}", event.time(), fields.join(" "))
}

fn source(event: &Event<'_>) -> Option<String> {
    event.address(field::SOURCE_IP).map(|ip| ip.to_string())
}

#[test]
fn years_come_from_the_reference() {
    for (reference, written, expected) in [
        ("2027-01-01T00:00:30Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"),
        ("2027-01-01T00:00:30Z", "Jan  1 00:00:29", "2027-01-01T00:00:29Z"),
        ("2026-12-31T23:59:00Z", "Jan  1 00:00:29", "2027-01-01T00:00:29Z"),
        ("2026-06-01T00:00:00Z", "Jun  2 00:00:00", "2026-06-02T00:00:00Z"),
        ("2026-06-01T00:00:00Z", "Jun  2 00:00:01", "2025-06-02T00:00:01Z"),
        ("2028-03-01T00:00:00Z", "Feb 29 23:00:00", "2028-02-29T23:00:00Z"),
        ("2027-03-01T00:00:00Z", "Feb 29 23:00:00", "2024-02-29T23:00:00Z"),
        ("1970-01-02T00:00:00Z", "Jan  1 00:00:00", "1970-01-01T00:00:00Z"),
        ("1970-01-01T00:00:00Z", "Dec 31 00:00:00", "1969-12-31T00:00:00Z"),
    ] {
        let line = format!("{written} web1 sshd[42]: Server listening on :: port 22.");
        let event = log::syslog(line.as_bytes(), &Options::new(at(reference))).unwrap();
        assert_eq!(event.time(), at(expected), "{written} seen at {reference}");
    }
}

#[test]
fn the_reference_can_move_on() {
    let lines = "Dec 31 23:59:59 web1 a: b\nDec 31 23:59:59 web1 a: b\n";
    let mut reader =
        LogReader::new(lines.as_bytes(), Format::Syslog, Options::new(at("2026-12-31T23:59:59Z")));
    assert_eq!(reader.read().unwrap().unwrap().unwrap().time(), at("2026-12-31T23:59:59Z"));
    reader.set_reference(at("2027-12-31T23:59:59Z"));
    assert_eq!(reader.read().unwrap().unwrap().unwrap().time(), at("2027-12-31T23:59:59Z"));
}

#[test]
fn far_times_are_read_as_they_are() {
    for year in ["1970", "2100", "0001", "9998"] {
        let line = format!("{year}-01-01T00:00:00Z web1 sshd[42]: x");
        let time = log::syslog(line.as_bytes(), &options()).unwrap().time();
        assert_eq!(time, at(&format!("{year}-01-01T00:00:00Z")));
    }
}

#[test]
fn nobody_is_blamed_by_a_user_name() {
    let names = [
        "root from 192.0.2.10 port 22",
        "root from 192.0.2.10 port 22 ssh2",
        "x from 192.0.2.10 port 22 ssh2\\nNov 22 14:02:11 web1 sshd[1]: Failed password for root",
        "]: Accepted password for root from 192.0.2.10 port 22 ssh2",
        "[preauth]",
        "rhost=192.0.2.10 user=root",
        "message repeated 9 times: [ Failed password for root from 192.0.2.10 port 22 ssh2]",
        "\"':; \\",
        "192.0.2.10",
    ];
    let messages = [
        ("Failed password for invalid user ", " from 198.51.100.7 port 4711 ssh2"),
        ("Failed keyboard-interactive/pam for invalid user ", " from 198.51.100.7 port 4711 ssh2"),
        ("Failed publickey for invalid user ", " from 198.51.100.7 port 4711 ssh2: ED25519 SHA256:abc"),
        ("Failed none for invalid user ", " from 198.51.100.7 port 4711 ssh2"),
        ("Invalid user ", " from 198.51.100.7 port 4711"),
        ("Invalid user ", " from 198.51.100.7"),
        ("Connection closed by invalid user ", " 198.51.100.7 port 4711 [preauth]"),
        ("Connection reset by authenticating user ", " 198.51.100.7 port 4711 [preauth]"),
        ("Disconnected from invalid user ", " 198.51.100.7 port 4711 [preauth]"),
        (
            "Disconnecting invalid user ",
            " 198.51.100.7 port 4711: Too many authentication failures [preauth]",
        ),
        (
            "error: maximum authentication attempts exceeded for invalid user ",
            " from 198.51.100.7 port 4711 ssh2 [preauth]",
        ),
        ("error: PAM: Authentication failure for illegal user ", " from 198.51.100.7"),
    ];
    for name in names {
        for (before, behind) in messages {
            for head in
                ["Nov 22 14:02:11 web1 sshd[42]: ", "<86>1 2026-11-22T14:02:11Z web1 sshd-session 42 - - "]
            {
                let line = format!("{head}{before}{name}{behind}");
                let event = log::syslog(line.as_bytes(), &options()).unwrap();
                assert_eq!(source(&event).as_deref(), Some("198.51.100.7"), "{line}");
                assert_eq!(event.text(field::USER_NAME), Some(name), "{line}");
                assert_eq!(log::repeats(line.as_bytes(), &options()), Ok(1), "{line}");
            }
        }
    }
}

#[test]
fn nobody_is_blamed_by_a_request() {
    for line in [
        r#"198.51.100.7 - eve] "GET [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 401 1"#,
        r#"198.51.100.7 - \x22 200 1 [22/Nov/2026:14:02:11 +0000] "GET /\" 200 1 \"-\" HTTP/1.1" 401 1 "-" "\x22""#,
        r#"198.51.100.7 - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 401 1 "-" "x\"\n192.0.2.10 - - [""#,
    ] {
        let (events, unread, _) = read_all(line.as_bytes(), Format::Access, options());
        assert_eq!(events.len() + unread.len(), 1, "{line}");
        assert!(
            events.iter().all(|event| event.contains("198.51.100.7") && event.contains("=401")),
            "{events:?}"
        );
    }
    let agent =
        r#"198.51.100.7 - - [22/Nov/2026:14:02:11 +0000] "GET / HTTP/1.1" 200 1 "-" "192.0.2.10 - - [""#;
    assert_eq!(source(&log::access(agent.as_bytes(), &options()).unwrap()).as_deref(), Some("198.51.100.7"));
}

#[test]
fn tells_what_it_could_not_read() {
    let input = [
        "", // 1
        "\r",
        "hello",
        "Nov 31 14:02:11 web1 sshd[42]: x",
        LINES[0],
        "<86>1 2026-11-22T14:02:14Z web1 sshd 42 - [a x", // 6
        "  \t",
        &"x".repeat(301),
        "<86>1 yesterday web1 sshd 42 - - x", // 9
        LINES[0],
    ]
    .join("\n");
    let options = Options { max_line: 300, ..options() };
    let (events, unread, summary) = read_all(input.as_bytes(), Format::Syslog, options);
    let found: Vec<_> = unread.iter().map(|unread| (unread.line, unread.reason.code())).collect();
    assert_eq!(found, [(3, "not_syslog"), (4, "time"), (6, "structured_data"), (8, "too_long"), (9, "time")]);
    assert_eq!(events.len(), 2);
    assert_eq!((summary.lines, summary.blank, summary.read, summary.events), (10, 3, 2, 2));
    assert_eq!((summary.unread[&UnreadReason::Time], summary.total_unread()), (2, 5));
    assert_eq!(unread[0].to_string(), "line 3: not a syslog line: expected a priority, a time and a host");
}

#[test]
fn bytes_of_any_kind_are_read() {
    let line = b"Nov 22 14:02:11 web1 sshd[42]: Invalid user a\0\xffb from 192.0.2.7 port 22";
    let event = log::syslog(line, &options()).unwrap();
    assert_eq!(event.text(field::USER_NAME), Some("a\0\u{fffd}b"));
    assert_eq!(source(&event).as_deref(), Some("192.0.2.7"));
    let line = b"192.0.2.8 - - [22/Nov/2026:14:02:15 +0000] \"GET /\xff%00%c0%af HTTP/1.1\" 404 153";
    let event = log::access(line, &options()).unwrap();
    assert_eq!(event.text(field::URL_PATH), Some("/\u{fffd}\0\u{fffd}\u{fffd}"));
}

/// `length` bytes of one line, then a good one; nothing of it is ever held as a whole.
struct HugeLine {
    left: usize,
    tail: &'static [u8],
}

impl Read for HugeLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return self.tail.read(buffer);
        }
        let count = buffer.len().min(self.left);
        buffer[..count].fill(b'A');
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn a_huge_line_is_stepped_over() {
    let tail = b"\nNov 22 14:02:11 web1 sshd[42]: Invalid user eve from 192.0.2.7 port 22";
    let input = BufReader::new(HugeLine { left: 64 << 20, tail });
    let (events, unread, summary) = read_all(input, Format::Auto, options());
    assert_eq!(unread, [Unread { line: 1, reason: UnreadReason::TooLong }]);
    assert_eq!((events.len(), summary.lines), (1, 2));
}

#[test]
fn single_lines_are_bounded_too() {
    let long = vec![b'A'; Options::MAX_LINE + 1];
    for read in [log::syslog, log::access, log::eve] {
        assert_eq!(read(&long, &options()).unwrap_err(), UnreadReason::TooLong);
    }
}

#[test]
fn order_chunks_and_line_ends_do_not_matter() {
    let expected = {
        let mut events = read_all(LINES.join("\n").as_bytes(), Format::Auto, options()).0;
        events.sort();
        events
    };
    assert_eq!(expected.len(), LINES.len() + 1);
    for turn in 0..LINES.len() {
        let mut lines = LINES;
        lines.rotate_left(turn);
        for end in ["\n", "\r\n", "\n\n"] {
            for chunk in [1, 7, 4096] {
                let input = lines.join(end);
                let input = BufReader::with_capacity(chunk, input.as_bytes());
                let (mut events, unread, _) = read_all(input, Format::Auto, options());
                events.sort();
                assert_eq!((&events, unread.len()), (&expected, 0), "{turn} {end:?} {chunk}");
            }
        }
    }
}

#[test]
fn unwanted_fields_are_left_out() {
    let wanted = [field::SOURCE_IP, field::EVENT_ACTION];
    for mask in [FieldMask::default(), wanted.into_iter().collect()] {
        let options = Options { fields: mask.clone(), ..options() };
        let input = LINES.join("\n");
        let mut reader = LogReader::new(input.as_bytes(), Format::Auto, options);
        while let Some(line) = reader.read().unwrap() {
            assert!(line.unwrap().fields().all(|(id, _)| mask.contains(id)));
        }
        assert_eq!(reader.summary().events, 9);
    }
}

/// A good line, parts of which were replaced by anything.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<prop::sample::Index>(), 0_usize..6, prop::collection::vec(any::<u8>(), 0..6));
    (prop::sample::select(LINES.to_vec()), prop::collection::vec(damage, 0..4)).prop_map(|(line, damages)| {
        let mut line = line.as_bytes().to_vec();
        for (place, length, bytes) in damages {
            let start = place.index(line.len() + 1);
            let end = (start + length).min(line.len());
            line.splice(start..end, bytes);
        }
        line
    })
}

fn every_line_is_accounted_for(input: &[u8]) -> Result<(), TestCaseError> {
    for format in FORMATS {
        let (events, unread, summary) = read_all(input, format, Options { max_line: 200, ..options() });
        let newlines = input.iter().filter(|byte| **byte == b'\n').count();
        let lines = newlines + usize::from(input.last().is_some_and(|byte| *byte != b'\n'));
        prop_assert_eq!(summary.lines, lines as u64);
        prop_assert_eq!(summary.lines, summary.read + summary.blank + summary.total_unread());
        prop_assert_eq!(summary.events, events.len() as u64);
        prop_assert_eq!(summary.total_unread(), unread.len() as u64);
        prop_assert!(unread.windows(2).all(|pair| pair[0].line < pair[1].line));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_accounted_for(input in prop::collection::vec(any::<u8>(), 0..400)) {
        every_line_is_accounted_for(&input)?;
    }

    #[test]
    fn damaged_lines_are_accounted_for(lines in prop::collection::vec(damaged(), 0..6)) {
        every_line_is_accounted_for(&lines.join(&b'\n'))?;
    }

    #[test]
    fn any_user_name_is_read_back(
        user in prop_oneof!["[^\n]{0,60}", "[a-z ]{0,9} from 192\\.0\\.2\\.[0-9]{1,2} port [0-9]{1,4}( ssh2)?[^\n]{0,9}"],
        address: IpAddr,
        port: u16,
        shape in 0_usize..6,
    ) {
        let message = match shape {
            0 => format!("Failed password for invalid user {user} from {address} port {port} ssh2"),
            1 => format!("Failed publickey for invalid user {user} from {address} port {port} ssh2: RSA SHA256:a+b/c"),
            2 => format!("Invalid user {user} from {address} port {port}"),
            3 => format!("Connection closed by invalid user {user} {address} port {port} [preauth]"),
            4 => format!("Disconnected from authenticating user {user} {address} port {port} [preauth]"),
            _ => format!("error: maximum authentication attempts exceeded for invalid user {user} from {address} port {port} ssh2 [preauth]"),
        };
        let line = format!("Nov 22 14:02:11 web1 sshd[42]: {message}");
        let event = log::syslog(line.as_bytes(), &options()).unwrap();
        prop_assert_eq!(event.address(field::SOURCE_IP), Some(address.to_canonical()));
        prop_assert_eq!(event.integer(field::SOURCE_PORT), Some(i64::from(port)));
        prop_assert_eq!(event.text(field::USER_NAME), Some(user.as_str()));
        prop_assert_eq!(event.text(field::MESSAGE), Some(message.as_str()));
    }
}
