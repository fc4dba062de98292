//! Access log lines of nginx and Apache, combined and common, with or without the virtual host in front.
//!
//! ```text
//! 203.0.113.7 - ann [22/Nov/2026:14:02:11 +0100] "GET /a?b HTTP/1.1" 200 512 "https://ref.example/" "agent"
//! ```
//!
//! Both servers escape quotes and backslashes in what clients send, so the quotes that stand bare are the server's own; the
//! user's name is not quoted, and is bounded by the bracket before the first quote. Path and query are decoded once, as the
//! server behind them does: what is still encoded then was encoded twice.

mod line;
mod request;

pub(super) use line::read;
pub(super) use request::{set_status, set_target};
