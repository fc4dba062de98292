//! Tables that are built once and then only asked: [`Hashed`] by a keyed hash, [`Networks`] by the prefixes around an address.

mod hashed;
mod keys;
mod networks;

pub(crate) use hashed::Hashed;
pub(crate) use keys::Keys;
pub(crate) use networks::Networks;
