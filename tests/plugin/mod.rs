//! Plugins: what stands between them and the engine, and what each kind is made of.

mod device;
mod firewall;
mod registry;
