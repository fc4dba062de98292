//! Rules.

mod lang;
mod list;
mod model;
