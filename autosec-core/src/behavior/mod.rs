//! What is usual for whom: a [`BehaviorAnalyzer`] weighs each event against what is known of its subject, of the
//! subject's peers and of everyone, says why, and learns from what was not doubtful.
//!
//! # A stranger with the right password
//! ```
//! use std::net::IpAddr;
//!
//! use autosec_core::behavior::BehaviorAnalyzer;
//! use autosec_core::engine::Engine;
//! use autosec_core::event::{Event, field};
//! use autosec_core::time::Timestamp;
//!
//! let analyzer = BehaviorAnalyzer::builder().seed(7).build()?;
//! let engine = Engine::builder().detector(analyzer).build()?;
//!
//! let login = |time: i64, address: &'static str, system: i64, country, (north, east): (f64, f64), browser| {
//!     Event::new(Timestamp::from_secs(time))
//!         .with(field::USER_NAME, "ann")
//!         .with(field::EVENT_ACTION, "login")
//!         .with(field::EVENT_OUTCOME, "success")
//!         .with(field::SOURCE_IP, address.parse::<IpAddr>().unwrap())
//!         .with(field::SOURCE_AS_NUMBER, system)
//!         .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, country)
//!         .with(field::SOURCE_GEO_LOCATION_LAT, north)
//!         .with(field::SOURCE_GEO_LOCATION_LON, east)
//!         .with(field::USER_AGENT_NAME, browser)
//! };
//! let at_home = |time| login(time, "198.51.100.20", 3320, "DE", (52.5, 13.4), "Firefox");
//! let far_away = |time| login(time, "203.0.113.77", 64_500, "NZ", (-36.9, 174.8), "Chrome");
//!
//! let morning = 1_780_000_000;
//! for day in 0..30 {
//!     assert!(engine.process(at_home(morning + day * 86_400)).is_quiet());
//! }
//! let verdict = engine.process(far_away(morning + 29 * 86_400 + 1_200));
//! let text = verdict.explain().to_string();
//! println!("{text}");
//! assert!(text.contains("km/h"), "{text}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! It prints, among others, `travel +4.96: 17706 km in 20m, 53119 km/h`: the ratio of the chances of that in a stranger's and
//! in Ann's hands, as a logarithm. All such lines and a prior add up to the log-odds that it was not Ann.
//!
//! # The modules
//! | what | is |
//! |---|---|
//! | [`BehaviorAnalyzer`] | the whole, a [`Detector`](crate::finding::Detector) |
//! | [`Assessment`] | what it says of one event: risk, contributions, confidence |
//! | [`Baseline`] | what is known of one entity; [`Ageing`], how that fades; [`Feature`], what is counted |
//! | [`Aliases`], [`PeerGroups`] | who is the same, who belongs together: told by the host |
//! | [`BehaviorConfig`] | settings |
//! | [`signal`] | the arithmetic of each aspect, and how they are added up |
//!
//! # What is kept, and how it fades
//! A baseline is of a user; of a service, host or client where an event names no user. For each [`Feature`] it has values, as
//! hashes, with masses. An event at time t adds `w·2^(t/h)`, h = 30 days, and everything is divided by `2^(now/h)`
//! when it is looked at: numerators and totals fade together, so the share of what somebody does every day stays what it is
//! (forward decay: Cormode et al., ICDE 2009). Two baselines of one entity merge by adding. Beside each stands what is
//! known of its peer group and of everyone, in one table of fixed size.
//!
//! # Who may teach it
//! - Only events with the outcome `success` (or an HTTP status of 200 to 399) whose risk stayed below
//!   [`challenge`](BehaviorConfig::challenge), with the weight 1 − risk; or after a challenge was
//!   [passed](BehaviorAnalyzer::resolve).
//! - What is new counts only after a [quarantine](BehaviorConfig::quarantine) of one to two days, and until then is
//!   dropped if the account was [taken over](BehaviorAnalyzer::compromised). Only the first
//!   [`learning_events`](BehaviorConfig::learning_events) events count at once: there is nothing yet to poison.
//! - Where a challenge was [failed](BehaviorAnalyzer::resolve) or a takeover confirmed, a /24 or /48 that the entity was not
//!   known at, nothing is learned for three half-lives or until a challenge is passed there: whoever comes again and again is not
//!   learned the day a threshold misses him. Of an entity the last four such places are remembered.
//! - Peers of an entity learn from it what its quarantine has let through, and only that.
//! - A value gains at most [`daily_share`](BehaviorConfig::daily_share) of its feature's mass a day. What everyone is known to
//!   do gains no more from one entity: a million logins of one account weigh as much as a few. Nor does it gain from values
//!   for which the entity's baseline has to give up others.
//! - Failures of somebody nobody knows leave nothing behind but a note about the client.
//!
//! # What it says
//! Log-likelihood ratios of [`signal`], combined by groups with caps, added to the log of the prior odds; the risk is the
//! logistic function of the sum. From [`report`](BehaviorConfig::report) on there is a finding: low, from a risk of 0.5 medium,
//! 0.8 high, 0.95 critical. From [`challenge`](BehaviorConfig::challenge) on it asks for a challenge, and never for more:
//! with the default policy, one such finding alerts and does not block. While a subject is learned about
//! (14 days or 10 events, whichever comes first) findings are low: repeats add up to less than 0.4. Confidence is apart
//! from risk: history, fields, agreement. A client that fails at many users is a subject of its own.
//!
//! # Limits
//! | what | bound |
//! |---|---|
//! | bytes of a baseline | [`Baseline::LARGEST`], 4 KiB; typical ones are a few hundred |
//! | bytes of all of them | [`baseline_bytes`](BehaviorConfig::baseline_bytes), 256 MiB; the stalest give way and a [`Fault`](crate::finding::Fault) says so |
//! | bytes of what is known of peers and everyone | [`crowd_bytes`](BehaviorConfig::crowd_bytes), 16 MiB |
//! | clients that failed | [`sources`](BehaviorConfig::sources), 100,000 |
//! | subjects with opinions, findings they can be about | 10,000; 1,024 |
//!
//! It depends on event time only: a replay with the same seed on one thread gives the same bits. Events in another order give
//! the same counts but for rounding; what depends on the event before (travel, steps) follows the order of arrival.
//! Quarantine goes by arrival: what comes late waits as long as what is new, and the daily share holds for it as well.
//! Times before 1970 count as 1970, those after 2106 as 2106.
//!
//! What time it is nobody's clock is asked, but the events that may teach: three different subjects agree on it, and no one of
//! them moves it by more than a day beyond what another said. An event more than 90 days ahead is weighed as if it were of the
//! newest time, and not learned: one event dated 2100 neither hides its user nor ages what is known, be it the very first.
//! After a silence of more than 90 days eight events in a row are believed: for everyone if three subjects sent them, of
//! fewer for their own baselines, until somebody else says the agreed time again; a baseline that learned at a time that is
//! believed no more is begun anew. What a host with fewer than three subjects believes gives way to what more of them, or
//! eight events in a row, say. Three subjects that agree on a wrong time are believed for good: inside an
//! [`Engine`](crate::engine::Engine) its clock moves such events before.

pub mod signal;

mod feature;
mod freeman;
mod bytes;
mod baseline;
mod slots;
mod baselines;
mod crowd;
mod horizon;
mod sources;
mod aliases;
mod peers;
mod gathered;
mod hashing;
mod observation;
mod snapshot;
mod config;
mod analyzer;

pub use aliases::Aliases;
pub use analyzer::{Assessment, BehaviorAnalyzer, BehaviorBuilder, Challenge};
pub use baseline::{Ageing, Baseline};
pub use config::{BehaviorConfig, BehaviorSettingError};
pub use feature::Feature;
pub use freeman::Freeman;
pub use peers::{NamedGroups, PeerGroups};
pub use snapshot::BaselineSnapshotError;
