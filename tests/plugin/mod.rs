//! Plugins: what runs them, what holds them, and what they are.

mod simulators;
mod vendors;
