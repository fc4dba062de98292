//! Access log lines of nginx and Apache, combined and common, with or without the virtual host in front.

mod line;
mod request;

pub(super) use line::read;
pub(super) use request::{set_status, set_target};
