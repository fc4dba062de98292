//! What indicators cost: `cargo bench --bench intel`.
//!
//! A million indicators in equal parts: IPv4 and IPv6 addresses, prefixes, domains, host names, URLs, MD5, SHA-1 and SHA-256,
//! most under UUIDs as STIX and MISP have them, read from text as a feed gives it. Times are CPU time of the one thread.
//!
//! Events are looked at in batches of 64 that were just built, texts included, as a reader hands them on: the time is that of
//! the look-up, not of fetching an event of a kilobyte and its texts from memory that nobody touched for long. What that comes to beside it is said
//! in a note: the same events all built first, 200,000 of them.

mod support;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::event::{Event, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::intel::warninglist::{Warninglist, Warninglists};
use autosec_core::intel::{Indicator, IndicatorIndex, IndicatorValue, ObservableKind};
use autosec_core::measure::Confidence;
use autosec_core::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};

const COUNT: u32 = 1_000_000;
const LOOKS: u32 = 200_000;
const ROUNDS: usize = 5;
/// How many events are built before they are looked at.
const BATCH: usize = 64;

fn main() {
    let lines: Vec<(ObservableKind, String, String)> = (0..COUNT).map(line).collect();
    let index = load(&lines);
    misses(&index);
    hits(&index);
    drop(index);
    limit();
    warninglists();
}

/// A line of a feed: kind, value, id.
fn line(number: u32) -> (ObservableKind, String, String) {
    use ObservableKind as Kind;
    let mixed = mix(number);
    let (kind, text) = match number % 9 {
        0 => (Kind::Network, listed_v4(number).to_string()),
        1 => (Kind::Network, Ipv6Addr::from(0x2001_u128 << 112 | u128::from(mixed)).to_string()),
        2 => (Kind::Network, format!("{}/24", Ipv4Addr::from((mixed as u32) & 0xDFFF_FF00 | 0x2000_0000))),
        3 => (Kind::Domain, format!("evil{mixed:x}.example.com")),
        4 => (Kind::Hostname, format!("www.host{mixed:x}.example.net")),
        5 => (Kind::Url, format!("http://host{number}.example.org/path/{mixed:x}/payload.bin?id={number}")),
        6 => (Kind::Md5, format!("{mixed:016x}{mixed:016x}")),
        7 => (Kind::Sha1, format!("{mixed:016x}{mixed:016x}{number:08x}")),
        _ => (Kind::Sha256, format!("{mixed:016x}").repeat(4)),
    };
    (kind, text, format!("indicator--{number:08x}-0000-4000-8000-{:012x}", mixed >> 16))
}

fn listed_v4(number: u32) -> Ipv4Addr {
    Ipv4Addr::from((mix(number) as u32) & 0xDFFF_FFFF | 0x4000_0000)
}

fn mix(number: u32) -> u64 {
    let mixed = (u64::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn load(lines: &[(ObservableKind, String, String)]) -> IndicatorIndex {
    let tags: Arc<[Arc<str>]> = Arc::from([Arc::from("malware"), Arc::from("botnet")]);
    let source: Arc<str> = Arc::from("feed");
    let index = IndicatorIndex::default();
    let (report, took) = timed(|| {
        index.load(lines.iter().map(|(kind, text, id)| {
            let value = IndicatorValue::new(*kind, text).expect("it is one");
            let mut indicator = Indicator::new(Arc::clone(&source), value).with_id(id.as_str());
            indicator.confidence = Confidence::clamped(0.8);
            indicator.valid_from = Some(Timestamp::from_secs(1_700_000_000));
            indicator.valid_until = Some(Timestamp::from_secs(1_900_000_000));
            indicator.modified = Some(Timestamp::from_secs(1_700_000_000));
            indicator.tags = Arc::clone(&tags);
            indicator
        }))
    });
    println!("note intel/load-1m {report}");
    bar("intel/load-1m", took.as_secs_f64(), "s", Asks::AtMost(2.0));
    bar("intel/bytes", index.snapshot().bytes() as f64 / f64::from(COUNT), "bytes", Asks::AtMost(120.0));
    let one = Indicator::new(
        "feed",
        IndicatorValue::new(ObservableKind::Domain, "one.example.com").expect("it is one"),
    );
    let (report, took) = timed(|| index.load([one]));
    println!("note intel/delta of one on a million: {report} in {took:?}");
    index
}

/// Events of five observables of which none is listed.
fn misses(index: &IndicatorIndex) {
    let texts: Vec<[String; 3]> = (0..LOOKS)
        .map(|number| {
            let mixed = mix(number ^ 0xA5A5_A5A5);
            [
                format!("host{mixed:x}.sub.example.com"),
                format!("https://shop{mixed:x}.example.de/basket/{number}"),
                format!("{:016x}{mixed:016x}", !mixed),
            ]
        })
        .collect();
    let full = |number: usize| {
        let [name, url, md5] = &texts[number];
        let [source, destination] = [mix(!(number as u32)), mix(number as u32 ^ 77)]
            .map(|mixed| IpAddr::V4(Ipv4Addr::from(mixed as u32 & 0x1FFF_FFFF)));
        event()
            .with(field::SOURCE_IP, source)
            .with(field::DESTINATION_IP, destination)
            .with(field::DNS_QUESTION_NAME, name.clone())
            .with(field::URL_FULL, url.clone())
            .with(field::FILE_HASH_MD5, md5.clone())
    };
    let (nanos, found) = per_event(index, texts.len(), BATCH, full);
    println!("note intel/miss {nanos:.0} ns an event of five observables, {found} findings");
    bar("intel/miss", nanos / 5.0, "ns", Asks::AtMost(100.0));
    let (nanos, _) = per_event(index, texts.len(), texts.len(), full);
    println!("note intel/miss of events long untouched {:.0} ns an observable", nanos / 5.0);
    for (name, id) in [
        ("name", field::DNS_QUESTION_NAME),
        ("URL", field::URL_FULL),
        ("MD5", field::FILE_HASH_MD5),
        ("address", field::SOURCE_IP),
    ] {
        let single = |number| event().with(id, full(number).get(id).expect("it has one").clone());
        println!(
            "note intel/miss of a {name} alone {:.0} ns",
            per_event(index, texts.len(), BATCH, single).0
        );
    }
}

/// Events of five observables of which one, or each, is listed.
fn hits(index: &IndicatorIndex) {
    let lines: Vec<(ObservableKind, String, String)> = (0..LOOKS * 4).map(line).collect();
    let by_kind = |kind: u32| lines.iter().skip(kind as usize).step_by(9).map(|(_, text, _)| text.as_str());
    let texts: Vec<[&str; 5]> = by_kind(0)
        .zip(by_kind(3))
        .zip(by_kind(5).zip(by_kind(6).zip(by_kind(8))))
        .map(|((v4, domain), (url, (md5, sha256)))| [v4, domain, url, md5, sha256])
        .collect();
    let addresses: Vec<IpAddr> = texts.iter().map(|[v4, ..]| v4.parse().expect("it is an address")).collect();
    let all = |number: usize| {
        let [_, domain, url, md5, sha256] = texts[number];
        event()
            .with(field::SOURCE_IP, addresses[number])
            .with(field::DNS_QUESTION_NAME, domain.to_owned())
            .with(field::URL_FULL, url.to_owned())
            .with(field::FILE_HASH_MD5, md5.to_owned())
            .with(field::FILE_HASH_SHA256, sha256.to_owned())
    };
    let one = |number: usize| {
        event()
            .with(field::SOURCE_IP, addresses[number])
            .with(field::DESTINATION_IP, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)))
            .with(field::DNS_QUESTION_NAME, "www.harmless.example")
            .with(field::URL_FULL, "https://www.harmless.example/index.html")
            .with(field::FILE_HASH_MD5, "0123456789abcdef0123456789abcdef")
    };
    let (nanos, found) = per_event(index, texts.len(), BATCH, one);
    println!("note intel/hit-five {found} findings in {} events", texts.len());
    bar("intel/hit-five", nanos / 1e3, "us", Asks::AtMost(1.0));
    let (nanos, _) = per_event(index, texts.len(), texts.len(), one);
    println!("note intel/hit-five of events long untouched {:.2} us", nanos / 1e3);
    let (nanos, found) = per_event(index, texts.len(), BATCH, all);
    println!(
        "note intel/hit-five all five listed: {:.2} us, {found} findings in {} events",
        nanos / 1e3,
        texts.len()
    );
}

fn event<'e>() -> Event<'e> {
    Event::new(Timestamp::from_secs(1_800_000_000))
}

/// Median nanoseconds an event of so many that are built in batches, and how many findings there are in all.
fn per_event<'e>(
    index: &IndicatorIndex,
    count: usize,
    batch: usize,
    build: impl Fn(usize) -> Event<'e>,
) -> (f64, usize) {
    let look = || {
        let (mut found, mut took) = (0, Duration::ZERO);
        let mut events = Vec::with_capacity(batch);
        for first in (0..count).step_by(batch) {
            events.clear();
            events.extend((first..count.min(first + batch)).map(&build));
            let (of_batch, took_batch) = timed(|| detected(index, &events));
            found += of_batch;
            took += took_batch;
        }
        (found, took)
    };
    let (found, _) = look();
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| look().1).collect();
    times.sort_unstable();
    (times[ROUNDS / 2].as_secs_f64() * 1e9 / count as f64, found)
}

fn detected(index: &IndicatorIndex, events: &[Event<'_>]) -> usize {
    let found = events.iter().map(|event| {
        let mut findings = Findings::default();
        index.detect(black_box(event), &mut findings);
        findings.found().len()
    });
    found.sum()
}

/// Ten million indicators against the limit.
fn limit() {
    let index = IndicatorIndex::default();
    let (report, took) = timed(|| {
        index.load((0..10_000_000_u32).map(|number| {
            let address = IpAddr::V4(Ipv4Addr::from(number.wrapping_mul(0x9E37_79B1)));
            Indicator::new("flood", ipnet::IpNet::from(address).into())
        }))
    });
    println!("note intel/limit {report}; {} MB, {took:?}", index.snapshot().bytes() >> 20);
}

fn warninglists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/misp/warninglists");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("bar intel/warninglists skipped (the corpora are absent)");
        return;
    };
    let files: Vec<Vec<u8>> = entries
        .filter_map(|entry| std::fs::read(entry.ok()?.path()).ok())
        .filter(|file| !file.is_empty())
        .collect();
    let (lists, took) =
        timed(|| Warninglists::new(files.iter().filter_map(|file| Warninglist::read(file).ok())));
    println!(
        "note intel/warninglists {} lists, {} members, {} not understood, {} kB",
        lists.len(),
        lists.members(),
        lists.unread(),
        lists.bytes() >> 10
    );
    bar("intel/warninglists", took.as_secs_f64(), "s", Asks::AtMost(1.0));
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let before = cpu();
    let made = run();
    (made, cpu().saturating_sub(before))
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
