//! What rules remember: windows by key, in a table of bounded size.
//!
//! `key` turns the values a rule counts by into a 128-bit keyed hash. The values themselves are not kept: a key costs the same
//! whatever the length of a user's name, and nobody without the seed can make two of them meet. `table` holds a window for each
//! key in sixteen shards with a lock each. `window` counts in it, and `alarm` decides when a count is worth a finding.
//!
//! What has to hold, and is tested against a plain count over sorted events: the findings of a rule depend on the events
//! and not on the order in which they come, as long as they come within the lateness and no key is evicted.

mod alarm;
pub(super) mod key;
mod table;
pub(super) mod window;
