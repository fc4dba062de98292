//! Plugins: what stands between them and the engine, and what each kind is made of.

mod device;
mod example;
mod firewall;
mod folder;
mod registry;
