use std::fmt::{Debug, Formatter};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::folder::{CacheError, Folder};

/// The least length of a key, in bytes.
const KEY: usize = 16;

/// A folder of compiled code that only this host reads and writes.
///
/// Compiled code is run as it is, so an entry counts only with a code of authentication under the host's key, over the code,
/// the file it was compiled from, and the compiler with its settings. An entry that is damaged or somebody else's is
/// overlooked and written anew. The folder holds at most the 64 entries that were written last.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    folder: Folder,
    /// Keyed, and nothing taken in yet.
    mac: Hmac<Sha256>,
}

impl Cache {
    /// Opens a folder, which is made if it is not there. Whoever has the key and may write to the folder can run code in the
    /// host: take a random one, and keep it where the host's secrets are.
    ///
    /// # Errors
    /// The key has less than 16 bytes; or the folder cannot be made, or is somebody else's, or others may enter it.
    pub fn open(folder: &Path, key: &[u8]) -> Result<Self, CacheError> {
        if key.len() < KEY {
            return Err(CacheError::ShortKey { least: KEY });
        }
        let mac = Hmac::new_from_slice(key).map_err(|_| CacheError::ShortKey { least: KEY })?;
        Ok(Self(Arc::new(Inner { folder: Folder::open(folder)?, mac })))
    }

    /// What was compiled from a file, if it is there and ours.
    pub(in crate::plugin::wasm) fn component(&self, engine: &Engine, wasm: &[u8]) -> Option<Component> {
        let name = name(engine, wasm);
        let entry = self.0.folder.read(&hex(&name))?;
        self.mac(&name, &entry.code).verify_slice(&entry.tag).ok()?;
        mapped(engine, &entry.path)
    }

    /// Keeps what was compiled from a file.
    ///
    /// # Errors
    /// It cannot be written; what is kept already stays.
    pub(in crate::plugin::wasm) fn keep(&self, component: &Component, wasm: &[u8]) -> wasmtime::Result<()> {
        let name = name(component.engine(), wasm);
        let code = component.serialize()?;
        let tag = self.mac(&name, &code).finalize().into_bytes();
        Ok(self.0.folder.write(&hex(&name), &code, &tag)?)
    }

    fn mac(&self, name: &[u8; 32], code: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.mac.clone();
        mac.update(b"autosec compiled plugin 1\0");
        mac.update(name);
        mac.update(code);
        mac
    }
}

impl Debug for Cache {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Cache").field(&self.0.folder).finish()
    }
}

/// What an entry is known by: the file's content, and all that the code compiled from it depends on.
fn name(engine: &Engine, wasm: &[u8]) -> [u8; 32] {
    let mut compiler = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compiler);
    let mut name = Sha256::new();
    name.update(Sha256::digest(wasm));
    name.update(compiler.finish().to_le_bytes());
    name.finalize().into()
}

fn hex(name: &[u8; 32]) -> String {
    name.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Maps the code of an entry that was found to be ours.
#[expect(unsafe_code, reason = "compiled code is run as it is: this is the one place that takes it")]
fn mapped(engine: &Engine, code: &Path) -> Option<Component> {
    // SAFETY: the file holds what `Component::serialize` gave, which the code of authentication just showed; it lies in a
    // folder that nobody else may enter, and is only ever replaced as a whole, never written to.
    unsafe { Component::deserialize_file(engine, code) }.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_hexadecimal() {
        let mut name = [0; 32];
        name[0] = 0xa7;
        assert_eq!(hex(&name), format!("a7{}", "0".repeat(62)));
    }

    #[test]
    fn short_keys_are_refused_and_no_key_is_shown() {
        let folder = std::env::temp_dir().join(format!("autosec-cache-key-{}", std::process::id()));
        assert!(matches!(Cache::open(&folder, b"fifteen bytes.."), Err(CacheError::ShortKey { least: 16 })));
        let shown = format!("{:?}", Cache::open(&folder, b"a key of the host").unwrap());
        assert!(!shown.contains("key of the host") && shown.contains("autosec-cache-key"), "{shown}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
