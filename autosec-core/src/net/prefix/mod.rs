//! Longest-prefix match: which of a million prefixes an address belongs to, and what that one says.
//!
//! `line` is eight prefixes in a cache line, `forest` the lines and what leads to them, `build` makes them from
//! sorted prefixes; `v4` reads an address with one such table and `v6` with one for every 32 bits. `values` is what the
//! prefixes say, `table` what the rest of the crate sees and `map` carries values of any type.
//!
//! Why lines and not a trie or a direct table: what a lookup costs is the memory it waits for, and how many lookups a
//! processor has in flight while it waits, which mispredicted branches and long code both spoil. On a 2-core x86-64 VM
//! (2026-11-22), with a million prefixes and half of the addresses members, a lookup took
//!
//! | | times as fast as `iptrie` |
//! |---|---|
//! | prefixes of 16 bits, two steps, a branch on whether there is a prefix | 2.8 to 3.0 |
//! | lines of 32-bit keys, one step, keys compared one by one in scalars | 2.3 to 2.6 |
//! | the same, compared four at a time | 4.8 to 4.9 |
//!
//! and for IPv6 0.9 times with sorted arrays, 1.6 with lines cut until few are crowded, and 1.7 to 1.9 without a branch on
//! the length of what was found. Keys that hold their length let one comparison serve every prefix of a line, so that
//! lines can be cut to any size: ten prefixes take 26 bytes each, a million 18.

mod build;
mod forest;
mod line;
mod map;
mod table;
mod v4;
mod v6;
mod values;

pub use map::PrefixMap;
pub use table::{PrefixTable, TooManyPrefixes};
