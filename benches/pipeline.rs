//! The whole way of a log line: `cargo bench --bench pipeline`.
//!
//! Criterion times the stages; then the same 100,000 sshd lines go through AutoSec and through `fail2ban-regex` with its
//! stock sshd filter, and CPU seconds are compared: first with the one rule that does fail2ban's job, five failures in ten
//! minutes, then with the whole starter pack. AutoSec does more on the way: it counts over windows, scores, decides and
//! enforces, where the peer only matches.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use autosec_core::enforce::MemoryFirewall;
use autosec_core::engine::Engine;
use autosec_core::event::Schema;
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use autosec_integrations::log::{Format, LogReader, Options, syslog};
use criterion::{Criterion, Throughput};
use futures_util::FutureExt;
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};

const LINES: u32 = 100_000;

/// What fail2ban's sshd jail does by default.
const JAIL: &str = r#"
- id: sshd
  name: sshd
  severity: high
  when: event.action == "ssh_login" and event.outcome == "failure"
  count: { by: [source.ip], within: 10m, at_least: 5 }
  response: { action: block, for: 10m }
"#;

fn main() {
    let log = sshd_log(LINES);
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    stages(&mut criterion, &log);
    criterion.final_summary();
    against_fail2ban(&log);
}

/// What each stage costs a line.
fn stages(criterion: &mut Criterion, log: &str) {
    let lines: Vec<&str> = log.lines().take(1_000).collect();
    let options = options();
    let rules = rules();
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("parse 1,000 sshd lines", |bencher| {
        bencher.iter(|| lines.iter().filter(|line| syslog(line.as_bytes(), &options).is_ok()).count());
    });
    group.bench_function("parse and match 1,000 sshd lines", |bencher| {
        bencher.iter(|| {
            let mut findings = Findings::default();
            for line in &lines {
                if let Ok(event) = syslog(line.as_bytes(), &options) {
                    rules.detect(&event, &mut findings);
                }
            }
            black_box(findings.found().len())
        });
    });
    group.finish();
}

/// The same lines through both, CPU time of either.
fn against_fail2ban(log: &str) {
    let name = "pipeline/sshd-vs-fail2ban";
    let file = std::env::temp_dir().join(format!("autosec-bench-{}.log", std::process::id()));
    let peer = fs::write(&file, log).map_err(|error| error.to_string()).and_then(|()| fail2ban(&file));
    let _ = fs::remove_file(&file);
    let (matched, peer) = match peer {
        Ok(peer) => peer,
        Err(why) => return println!("bar {name} skipped ({why})"),
    };
    println!(
        "fail2ban-regex: {peer:.2} CPU-s, {:.0} lines a CPU-second, {matched} lines matched",
        f64::from(LINES) / peer
    );
    against(name, "the jail's rule", peer, || through(log, jail()));
    against("pipeline/sshd-starter-pack-vs-fail2ban", "the starter pack", peer, || through(log, rules()));
}

fn against(name: &str, rules: &str, peer: f64, run: impl Fn() -> (Duration, usize)) {
    run();
    let mut runs: Vec<(Duration, usize)> = (0..5).map(|_| run()).collect();
    runs.sort_unstable();
    let (ours, blocks) = runs[runs.len() / 2];
    let ours = ours.as_secs_f64();
    println!(
        "autosec with {rules}: {ours:.3} CPU-s, {:.0} lines a CPU-second, {blocks} sources blocked",
        f64::from(LINES) / ours
    );
    bar(name, peer / ours, "ratio", Asks::AtLeast(30.0));
}

/// Reads, matches, scores, decides and enforces; gives the CPU time and how many sources are blocked at the end.
fn through(log: &str, rules: RuleSet) -> (Duration, usize) {
    let engine =
        Engine::builder().detector(rules).firewall(MemoryFirewall::new("memory")).build().expect("it builds");
    let mut options = options();
    options.fields = engine.fields().clone();
    let begin = cpu_time();
    let mut reader = LogReader::new(log.as_bytes(), Format::Syslog, options);
    while let Some(line) = reader.read().expect("memory can be read") {
        let Ok(event) = line else { continue };
        let verdict = engine.process(event);
        for decision in verdict.decisions() {
            // The firewall in memory never waits, so one poll finishes it.
            black_box(engine.enforce(decision).now_or_never().expect("memory never waits"));
        }
    }
    let spent = cpu_time() - begin;
    (spent, engine.in_force().len())
}

/// Lines matched and CPU seconds of a run of the stock sshd filter over the file.
fn fail2ban(file: &std::path::Path) -> Result<(usize, f64), String> {
    let script = format!("TIMEFORMAT='%U %S'; time fail2ban-regex {} sshd", file.display());
    let output = Command::new("bash").args(["-c", &script]).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err("fail2ban-regex is not installed: Debian package fail2ban".to_owned());
    }
    let (out, times) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let matched = out.lines().find_map(|line| line.strip_prefix("Lines: ")?.split(' ').nth(4)?.parse().ok());
    let seconds =
        times.lines().last().unwrap_or_default().split(' ').map(str::parse::<f64>).sum::<Result<f64, _>>();
    Ok((matched.unwrap_or_default(), seconds.map_err(|_| format!("no times in `{times}`"))?))
}

fn rules() -> RuleSet {
    RuleSet::builder(&Schema::ecs()).starter().build().expect("the starter pack builds")
}

fn jail() -> RuleSet {
    RuleSet::builder(&Schema::ecs()).source("jail", JAIL).build().expect("the jail's rule builds")
}

fn options() -> Options {
    Options::new(Timestamp::parse("2026-11-22T15:00:00Z").expect("a time"))
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// sshd lines of a bad day: of ten lines, six failed passwords, one of them for an unknown user with its `Invalid user`
/// line, one PAM line, one honest login, one close. 2,000 sources, some of which come every second.
fn sshd_log(lines: u32) -> String {
    let mut log = String::new();
    for n in 0..lines {
        let second = n / 20;
        let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
        let random = n.wrapping_mul(2_654_435_761) >> 7;
        // A third of the lines come from fifty sources.
        let source = if random % 3 == 0 { random % 50 } else { random % 2_000 };
        let (a, b) = (source / 250 + 1, source % 250 + 1);
        let (pid, port) = (1_000 + n / 3, 30_000 + random % 30_000);
        let from = format!("203.0.{a}.{b} port {port}");
        let message = match n % 10 {
            0 => format!("Invalid user user{} from {from}", random % 300),
            1 => format!("Failed password for invalid user user{} from {from} ssh2", random % 300),
            2..=6 => format!("Failed password for root from {from} ssh2"),
            7 => format!(
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.{a}.{b}  user=root"
            ),
            8 => format!(
                "Accepted publickey for ann from 192.0.2.{b} port {port} ssh2: ED25519 SHA256:abcdefghij"
            ),
            _ => format!("Connection closed by authenticating user root {from} [preauth]"),
        };
        let _ = writeln!(log, "Nov 22 {hour:02}:{minute:02}:{second:02} web1 sshd[{pid}]: {message}");
    }
    log
}
