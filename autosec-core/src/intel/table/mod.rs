//! Tables that are built once and then only asked: [`Hashed`] by a keyed hash, with a [`Filter`] before it where most is
//! asked in vain, [`Networks`] by the prefixes around an address.

mod filter;
mod hashed;
mod keys;
mod networks;

pub(crate) use filter::Filter;
pub(crate) use hashed::Hashed;
pub(crate) use keys::Keys;
pub(crate) use networks::Networks;
