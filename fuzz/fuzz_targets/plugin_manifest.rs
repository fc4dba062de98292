//! Any text as the manifest of a plugin, granted to itself: nothing panics, and what a plugin asks for is never beyond that.
#![no_main]

use autosec_integrations::plugin::manifest::{Capabilities, CapabilityError, Excess, Grant, Manifest};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const HEAD: &str = "[plugin]\nid = 'a'\nversion = '1'\napi = 'autosec:firewall@0.1'\nkind = 'wasm'\nfile = 'a'\n\
    sha256 = '0000000000000000000000000000000000000000000000000000000000000000'\n";

fuzz_target!(|text: &str| {
    let _ = Grant::parse("fuzz", text).map_err(|wrong| wrong.to_string());
    for text in [text.to_owned(), format!("{HEAD}{text}")] {
        let manifest = match Manifest::parse("fuzz", &text) {
            Ok(manifest) => manifest,
            Err(wrong) => {
                assert!(wrong.code().starts_with('P') && !wrong.to_string().is_empty());
                continue;
            }
        };
        let config = json!({ "host": "fw.example", "url": "https://fw.example:8443", "name": "x" });
        let most = Grant::as_asked(&manifest);
        match Capabilities::new(&manifest, &[&most], &config, Excess::Refuse) {
            Ok(_) | Err(CapabilityError::Config(_)) => {}
            Err(CapabilityError::Excess { asked, .. }) => {
                assert!(asked.iter().all(|asked| asked.starts_with("`limits.")), "{asked:?}");
            }
            Err(other) => panic!("{other}"),
        }
    }
});
