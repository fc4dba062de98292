//! Why a rule matched an event, or why not, and what would have to change.
//!
//! Nothing here costs anything until it is asked for. `walk` takes the rule's condition, which the set keeps as bytes, and
//! asks the event about each test by itself; `wording` says the tests as a person would write them; `change` finds the
//! smallest set of tests that would have to turn out otherwise; `record` puts that together with the rule's windows, its
//! subject and its mode, and `display` writes it down.

mod change;
mod clause;
mod display;
mod record;
mod walk;
mod wording;

pub use change::Change;
pub use clause::{Clause, Says, Tested};
pub(super) use record::Asked;
pub use record::{Explanation, Outcome, WindowState};
pub(super) use wording::Language;
