//! What rules remember: windows by key, in a table of bounded size.

mod alarm;
pub(super) mod key;
mod table;
pub(super) mod window;
