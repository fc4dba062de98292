//! What rules remember: state by key, in a table of bounded size.
//!
//! A [`Memory`](memory::Memory) is all that a rule remembers, made for one of the [operators](operator::Operator). `key` turns
//! the values a rule counts by into a 128-bit keyed hash. The values themselves are not kept: a key costs the same
//! whatever the length of a user's name, and nobody without the seed can make two of them meet. `table` holds something for
//! each key, within the bytes of a `pool` that all rules share: in sixteen `shard`s, where a key has a lock of its own and
//! is found without one, in `segments` that never move. So threads with different keys write nothing that the other
//! reads.
//!
//! What is held for a key is a window, and `alarm` decides when what is in it is worth a finding; or the events that may
//! become a `sequence`, whose `course` says what has to happen, and `deadline` when it is known what has not; or the values
//! that are no `novelty` any more. `codec` writes all of it down.
//!
//! What has to hold, and is tested against plain evaluations over sorted events: the findings of a rule depend on the events
//! and not on the order in which they come, as long as they come within the lateness and no key is evicted.

mod alarm;
pub(super) mod codec;
mod course;
mod deadline;
pub(super) mod key;
pub(super) mod memory;
mod novelty;
pub(super) mod operator;
pub(super) mod pool;
mod sequence;
mod sequences;
mod segments;
mod shard;
pub(super) mod snapshot;
mod table;
pub(super) mod threshold;
