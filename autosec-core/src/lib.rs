//! Detection and response, embedded: events in, findings, a risk and a decision with its reasons out.
//!
//! A host application hands in what happened (a login, a request, a flow, a log line). AutoSec answers in process, in
//! microseconds: *what was found, how risky is it, why, and what should be done*. When asked, it does it: it blocks an
//! address on every firewall the host has, with an end, and knows how to take it back. It is a library and no service:
//! storage, transport, threads and time belong to the host, and each has a default.
//!
//! ```
//! use autosec_core::engine::Engine;
//! use autosec_core::event::{Event, Schema, field};
//! use autosec_core::rule::RuleSet;
//! use autosec_core::time::Timestamp;
//!
//! let rules = RuleSet::builder(&Schema::ecs()).source("web.yaml", r#"
//! - id: path-traversal
//!   name: Path traversal
//!   severity: high
//!   when: url.path contains "/../"
//!   response: { action: block, for: 1h }
//! "#).build()?;
//! let engine = Engine::builder().detector(rules).build()?;
//!
//! let request = Event::new(Timestamp::parse("2026-11-22T14:02:11Z")?)
//!     .with(field::URL_PATH, "/img/../../etc/passwd")
//!     .with(field::SOURCE_IP, "203.0.113.7".parse::<std::net::IpAddr>()?);
//! let verdict = engine.process(request);
//! println!("{}", verdict.explain());
//! assert_eq!(verdict.decision().unwrap().unless(), "`path-traversal` had not fired");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To act on it, give the builder a [firewall](enforce::FirewallIntegration) and hand each decision to
//! [`Engine::enforce`](engine::Engine::enforce).
//!
//! # The way of an event
//! ```text
//! Event ─► Detectors ─► Findings ─► Scorer ─► Risk ─► Policy ─► Decision ─► Guard ─► Ledger ─► firewalls
//!          rules, …                 a subject's memory           allowlist, limits    durable
//! ```
//!
//! # The modules, in reading order
//! | module | what it is for |
//! |---|---|
//! | [`engine`] | the whole in one value: start here |
//! | [`event`] | what a host hands in, field names, reading JSON |
//! | [`rule`] | the rule language, counting over windows, Sigma detections, the starter pack |
//! | [`finding`] | what detection says; the [`Detector`](finding::Detector) seam |
//! | [`score`] | from findings to a subject's risk |
//! | [`decision`] | from risk to an action; allowlist and guard |
//! | [`enforce`] | from a decision to firewalls, durable and repeatable |
//! | [`observe`] | telling the host's metrics and logs what happened |
//! | [`store`] | where state outlives the process |
//! | [`sketch`] | the bounded structures everything counts with |
//! | [`entity`], [`measure`], [`net`], [`time`] | the words all of them share |
//!
//! Imports go one way only, from the end of this chain to its beginning: `time`, `measure`, `net`, `entity` < `event` <
//! `finding`, `sketch`, `store`, `observe` < `rule` < `score` < `decision` < `enforce` < `engine`.
//!
//! # Principles
//! - **Event time.** Detection depends on what events say of their time: a log replayed gives the same verdicts. The wall
//!   clock bounds how far in the future an event may claim to be, no more. Events that come late, within a bound,
//!   count as if they had come in time.
//! - **Bounded.** Every window, memory and counter has a limit that is known beforehand, costs constant time an event,
//!   and says what it gave up. Whoever floods makes nothing larger or slower.
//! - **Allow dominates.** Nothing can block what the [allowlist](decision::Allowlist) covers; it is asked again as the
//!   last step before each firewall.
//! - **It explains itself.** A risk is a sum of named parts, a decision carries its reasons and what would have to be
//!   different for it not to be made.
//! - **Refused early.** Rules and settings that are wrong are refused when they are loaded, with a code, a place and a
//!   help line. Processing an event cannot fail.
//! - **Faults are told.** A part that fails is a [`Fault`](finding::Fault) beside the verdict and stops none of the
//!   others.
//!
//! # Seams
//! A host may replace [`Clock`](time::Clock), [`Timer`](time::Timer), [`Store`](store::Store), [`Observer`](observe::Observer),
//! [`Detector`](finding::Detector), [`Scorer`](score::Scorer), [`Policy`](decision::Policy),
//! [`Surroundings`](decision::Surroundings) and
//! [`FirewallIntegration`](enforce::FirewallIntegration); each page has one implemented in some lines. Log readers
//! and real firewalls are in the crate `autosec-integrations`.
//!
//! # Defaults and limits
//! | what | default | set by |
//! |---|---|---|
//! | risk that alerts, that blocks | 0.5, 0.8 | [`PolicyConfig`](decision::PolicyConfig) |
//! | how long a block lasts | 1 h, longer each time, up to 7 days | [`PolicyConfig`](decision::PolicyConfig) |
//! | half-life of risk, subjects remembered | 1 h, 100,000 | [`ScoreConfig`](score::ScoreConfig) |
//! | new blocks in 10 minutes, widest prefix | 1,000, /16 and /32 | [`GuardConfig`](decision::GuardConfig) |
//! | blocks in force | 1,000,000 | [`EnforceConfig`](enforce::EnforceConfig) |
//! | keys a counting rule remembers, lateness | 100,000, 10 s | [`RuleSetBuilder`](rule::RuleSetBuilder) |
//! | rules, size of a source, of an expression | 10,000, 1 MiB, 64 KiB | fixed |
//! | size and depth of a JSON event | 1 MiB, 64 | [`JsonLimits`](event::JsonLimits) |
//!
//! Risk, windows and strikes live in memory and begin anew with the process; blocks live in the store.
//! The crate holds no unsafe code.
#![forbid(unsafe_code)]

pub mod time;
pub mod measure;
pub mod net;
pub mod entity;

pub mod event;

pub mod finding;
pub mod sketch;
pub mod store;
pub mod observe;

pub mod rule;
pub mod behavior;

pub mod score;

pub mod decision;

pub mod enforce;

pub mod engine;
