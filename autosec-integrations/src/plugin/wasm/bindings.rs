//! What a component exports, as functions to call.
//!
//! Imports are linked by hand, with their types from [`crate::plugin::interface`]; so only the exports are generated.

wasmtime::component::bindgen!({
    path: "wit",
    inline: "
        package autosec:host;

        world plugin {
            export autosec:firewall/firewall@0.1.0;
        }
    ",
    exports: { default: async },
    with: { "autosec:firewall/types@0.1.0": self::types },
});

pub(super) use exports::autosec::firewall::firewall::Guest as Exports;

/// The types of the interface, in the shape in which generated code looks for an interface.
#[expect(
    dead_code,
    unreachable_pub,
    reason = "generated code takes what it names from here, and calls none of it"
)]
pub mod types {
    pub use crate::plugin::interface::{Context, Entry, Failure, Health, Metadata, Outcome, Page};

    /// An interface without functions asks nothing of a host.
    pub trait Host {}

    /// The same, for a host that would see the store.
    pub trait HostWithStore<T>: wasmtime::component::HasData {}

    /// Types need no link.
    pub fn add_to_linker<T, D: HostWithStore<T>>(
        _linker: &mut wasmtime::component::Linker<T>,
        _host: fn(&mut T) -> D::Data<'_>,
    ) -> wasmtime::Result<()> {
        Ok(())
    }
}
