//! Addresses and prefixes: canonical forms, special ranges and the set of addresses a rule or an allowlist names.
//!
//! Everything here treats an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`), which a dual-stack socket reports, as the IPv4
//! address it is: [`canonical`], [`client`], [`network`] for single addresses and [`AddressSet::contains`]. Otherwise a
//! block of one spelling would leave the other open.
//!
//! | question | answer |
//! |---|---|
//! | what did the operator mean by this text? | [`network`] |
//! | which prefix is one client? | [`client`] |
//! | would blocking this hurt the host itself? | [`special_range`] |
//! | is it one of these ten thousand? | [`AddressSet`] |
//! | to which of a million prefixes does it belong? | [`PrefixTable`], [`PrefixMap`] |
//! | how do I print it? | [`display`] |

mod address;
mod prefix;
mod set;
mod special;

pub(crate) use address::address;
pub use address::{NetworkError, canonical, canonical_network, client, display, network};
pub use prefix::{PrefixMap, PrefixTable, TooManyPrefixes};
pub use set::AddressSet;
pub(crate) use set::disjoint;
pub use special::special_range;
