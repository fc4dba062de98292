//! Plugins: what stands between them and the engine, and what each kind is made of.

mod artifact;
mod device;
mod firewall;
mod gate;
mod grants;
mod minisign;
mod registry;
