//! Failed logins, without end.

use std::net::Ipv4Addr;

use crate::random::Random;

/// A failed login.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login {
    /// When, in milliseconds of event time.
    pub(super) millis: i64,
    pub(super) address: Ipv4Addr,
    /// One of fifty users.
    pub(super) user: u32,
}

/// Logins from so many addresses at a thousand a second.
#[derive(Debug)]
pub(super) struct Logins {
    random: Random,
    keys: u32,
    millis: i64,
}

impl Logins {
    pub(super) fn new(keys: u32) -> Self {
        // A time at which windows of ten minutes begin.
        Self { random: Random::new(11), keys, millis: 1_800_000_000_000 }
    }
}

impl Iterator for Logins {
    type Item = Login;

    fn next(&mut self) -> Option<Login> {
        self.millis += 1;
        let address = Ipv4Addr::from(0x0a00_0000 + self.random.below(self.keys));
        Some(Login { millis: self.millis, address, user: self.random.below(50) })
    }
}
