//! Plugins: what stands between them and the engine, what runs and holds them, and those of vendors.

mod alike;
mod artifact;
mod device;
mod example;
mod firewall;
mod folder;
mod gate;
mod grants;
mod minisign;
mod hosted;
mod ledger;
mod misdeeds;
mod native;
mod packages;
mod registry;
mod services;
mod signed;
mod simulators;
mod template;
mod vendors;
mod wasm;
