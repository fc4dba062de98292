//! The interface as Rust types, the same on every target.
#![allow(missing_docs, reason = "generated from the interface, whose text documents it")]

wit_bindgen::generate!({
    world: "firewall-plugin",
    path: "wit",
    pub_export_macro: true,
    default_bindings_module: "autosec_plugin::bindings",
    generate_all,
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
