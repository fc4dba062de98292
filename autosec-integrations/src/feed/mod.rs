//! Readers of threat intelligence: bytes of a feed in, [indicators](autosec_core::intel::Indicator) out.
//!
//! | module | what it is for |
//! |---|---|
//! | [`list`] | lists of any shape by a few lines of settings, with presets for the well-known ones |
//! | [`freetext`] | values out of prose, e-mails and reports, written harmlessly or not |
//! | [`schedule`] | when which feed is due, what to do when one fails, and which answer not to believe |
//! | [`stix`] | STIX bundles of any length |
//! | [`taxii`] | TAXII 2.1: collections of STIX on a server, page by page |
//! | [`misp`] | events and feeds of MISP |
//!
//! Nothing here fetches by itself: the host does, with a client of its own or a [transport](crate::transport), and hands
//! over the bytes.
//!
//! # From an answer to a finding
//! Each answer goes into an [update](autosec_core::intel::Update) of its own, which is committed as a whole or dropped: a
//! feed that fails in the middle, answers with a page for people or suddenly lost most of what it had leaves the last good
//! state in force. `examples/feeds.rs` does so with files and a TAXII server.
//!
//! ```
//! use std::time::Duration;
//!
//! use autosec_core::intel::IndicatorIndex;
//! use autosec_core::time::Timestamp;
//! use autosec_integrations::feed::list::{ListReader, preset};
//! use autosec_integrations::feed::schedule::{Believed, FeedPlan, Schedule};
//!
//! let (index, mut schedule) = (IndicatorIndex::default(), Schedule::default());
//! let settings = preset("spamhaus-drop").ok_or("no such preset")?;
//! let (name, every) = (settings.name.clone(), settings.every);
//! schedule.add(name.clone(), FeedPlan::every(every));
//!
//! let now = Timestamp::parse("2026-11-22T12:00:00Z")?;
//! let answer = "198.51.100.0/24 ; SBL1\n203.0.113.0/24 ; SBL2\n";
//! let mut update = index.update();
//! update.replace(&name);
//! match ListReader::new(settings).read(answer.as_bytes(), now, &mut |indicator| update.put(indicator)) {
//!     Ok(report) => match schedule.answered(&name, now, report.indicators) {
//!         Believed::Yes => println!("{name}: {}", update.commit()),
//!         Believed::No { before, now } => eprintln!("{name} had {before} indicators and has {now}: somebody should look"),
//!     },
//!     Err(error) => schedule.failed(&name, now, &error.to_string(), None),
//! }
//! assert_eq!(index.snapshot().len(), 2);
//! assert_eq!(schedule.due(now + Duration::from_secs(60)).count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod freetext;
pub mod list;
pub mod misp;
pub mod schedule;
pub mod stix;
pub mod taxii;
