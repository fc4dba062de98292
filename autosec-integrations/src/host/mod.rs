//! The host AutoSec runs on: [`LinuxHost`] finds out what it lives by, so that the guard never blocks that.

mod parse;
mod surroundings;

pub use surroundings::LinuxHost;
