//! Bounded structures that windows, memories and guards count with.
//!
//! Whoever attacks chooses how many addresses, users and paths there are, so nothing here grows with them. Each structure
//! has a bound that is known when it is made, works in constant time (or in time of its own fixed size), and says what it
//! gave up.
//!
//! | structure | answers | size | error | merges |
//! |---|---|---|---|---|
//! | [`CountWindow`] | events of one key in a sliding window | 4 bytes a slot, 112 in all for twenty slots | exact, by sixteenths of the window | exactly |
//! | [`DistinctWindow`] | different values of one key in a sliding window | 24 to 30 bytes a value, at most `capacity` | exact up to `capacity`, never too high | exactly, up to `capacity` |
//! | [`SumWindow`] | sums and averages of one key in a sliding window | 32 bytes a slot, 704 in all for twenty slots | exact, of numbers rounded to a millionth | exactly |
//! | [`RankWindow`] | whether quantiles of one key reach fixed limits in a sliding window | 20 bytes a slot, 464 in all for twenty slots | exact | exactly |
//! | [`Cardinality`] | different values since the last [`clear`](Cardinality::clear) | 1 KiB | about 3 % | exactly |
//! | [`BoundedMap`] | any value by key | its capacity | gives up a stale key for a new one | no |
//!
//! [`WindowShape`] cuts time for the windows. Windows do not slide with every microsecond: they move by slots of a
//! sixteenth of their length. That is what makes them small, mergeable, and independent of the order of events: the
//! slot an event belongs to follows from its own time alone. The price is that a window covers between fifteen sixteenths
//! and the whole of its length.
//!
//! Merging two windows of the same shape gives what one window would hold that had seen both inputs. So counting in one
//! shard and counting in many are the same.
//!
//! ```
//! use std::time::Duration;
//!
//! use autosec_core::sketch::{CountWindow, WindowShape};
//!
//! let shape = WindowShape::new(Duration::from_secs(60), Duration::ZERO, 16)?;
//! let (mut one, mut two, mut both) =
//!     (CountWindow::new(&shape, 0), CountWindow::new(&shape, 0), CountWindow::new(&shape, 0));
//! for (shard, slot, events) in [(1, 0, 3), (2, 2, 2), (1, 9, 4), (2, 12, 7)] {
//!     let window = if shard == 1 { &mut one } else { &mut two };
//!     assert!(window.insert(slot, events) && both.insert(slot, events));
//! }
//! one.merge(&two);
//! assert!((0..30).all(|slot| one.ending_in(slot) == both.ending_in(slot)), "two shards count as one");
//! # Ok::<(), autosec_core::sketch::ShapeError>(())
//! ```

mod bounded;
mod cardinality;
mod count;
mod distinct;
mod rank;
mod ring;
mod shape;
mod sum;

pub use bounded::BoundedMap;
pub use cardinality::Cardinality;
pub use count::CountWindow;
pub use distinct::DistinctWindow;
pub use rank::{RankWindow, Ranks};
pub(crate) use ring::{Ring, Slot};
pub use shape::{ShapeError, WindowShape};
pub use sum::{Millionths, Sum, SumWindow};
