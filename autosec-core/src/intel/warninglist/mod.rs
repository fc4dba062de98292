//! Lists of values that are known to be harmless, or too common to be acted upon: a brake on indicators.
//!
//! Feeds list public name servers, private addresses and the sites everybody visits again and again. [`Warninglist`] reads
//! the lists that MISP publishes, [`Warninglists`] asks all of them at once, and [`Effect`] says what being on one means.
//! They are no allowlist: who rents an address of a VPN that is on a list is found like anybody else.

mod effect;
mod list;
mod lists;
mod pattern;

pub use effect::Effect;
pub use list::{Warninglist, WarninglistError};
pub use lists::{Listing, Warninglists};
