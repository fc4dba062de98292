use wasmtime::component::Component;

use super::LoadError;

/// The interface that this host speaks, as far as versions have to agree.
pub(super) const SPOKEN: &str = "autosec:firewall@0.1";

const PACKAGE: &str = "autosec:firewall/";

/// Whether the bytes begin as those of a component.
pub(super) fn kind(bytes: &[u8]) -> Result<(), LoadError> {
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(LoadError::NoComponent("a core module")),
        [0x7f, b'E', b'L', b'F', ..] => Err(LoadError::NoComponent("compiled code, which is never taken")),
        [] => Err(LoadError::NoComponent("empty")),
        _ => Err(LoadError::NoComponent("no WebAssembly")),
    }
}

/// Whether the component is of the world that this host serves.
pub(super) fn world(component: &Component) -> Result<(), LoadError> {
    let of = component.component_type();
    let engine = component.engine();
    for (name, _) in of.imports(engine) {
        let known =
            name.starts_with(PACKAGE) && ["types", "transport", "host", "kv"].contains(&interface(name));
        if !known {
            return Err(LoadError::Import(bounded(name)));
        }
        spoken(name)?;
    }
    let exported = of.exports(engine).map(|(name, _)| name);
    let firewalls: Vec<&str> =
        exported.filter(|name| name.starts_with(PACKAGE) && interface(name) == "firewall").collect();
    if firewalls.iter().any(|name| spoken(name).is_ok()) {
        return Ok(());
    }
    firewalls.first().map_or(Err(LoadError::NoFirewall), |name| spoken(name).map(|_| ()))
}

/// The interface of a name, if its version is spoken here: `host` of `autosec:firewall/host@0.1.3`.
fn spoken(name: &str) -> Result<&str, LoadError> {
    let version = name.split_once('@').map_or("", |(_, version)| version);
    let mut parts = version.split('.');
    let same = parts.next() == Some("0") && parts.next() == Some("1");
    let released = parts.next().is_some_and(|patch| patch.parse::<u64>().is_ok()) && parts.next().is_none();
    if same && released {
        return Ok(interface(name));
    }
    Err(LoadError::Version { found: bounded(name), spoken: SPOKEN })
}

fn interface(name: &str) -> &str {
    let name = name.strip_prefix(PACKAGE).unwrap_or(name);
    name.split_once('@').map_or(name, |(interface, _)| interface)
}

/// A name that somebody else chose, for an error.
fn bounded(name: &str) -> String {
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_components_from_the_rest() {
        assert_eq!(kind(b"\0asm\x0d\0\x01\0more"), Ok(()));
        assert_eq!(kind(b"\0asm\x01\0\0\0"), Err(LoadError::NoComponent("a core module")));
        assert_eq!(kind(b""), Err(LoadError::NoComponent("empty")));
        for other in [b"\0asm\x0d\0".as_slice(), b"#!/bin/sh", b"\x7fELF", b"\0"] {
            assert!(kind(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn speaks_patches_of_one_version() {
        assert_eq!(spoken("autosec:firewall/host@0.1.0"), Ok("host"));
        assert_eq!(spoken("autosec:firewall/host@0.1.17"), Ok("host"));
        for other in ["0.2.0", "1.1.0", "0.1", "0.1.0-rc.1", "0.1.0.0", "", "0.10.0"] {
            let name = format!("autosec:firewall/host@{other}");
            assert_eq!(spoken(&name), Err(LoadError::Version { found: name.clone(), spoken: SPOKEN }));
        }
    }
}
