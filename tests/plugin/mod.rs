//! Firewall plugins, by what they are made of and by what holds them.

mod wasm;
