//! Syslog lines, and what sshd, sudo and PAM say in them.

mod header;
mod line;
mod pam;
mod rfc3164;
mod rfc5424;
mod sshd;
mod sudo;

pub(super) use line::read;
