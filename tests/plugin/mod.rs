//! Plugins: what runs them, what holds them, and what they are.

mod artifact;
mod native;
mod services;
