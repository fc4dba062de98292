//! Plugins: what stands between them and the engine, and what each kind is made of.

mod alike;
mod artifact;
mod device;
mod example;
mod firewall;
mod folder;
mod native;
mod registry;
mod services;
mod template;
