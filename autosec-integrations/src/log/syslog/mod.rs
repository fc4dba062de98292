//! Syslog lines, and what sshd, sudo and PAM say in them.
//!
//! Two kinds of header, told apart by the version behind the priority, which both may lack:
//!
//! ```text
//! <38>Nov 22 14:02:11 web1 sshd[42]: message                          RFC 3164, as written to files
//! 2026-11-22T14:02:11.5+01:00 web1 sshd[42]: message                  the same with a modern time
//! <38>1 2026-11-22T14:02:11Z web1 sshd 42 ID47 [a b="c"] message      RFC 5424
//! ```
//!
//! The header says which program speaks, and the program's own module reads the message: `sshd`, `sudo`, and `pam` for what
//! PAM's modules log under the name of whichever program asked them. A message nobody knows is an event all the same, with
//! the header's fields and `message`.

mod header;
mod line;
mod pam;
mod rfc3164;
mod rfc5424;
mod sshd;
mod sudo;

pub(super) use line::read;
