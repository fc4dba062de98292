//! What rules cost an event: `cargo bench --bench rules`.
//!
//! Times are CPU time of the thread that does the work, each the median of several rounds, so that what else runs on the
//! machine falls on them as little as can be. Sigma rules and events come from the corpora beside the repository; where
//! those are absent, these lines say so.

mod support;

use std::fs;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use autosec_core::event::{Event, JsonReader, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Rule, RuleSet};
use autosec_core::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};

const ROUNDS: usize = 21;

fn main() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    if corpora.is_dir() {
        sigma(&corpora);
    } else {
        println!("bar rules/sigma-event skipped (the corpora are absent)");
    }
    filters(100, 2.1);
    filters(10_000, 4.0);
    starter();
}

/// All Sigma rules over recorded Windows events.
fn sigma(corpora: &Path) {
    let mut texts = Vec::new();
    read(&corpora.join("sigma/rules"), &mut texts);
    texts.sort();
    let schema = Schema::ecs();
    let empty = resident();
    let begin = cpu_time();
    let builder = RuleSet::builder(&schema).placeholder("known_cdcs", ["dc1.example.org"]);
    let builder = texts
        .iter()
        .fold(builder, |builder, (name, text)| builder.sigma(name.display().to_string(), text.as_str()));
    let rules = builder.build().expect("the corpus builds");
    bar("rules/sigma-load", (cpu_time() - begin).as_secs_f64() * 1e3, "ms", Asks::AtMost(450.0));
    bar("rules/sigma-memory", resident().saturating_sub(empty) as f64 / 1e6, "MB", Asks::AtMost(50.0));
    let lines =
        fs::read_to_string(corpora.join("events/windows-otrf-2000.jsonl")).expect("the events are there");
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let events: Vec<_> = lines
        .lines()
        .map(|line| reader.read_at(line.as_bytes(), Timestamp::EPOCH).expect("it is an event"))
        .collect();
    let mut found = 0;
    let spent = micros_an_event(&events, |event| found += detect(&rules, event));
    let runs = (ROUNDS + 1) * events.len();
    println!("sigma: {} rules, {:.2} findings an event", texts.len(), found as f64 / runs as f64);
    bar("rules/sigma-event", spent, "us", Asks::AtMost(20.0));
    two_threads(&rules, &events);
}

/// How much more two threads do with one set of rules than one thread, if each has a core: by the CPU time that they
/// take, which grows when they wait for each other's memory and not when others use the machine.
fn two_threads(rules: &RuleSet, events: &[Event<'_>]) {
    let run = || {
        let begin = cpu_time();
        for event in (0..10).flat_map(|_| events) {
            detect(rules, event);
        }
        (cpu_time() - begin).as_secs_f64()
    };
    let time = |threads: usize| -> f64 {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            let times = threads.into_iter().map(|thread| thread.join().expect("it does not panic"));
            times.sum::<f64>()
        })
    };
    let ratios = (0..9).map(|_| {
        let one = time(1);
        4.0 * one / time(2)
    });
    bar("rules/two-threads", median(ratios.collect()), "ratio", Asks::AtLeast(1.7));
}

/// One-line filters of ten shapes over HTTP requests of eleven fields.
fn filters(many: u32, bound: f64) {
    let begin = cpu_time();
    let rules = (0..many).map(|n| Rule::new(format!("f-{n}"), Severity::Low, filter(n)));
    let schema = Schema::ecs();
    let builder = rules.fold(RuleSet::builder(&schema), |builder, rule| builder.rule(rule));
    let rules = builder.build().expect("the filters build");
    let load = (cpu_time() - begin).as_secs_f64() * 1e3;
    let texts: Vec<_> = (0..500).map(Request::new).collect();
    let events: Vec<_> = texts.iter().map(Request::event).collect();
    let mut found = 0;
    let spent = micros_an_event(&events, |event| found += detect(&rules, event));
    let runs = (ROUNDS + 1) * events.len();
    println!("filters: {many} load in {load:.0} ms, {:.2} findings an event", found as f64 / runs as f64);
    bar(&format!("rules/filters-{many}"), spent, "us", Asks::AtMost(bound));
}

fn filter(n: u32) -> String {
    let (a, b) = (n / 250 % 250, n % 250);
    match n % 10 {
        0 => format!(r#"url.domain == "host{n}.example.com" and url.path == "/app/{n}""#),
        1 => format!("source.ip in {{ 10.{a}.{b}.0/24 }}"),
        2 => format!(r#"url.path contains "/secret{n}/" and http.request.method == "POST""#),
        3 => format!(
            r#"source.geo.country_iso_code in {{ "C{}" "D{}" }} and destination.port in {{ {} {} }}"#,
            n % 26,
            n % 17,
            n % 60_000,
            (n * 7) % 60_000
        ),
        4 => format!(r#"user_agent.original contains "bot{n}" or user_agent.original contains "crawl{n}""#),
        5 => format!(r#"event.severity > {} and url.domain == "host{n}.example.com""#, n % 100),
        6 => format!(r#"url.query contains "token{n}=""#),
        7 => format!("source.ip == 172.16.{a}.{b}"),
        8 => format!(
            r#"url.path contains "/admin{n}" and not source.geo.country_iso_code in {{ "DE" "FR" }} and source.as.number in {{ {n} {} }}"#,
            n + 1
        ),
        _ => format!(
            r#"source.as.number == {n} and http.request.method == "GET" and http.response.status_code >= 400"#
        ),
    }
}

/// The texts of a request.
struct Request {
    n: u32,
    host: String,
    path: String,
    query: String,
    agent: String,
}

impl Request {
    fn new(n: u32) -> Self {
        let n = n.wrapping_mul(2_654_435_761) >> 8;
        let path = if n.is_multiple_of(50) {
            format!("/secret{}/x", n % 10_000)
        } else {
            format!("/app/{}", n % 5_000)
        };
        Self {
            n,
            host: format!("host{}.example.com", n % 20_000),
            path,
            query: format!("page={}&sort=asc&token{}=abc", n % 100, n % 40_000),
            agent: format!(
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{}.0 Safari/537.36",
                n % 140
            ),
        }
    }

    fn event(&self) -> Event<'_> {
        let n = self.n;
        let address = IpAddr::from(Ipv4Addr::from(0x0a00_0000 + n % 0x0080_0000));
        Event::new(Timestamp::EPOCH)
            .with(field::URL_DOMAIN, self.host.as_str())
            .with(field::URL_PATH, self.path.as_str())
            .with(field::URL_QUERY, self.query.as_str())
            .with(field::USER_AGENT_ORIGINAL, self.agent.as_str())
            .with(field::HTTP_REQUEST_METHOD, if n.is_multiple_of(3) { "POST" } else { "GET" })
            .with(field::HTTP_RESPONSE_STATUS_CODE, i64::from(200 + n % 4 * 100))
            .with(field::SOURCE_IP, address)
            .with(field::SOURCE_AS_NUMBER, i64::from(n % 30_000))
            .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, ["DE", "US", "C7", "FR"][n as usize % 4])
            .with(field::DESTINATION_PORT, i64::from(n % 60_000))
            .with(field::EVENT_SEVERITY, i64::from(n % 100))
    }
}

/// The starter pack, a small set of rules most of which begin with an action.
fn starter() {
    let rules = RuleSet::builder(&Schema::ecs()).starter().build().expect("the starter pack builds");
    let base = || {
        Event::new(Timestamp::EPOCH)
            .with(field::SOURCE_IP, IpAddr::from([192, 0, 2, 7]))
            .with(field::DESTINATION_PORT, 443_i64)
            .with(field::HOST_NAME, "web1")
            .with(field::EVENT_OUTCOME, "success")
            .with(field::HTTP_REQUEST_METHOD, "GET")
            .with(field::HTTP_RESPONSE_STATUS_CODE, 200_i64)
            .with(field::URL_PATH, "/assets/images/logo-2026.png")
            .with(field::URL_QUERY, "v=17&lang=en")
            .with(field::USER_AGENT_ORIGINAL, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    };
    // What gates over one field and conditions by themselves took for the web event, 1,419 ns (2026-11-22, 2-core x86-64
    // VM), and what they took for an event of which no rule wants anything.
    for (name, action, bound) in [("none", "heartbeat", 67.0), ("web", "http_request", 1419.0)] {
        let events = vec![base().with(field::EVENT_ACTION, action); 1000];
        let spent = micros_an_event(&events, |event| {
            detect(&rules, event);
        });
        bar(&format!("rules/starter-{name}"), spent * 1e3, "ns", Asks::AtMost(bound));
    }
}

fn detect(rules: &RuleSet, event: &Event<'_>) -> usize {
    let mut findings = Findings::default();
    rules.detect(event, &mut findings);
    black_box(findings.found().len())
}

/// CPU time, the median of the rounds.
fn micros_an_event(events: &[Event<'_>], mut run: impl FnMut(&Event<'_>)) -> f64 {
    events.iter().for_each(&mut run);
    let rounds = (0..ROUNDS).map(|_| {
        let begin = cpu_time();
        events.iter().for_each(&mut run);
        (cpu_time() - begin).as_secs_f64() * 1e6 / events.len() as f64
    });
    median(rounds.collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Bytes of memory in use.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn read(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            read(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            let text = fs::read_to_string(&path).expect("the rule can be read");
            into.push((path, text));
        }
    }
}
