//! Lists that mean harm, or come from somebody who means well: each is read within bounds, or refused with a reason.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use autosec_core::engine::Engine;
use autosec_core::event::{Event, field};
use autosec_core::intel::{IndexLimits, Indicator, IndicatorIndex, ObservedFields, Refusal};
use autosec_core::time::Timestamp;
use autosec_integrations::feed::freetext;
use autosec_integrations::feed::list::{ListError, ListKind, ListReader, ListReport, ListSettings, preset};

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

fn settings(json: &str) -> ListSettings {
    serde_json::from_str(json).unwrap()
}

fn read(settings: ListSettings, input: impl Read) -> Result<(Vec<Indicator>, ListReport), ListError> {
    let mut found = Vec::new();
    let report = ListReader::new(settings).read(input, NOW, &mut |one| found.push(one))?;
    Ok((found, report))
}

fn values(settings: ListSettings, input: &str) -> Vec<String> {
    let (found, _) = read(settings, input.as_bytes()).unwrap();
    found.iter().map(|one| one.values[0].to_string()).collect()
}

fn of_kind(kind: &str) -> ListSettings {
    ListSettings::new("list", ListKind::parse(kind).unwrap())
}

/// A byte at a time, as of a slow connection.
struct Slow<'t>(&'t [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn a_slow_answer_is_judged_like_a_fast_one() {
    let page = read(of_kind("guess"), Slow(b"\n\n <HTML><p>\nevil.com\n")).unwrap_err();
    assert!(matches!(page, ListError::WebPage), "{page}");
    assert!(matches!(read(of_kind("guess"), Slow(b"\xFF\xFE1\0")).unwrap_err(), ListError::Utf16));
    let (found, report) =
        read(of_kind("network"), Slow("\u{feff}198.18.0.7\n198.18.0.8".as_bytes())).unwrap();
    assert_eq!((found.len(), report.rejected), (2, 0));
}

#[test]
fn a_value_is_not_cut_into_another_one() {
    let urls = "http://example.com/;x=evil,1 ; SBL1\nhttp://example.com/a,b.sh,\nhttp://example.com/c\n";
    let whole = ["http://example.com/;x=evil,1", "http://example.com/a,b.sh", "http://example.com/c"];
    assert_eq!(values(of_kind("url"), urls), whole);
    assert_eq!(values(of_kind("guess"), urls), whole);
    let agents = "# agents\nMozilla/5.0 (compatible; EvilBot; #1)\n";
    assert_eq!(values(of_kind("user-agent"), agents), ["Mozilla/5.0 (compatible; EvilBot; #1)"]);
    let prose = || settings(r#"{"name":"a","format":{"type":"freetext"}}"#);
    assert_eq!(values(prose(), "to [2001:db8::7]:443 now"), ["2001:db8::7 and 443"]);
    let long = format!("http://example.com/{}", "a".repeat(1_000));
    let (found, _) = read(prose(), format!("see {long}y and {long}z").as_bytes()).unwrap();
    let index = IndicatorIndex::default();
    index.load(found);
    assert_eq!(index.snapshot().len(), 2, "two values that begin alike");
    for tail in ["y", "z"] {
        let url = Event::new(NOW).with(field::URL_FULL, format!("{long}{tail}"));
        let engine = Engine::builder().detector(IndicatorIndex::default()).build().unwrap();
        assert!(engine.process(url.clone()).is_quiet());
        let mut found = autosec_core::finding::Findings::default();
        autosec_core::finding::Detector::detect(&index, &url, &mut found);
        assert_eq!(found.into_parts().0.len(), 1, "{tail}");
    }
    let domains = settings(r#"{"name":"a","format":{"type":"freetext"},"kind":"domain"}"#);
    let (found, report) = read(domains, "evil[.]com at 198.18.0.7".as_bytes()).unwrap();
    assert_eq!((found.len(), report.skipped, report.rejected), (1, 1, 0));
    assert_eq!(&*found[0].id, "domain:evil.com");
}

#[test]
fn a_quote_that_nobody_closes_is_an_error_with_its_line() {
    let csv = || settings(r#"{"name":"a","format":{"type":"csv"},"value":1,"kind":"network"}"#);
    let mut list = String::new();
    for host in 0..200 {
        let _ = writeln!(list, "198.18.0.{host},\"note {host}\"");
    }
    assert_eq!(values(csv(), &list).len(), 200);
    let damaged = list
        .replace("\"note 20\"", "\"note 20")
        .replace("\"note", "note")
        .replace("note 20\n", "\"note 20\n");
    let mut damaged: String =
        damaged.lines().map(|line| line.trim_end_matches('"').to_owned() + "\n").collect();
    assert!(matches!(read(csv(), damaged.as_bytes()).unwrap_err(), ListError::Unclosed(21)));
    damaged = format!("198.18.0.1,\"{}", "x".repeat(3 << 20));
    let error = read(csv(), damaged.as_bytes()).unwrap_err();
    assert!(matches!(error, ListError::Unclosed(1)), "{error}");
    let several = "198.18.0.1,\"a\nb\nc\"\n198.18.0.2,\"\"\"\"\n\n198.18.0.3\n,,,\n198.18.0.4,x\"y,z\"";
    assert_eq!(values(csv(), several), ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4"]);
    for wrong in ["│", "§", "\"", "\n"] {
        let format = serde_json::json!({"name": "a", "format": {"type": "csv", "delimiter": wrong}});
        let refused = serde_json::from_value::<ListSettings>(format).unwrap_err().to_string();
        assert!(refused.contains("give an ASCII character"), "{refused}");
    }
}

#[test]
fn strange_documents_are_read_or_refused() {
    let items =
        || settings(r#"{"name":"a","format":{"type":"json","items":["a.b","c"]},"value":"v","id":"i"}"#);
    assert_eq!(
        values(items(), r#"{"a.b":[{"v":"x","v":"198.18.0.7"}]}"#),
        ["198.18.0.7"],
        "the last key counts"
    );
    assert_eq!(values(items(), r#"{"a":{"b":[{"v":"198.18.0.7"}]},"c":null}"#), ["198.18.0.7"]);
    assert!(values(items(), r#"{"c":[]}"#).is_empty());
    for (input, said) in [
        (r#"{"error":"quota"}"#.to_owned(), "the document has no `a.b` or `c`"),
        (r#"{"c":[{"v":1e999}]}"#.to_owned(), "no whole JSON"),
        (format!("{{\"c\":{}", "[".repeat(100_000)), "no whole JSON"),
        (r#"{"c":"Your search did not yield any results"}"#.to_owned(), "there is no value"),
        (r#"{"c":[{"v":{"v":"198.18.0.7"}}]}"#.to_owned(), "there is no value"),
    ] {
        let error = read(items(), input.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let same = r#"{"c":[{"v":"198.18.0.7","i":1},{"v":"198.18.0.8","i":1}]}"#;
    let (found, _) = read(items(), same.as_bytes()).unwrap();
    let index = IndicatorIndex::default();
    index.load(found);
    let left: Vec<String> = index.snapshot().indicators().map(|one| one.values[0].to_string()).collect();
    assert_eq!(left, ["198.18.0.8"], "of one id the last counts");
}

#[test]
fn numbers_and_times_far_away_do_no_harm() {
    let list = || {
        settings(
            r#"{"name":"a","format":{"type":"csv"},"value":1,"kind":"network","confidence":{"from":2,"out_of":100},
                "first_seen":3,"last_seen":4,"valid_until":5}"#,
        )
    };
    for number in ["1e999", "-1", "NaN", "99999999999999999999", "-inf", "0x10"] {
        for time in [
            "9223372036854775807",
            "-9223372036854775808",
            "0000-00-00",
            "9999-12-31",
            "-9999-01-01",
            "99999w",
        ] {
            let line = format!("198.18.0.7,{number},{time},{time},\n198.18.0.8,,,,{time}\n");
            let (found, report) = read(list(), line.as_bytes()).unwrap();
            assert_eq!(report.records, 2);
            for one in found {
                let confidence = one.confidence_at(NOW).unwrap();
                assert!((0.0..=1.0).contains(&confidence.value()), "{line}");
                assert!(one.valid_from.is_none_or(|from| from <= NOW), "{line}");
            }
        }
    }
}

#[test]
fn tags_and_ids_are_bounded() {
    let list =
        || settings(r#"{"name":"a","format":{"type":"ndjson"},"value":"v","id":"i","tags_from":["t"]}"#);
    let huge = "t".repeat(30_000);
    let many = "x ".repeat(30_000);
    for tags in [format!("\"{huge}\""), format!("\"{many}\""), format!("[\"{huge}\",1,null,[],{{}},\"ok\"]")]
    {
        let line = format!("{{\"v\":\"198.18.0.7\",\"t\":{tags}}}");
        let (found, _) = read(list(), line.as_bytes()).unwrap();
        let bytes: usize = found[0].tags.iter().map(|tag| tag.len()).sum();
        assert!(found[0].tags.len() <= 64 && bytes <= 64 * 128, "{bytes}");
    }
    let (found, _) = read(list(), format!("{{\"v\":\"198.18.0.7\",\"i\":\"{huge}\"}}").as_bytes()).unwrap();
    let index = IndicatorIndex::default();
    let report = index.load(found);
    assert_eq!((report.refused_for(Refusal::Id), index.snapshot().len()), (1, 0));
    assert!(report.examples[0].1.len() <= 64);
}

#[test]
fn words_that_fight_back_take_time_by_their_length() {
    // Each takes microseconds; if time grew with the square of what is there, they would take minutes.
    for word in ["[.", "(dot)", "[.](at)", "a.", "xn--", "hxxp[://]", "é.", "((((", "%", "a@"] {
        let text = word.repeat(2_000 / word.len());
        let many = format!("{text} ").repeat(200);
        assert!(freetext::values(&many).count() <= 1, "{word}");
    }
    let path = vec!["a"; 60].join(".");
    let deep = settings(&format!(r#"{{"name":"a","format":{{"type":"ndjson"}},"value":"{path}"}}"#));
    let nested = "{\"a\":".repeat(100) + "1" + &"}".repeat(100);
    assert!(read(deep, nested.as_bytes()).is_err());
}

const CHILD: &str = "AUTOSEC_FEED_INDICATORS";
const ROOM: usize = 20_000;

/// So many lines, each made when it is read.
struct Lines {
    next: u32,
    end: u32,
    line: io::Cursor<String>,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.line.read(buffer)?;
        if read > 0 || self.next == self.end {
            return Ok(read);
        }
        let mut lines = String::new();
        for host in self.next..self.end.min(self.next + 100) {
            let [_, a, b, c] = host.to_be_bytes();
            let _ = writeln!(lines, "2001:db8:{a:x}:{b:x}::{c:x}");
        }
        self.next = self.end.min(self.next + 100);
        self.line = io::Cursor::new(lines);
        self.line.read(buffer)
    }
}

/// Many more indicators than there is room for: those that fit are in force, the others are counted, and memory knows
/// nothing of their number. Set the variable to 10000000 to see it with as many.
#[test]
fn more_indicators_than_there_is_room_for() {
    let count = std::env::var(CHILD).unwrap_or_else(|_| "200000".to_owned());
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "feed_limits::indicators_of_a_child", "--nocapture", "--test-threads=1"])
        .env(CHILD, &count)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    let count: usize = count.parse().unwrap();
    let wanted = format!("{ROOM} added, {} refused (over the limit of indicators)", count - ROOM);
    assert!(said.contains(&wanted), "{said}");
    let peak = said.split("peak memory ").nth(1).and_then(|rest| rest.split(' ').next());
    if let Some(peak) = peak {
        assert!(peak.parse::<u64>().unwrap() < 96 << 10, "{said}");
    }
}

/// What runs in a process of its own, so that its memory is its own.
#[test]
fn indicators_of_a_child() {
    let Some(end) = std::env::var(CHILD).ok().and_then(|count| count.parse().ok()) else { return };
    let mut limits = IndexLimits::default();
    limits.indicators = ROOM;
    let index = IndicatorIndex::new(limits, ObservedFields::default());
    let mut update = index.update();
    update.replace("list");
    let lines = Lines { next: 0, end, line: io::Cursor::default() };
    let mut list = autosec_integrations::feed::list::ListLimits::default();
    list.bytes = 1 << 30;
    let reader = ListReader::new(of_kind("network")).with_limits(list);
    let report = reader.read(lines, NOW, &mut |indicator| update.put(indicator)).unwrap();
    assert_eq!(report.indicators, u64::from(end));
    let report = update.commit();
    assert_eq!(index.snapshot().len(), ROOM);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default().trim();
    let peak = if peak.is_empty() { String::new() } else { format!(", peak memory {peak}") };
    println!("{report}{peak}");
}

#[test]
fn an_engine_sees_one_list_or_the_other_and_never_both_or_none() {
    let index = Arc::new(IndicatorIndex::default());
    let load = |number: u32| {
        let mut update = index.update();
        update.replace("list");
        let list = format!("198.18.0.{}\n", number % 2);
        let read = ListReader::new(of_kind("network"));
        read.read(list.as_bytes(), NOW, &mut |indicator| update.put(indicator)).unwrap();
        update.commit();
    };
    load(0);
    let engine = Engine::builder().detector(Arc::clone(&index)).build().unwrap();
    let done = AtomicBool::new(false);
    let [one, other] = ["198.18.0.0", "198.18.0.1"].map(|text| text.parse::<IpAddr>().unwrap());
    let looked = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looked = 0_u64;
            while !done.load(Ordering::Acquire) || looked < 100 {
                let event = Event::new(NOW).with(field::SOURCE_IP, one).with(field::DESTINATION_IP, other);
                assert_eq!(engine.process(event).findings().count(), 1);
                looked += 1;
            }
            looked
        });
        (1..400).for_each(load);
        done.store(true, Ordering::Release);
        reader.join().unwrap()
    });
    assert!(looked >= 100);
}

#[test]
fn an_answer_of_every_preset_that_is_empty_or_wrong_is_no_list() {
    for name in ["abuseipdb", "threatfox", "otx-pulse", "greynoise", "crowdsec"] {
        for answer in ["{}", "[]", "{\"message\":\"forbidden\"}", "null", "7", "\"denied\""] {
            let read = read(preset(name).unwrap(), answer.as_bytes());
            assert!(read.is_err(), "{name} took {answer} for a list without entries");
        }
    }
}
