use std::fs;
use std::path::{Path, PathBuf};

use crate::component::hash;
use crate::error::Error;
use crate::{component, javascript, one};

/// Builds every plugin that has a manifest, and puts component, manifest and a list of hashes beside each other.
pub(crate) fn all(out: Option<&Path>) -> Result<String, Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let plugins = root.join("examples/plugins");
    let prebuilt = plugins.join("prebuilt");
    let out = out.unwrap_or(&prebuilt);
    let (mut sums, mut summary) = (String::new(), String::new());
    for plugin in folders(&plugins)? {
        let name = plugin.file_name().unwrap_or_default();
        let manifest = read(&plugin.join("plugin.toml"))?;
        let file = value(&plugin, &manifest, "file")?;
        let place = Path::new(name).join(file);
        let built = match fs::read(prebuilt.join(&place)) {
            Ok(kept) if plugin.join(javascript::SOURCE).is_file() => kept,
            _ => one(&plugin, Some(&root.join("target/plugins")))?,
        };
        let folder = out.join(name);
        fs::create_dir_all(&folder).map_err(|error| Error::file(&folder, &error))?;
        write(&out.join(&place), &built)?;
        let pinned = manifest.replace(value(&plugin, &manifest, "sha256")?, &hash(&built));
        write(&folder.join("plugin.toml"), pinned.as_bytes())?;
        sums.push_str(&format!("{}  {}\n", hash(&built), place.display()));
        summary.push_str(&component::summary(&place, &built));
    }
    write(&out.join("SHA256SUMS"), sums.as_bytes())?;
    Ok(summary)
}

/// The folders of plugins with a manifest, in order.
fn folders(plugins: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(plugins).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| Error::file(plugins, &error))?;
    let mut found: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    found.retain(|folder| folder.join("plugin.toml").is_file());
    found.sort();
    Ok(found)
}

/// What stands behind a key that has a line of its own.
fn value<'m>(plugin: &Path, manifest: &'m str, key: &'static str) -> Result<&'m str, Error> {
    let value = |line: &'m str| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"');
    let found = manifest.lines().find_map(value);
    found.ok_or_else(|| Error::Manifest { path: plugin.join("plugin.toml"), key })
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::file(path, &error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|error| Error::file(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values_of_a_line_of_their_own() {
        let manifest = "[plugin]\nfile = \"edge.wasm\"\n# sha256 = \"no\"\nsha256 = \"00\"\n";
        let of = |key| value(Path::new("edge"), manifest, key).ok();
        assert_eq!((of("file"), of("sha256"), of("id")), (Some("edge.wasm"), Some("00"), None));
    }
}
