//! Plugins: what stands between them and the engine, what runs and holds them, and those of vendors.

mod alike;
mod artifact;
mod device;
mod example;
mod firewall;
mod folder;
mod native;
mod registry;
mod services;
mod simulators;
mod template;
mod vendors;
mod wasm;
