//! HAProxy, spoken to over its runtime API: blocked clients are refused before any server behind it sees them.
//!
//! # What stands in HAProxy
//! A file of addresses that belongs to AutoSec alone, and a rule that uses it, which the administrator writes once:
//! ```text
//! global
//!     stats socket /run/haproxy/autosec.sock mode 600 level admin
//! frontend www
//!     acl blocked src -f /etc/haproxy/autosec.acl
//!     tcp-request connection reject if blocked
//! ```
//! The file must exist when HAProxy starts; an empty one will do. Behind another proxy write
//! `acl blocked req.hdr_ip(x-forwarded-for) -f …` and `http-request deny if blocked` instead.
//!
//! # A change
//! goes into the running process over the socket, and into the file (by a rename, so that it is whole at any time), so
//! that a reload starts with what is in force. Nothing is added twice: HAProxy would keep both. A call that brings
//! more than is held is made as a new version of the list that replaces the old one at once; smaller ones are applied
//! entry by entry, a few hundred a connection.
//!
//! A new HAProxy process is noticed by its start, and its list is read before anything is changed.
//!
//! # What a failure says
//! | HAProxy | answer | what to do |
//! |---|---|---|
//! | no socket, nobody listens | `Transport` | nothing: it is tried again |
//! | `Permission denied` | `Forbidden` | give the socket `level admin` |
//! | `Unknown ACL identifier` | `Absent` | write the rule above |
//! | a new process lacks what was in force | `Lost` | nothing: the enforcer puts everything back |
//! | another answer | `Rejected`, with its words | |

mod adapter;
mod dialect;
mod socket;

pub use adapter::{Haproxy, HaproxyConfig};
pub use socket::{RuntimeSocket, UnixSocket};
