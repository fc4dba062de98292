//! Who or what a finding is about: [`Entity`].
//!
//! An entity is the key that everything about one actor hangs on: risk is remembered, blocks escalate and allowlists
//! answer by entity. So two spellings of one actor must be one entity. Addresses are made canonical
//! ([`Entity::address`]); names are taken as they are, because whether `Ann` and `ann` are one person is known to the
//! host alone.
//!
//! Foreign text (names, values) is shown through [`printable`].

mod printable;
mod record;

pub use printable::{PRINTABLE_LIMIT, printable};
pub use record::Entity;
