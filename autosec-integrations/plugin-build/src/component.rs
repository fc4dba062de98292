use std::fmt::Write;
use std::path::Path;

use sha2::{Digest, Sha256};
use wit_component::{ComponentEncoder, DecodedWasm};

use crate::error::Error;

/// What a plugin may import: a component that wants more would be refused when it is loaded.
const PACKAGE: &str = "autosec:firewall/";
/// What it has to export, in whatever version.
const FIREWALL: &str = "autosec:firewall/firewall@";

/// Makes the component of a module, and looks at what it imports.
pub(crate) fn encode(module: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = ComponentEncoder::default();
    let encoded = encoder.validate(true).module(module).and_then(|encoder| encoder.encode());
    checked(encoded.map_err(|error| Error::Component(format!("{error:#}")))?)
}

/// The component, if it is a firewall and imports nothing but what hosts have.
pub(crate) fn checked(component: Vec<u8>) -> Result<Vec<u8>, Error> {
    let (imports, exports) = borders(&component)?;
    let strangers: Vec<String> = imports.into_iter().filter(|name| !name.starts_with(PACKAGE)).collect();
    if !strangers.is_empty() {
        return Err(Error::Component(format!("it imports `{}`, which no host has", strangers.join("`, `"))));
    }
    if !exports.iter().any(|name| name.starts_with(FIREWALL)) {
        return Err(Error::Component("it exports no firewall: has it a line `export!(…)`?".to_owned()));
    }
    Ok(component)
}

/// A line in the form that `sha256sum --check` reads, and one with the size.
pub(crate) fn summary(path: &Path, component: &[u8]) -> String {
    format!("{}  {}\n{} bytes\n", hash(component), path.display(), component.len())
}

/// The SHA-256 in hexadecimal digits.
pub(crate) fn hash(component: &[u8]) -> String {
    Sha256::digest(component).iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a component imports, and what it exports.
fn borders(component: &[u8]) -> Result<(Vec<String>, Vec<String>), Error> {
    let decoded = wit_component::decode(component).map_err(|error| Error::Component(format!("{error:#}")))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(Error::Component("it is a package of interfaces".to_owned()));
    };
    let world = resolve.worlds.get(world);
    let imports = world.iter().flat_map(|world| world.imports.keys());
    let exports = world.iter().flat_map(|world| world.exports.keys());
    let name = |key| resolve.name_world_key(key);
    Ok((imports.map(name).collect(), exports.map(name).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_what_sha256sum_reads() {
        let line = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a/b.wasm\n3 bytes\n";
        assert_eq!(summary(Path::new("a/b.wasm"), b"abc"), line);
    }

    #[test]
    fn refuses_what_is_no_module() {
        for module in [b"".as_slice(), b"\0asm", b"\0asm\x01\0\0\0", b"text"] {
            assert!(matches!(encode(module), Err(Error::Component(_))), "{module:?}");
        }
    }
}
