//! The starter pack on log lines of honest clients and of attackers: who is blocked, and who is not.

mod attacks;
mod honest;
mod network;
mod ssh;
mod visit;

use std::net::IpAddr;

use autosec_core::enforce::MemoryFirewall;
use autosec_core::engine::Engine;
use autosec_core::event::Schema;
use autosec_core::finding::FaultKind;
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use autosec_integrations::log::{Format, LogReader, Options};

/// Who every log is about.
const CLIENT: &str = "203.0.113.77";
/// Where flow records point.
const SERVER: &str = "198.51.100.1";

/// What a case is called, and its log.
type Case = (&'static str, String);

/// The time of day so many seconds after two.
fn clock(seconds: usize) -> String {
    format!("{:02}:{:02}:{:02}", 14 + seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Everybody's engine: rules that are built once, because that takes longer than all the logs.
struct Edge {
    engine: Engine,
    firewall: MemoryFirewall,
}

impl Edge {
    fn new() -> Self {
        let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
        let firewall = MemoryFirewall::new("edge");
        let engine = Engine::builder().detector(rules).firewall(firewall.clone()).build().unwrap();
        Self { engine, firewall }
    }

    /// Whether the firewall drops the client or the server after the log, both of which move to addresses of their own.
    async fn blocks(&self, case: usize, log: &str) -> bool {
        let (client, server) = (format!("203.0.113.{case}"), format!("198.51.100.{case}"));
        let log = log.replace(CLIENT, &client).replace(SERVER, &server);
        let reference = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
        let mut reader = LogReader::new(log.as_bytes(), Format::Auto, Options::new(reference));
        while let Some(line) = reader.read().unwrap() {
            let verdict = self.engine.process(line.unwrap());
            // Logs overlap in time, which is late for what is counted by user alone.
            assert!(verdict.faults.iter().all(|fault| fault.kind == FaultKind::Late), "{:?}", verdict.faults);
            for decision in verdict.decisions() {
                assert!(self.engine.enforce(decision).await.is_complete());
            }
        }
        [client, server].iter().any(|address| self.firewall.drops(address.parse::<IpAddr>().unwrap()))
    }
}

/// Fails with the names of all cases that end otherwise than expected.
async fn assert_all(cases: impl IntoIterator<Item = Case>, blocked: bool) {
    let edge = Edge::new();
    let mut wrong = Vec::new();
    for (case, (name, log)) in cases.into_iter().enumerate() {
        if edge.blocks(case + 1, &log).await != blocked {
            wrong.push(name);
        }
    }
    let what = if blocked { "not blocked" } else { "blocked" };
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}
