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
//! Nothing here fetches: the host does, with a client of its own or a [transport](crate::transport), and hands over the
//! bytes.

pub mod freetext;
pub mod list;
pub mod misp;
pub mod schedule;
pub mod stix;
pub mod taxii;
