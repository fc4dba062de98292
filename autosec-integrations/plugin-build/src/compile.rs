use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::Error;
use crate::toolchain::{TARGET, Toolchain};

/// Compiles the library of the crate in `plugin` and reads the module. What is built on the way is kept in `target`, or where
/// cargo would keep it.
pub(crate) fn module(toolchain: &Toolchain, plugin: &Path, target: Option<&Path>) -> Result<Vec<u8>, Error> {
    let manifest = plugin.join("Cargo.toml");
    let mut ask = Command::new(&toolchain.cargo);
    let mut build = Command::new(&toolchain.cargo);
    if let Some(target) = target {
        ask.env("CARGO_TARGET_DIR", target);
        build.env("CARGO_TARGET_DIR", target);
    }
    let metadata = metadata(toolchain, ask, &manifest)?;
    let target = metadata.get("target_directory").and_then(Value::as_str).unwrap_or("target");
    let library = library_name(&metadata, &manifest).ok_or(Error::NoLibrary)?;
    build.arg("build").args(["--release", "--lib", "--manifest-path"]).arg(&manifest);
    toolchain.apply(&mut build);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain, &metadata));
    let status = build.status().map_err(|error| run(toolchain, &error.to_string()))?;
    if !status.success() {
        return Err(run(toolchain, &format!("it says {status}")));
    }
    let file: PathBuf = [target, TARGET, "release", &format!("{library}.wasm")].iter().collect();
    std::fs::read(&file).map_err(|error| Error::file(&file, &error))
}

fn metadata(toolchain: &Toolchain, mut ask: Command, manifest: &Path) -> Result<Value, Error> {
    ask.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let output = ask.stderr(Stdio::inherit()).output().map_err(|error| run(toolchain, &error.to_string()))?;
    serde_json::from_slice(&output.stdout).map_err(|error| run(toolchain, &format!("its metadata: {error}")))
}

fn run(toolchain: &Toolchain, why: &str) -> Error {
    Error::Run { program: toolchain.cargo.clone(), why: why.to_owned() }
}

/// The name of the package's library that is a module, as its file has it.
fn library_name(metadata: &Value, manifest: &Path) -> Option<String> {
    let manifest = manifest.canonicalize().ok()?;
    let package = packages(metadata)
        .find(|package| package["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest))?;
    let mut targets = package["targets"].as_array()?.iter();
    let module = targets.find(|target| {
        target["crate_types"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"))
    });
    module?["name"].as_str().map(|name| name.replace('-', "_"))
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

/// A panic names its file. Where the sources lie on this machine is nobody's business, and would make every build another.
///
/// A package of the registry is known by the folder it lies in, which all of them share: so plugins with different
/// dependencies have the same flags, and share what is built in one target folder.
fn flags(toolchain: &Toolchain, metadata: &Value) -> String {
    let mut remapped: BTreeSet<(PathBuf, String)> =
        packages(metadata).filter_map(|package| remapped(package, metadata)).collect();
    remapped.insert((toolchain.library(), "library".to_owned()));
    let flags = remapped.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    flags.collect::<Vec<_>>().join("\u{1f}")
}

/// The folder whose name is to stand for nothing, and what stands in its place; none for what cargo names by relative paths.
fn remapped(package: &Value, metadata: &Value) -> Option<(PathBuf, String)> {
    let folder = Path::new(package["manifest_path"].as_str()?).parent()?;
    let name = package["name"].as_str()?;
    if package["source"].is_null() {
        let inside = folder.starts_with(metadata["workspace_root"].as_str()?);
        return (!inside).then(|| (folder.to_owned(), name.to_owned()));
    }
    Some((folder.parent()?.to_owned(), "registry".to_owned()))
}
