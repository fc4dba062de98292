//! The plugins as libraries of this machine, built once from the source that the components are built from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// The library of a plugin; building it needs nothing that this repository's own build does not need.
pub(super) async fn built(plugin: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::const_new(BTreeMap::new());
    let mut built = BUILT.lock().await;
    if let Some(found) = built.get(plugin) {
        return found.clone();
    }
    let folder = super::plugins().join(plugin);
    let path = spawn_blocking(move || build(&folder)).await.unwrap();
    built.insert(plugin.to_owned(), path.clone());
    path
}

fn build(folder: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/plugins");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--offline", "--locked", "--lib", "--message-format=json-render-diagnostics"]);
    command.arg("--manifest-path").arg(folder.join("Cargo.toml")).env("CARGO_TARGET_DIR", &target);
    // What the tests themselves are built with is not for plugins.
    let output = command.env_remove("RUSTFLAGS").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let mut messages = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let manifest = folder.join("Cargo.toml");
    let own = messages
        .find(|message| {
            message["reason"] == "compiler-artifact"
                && message["manifest_path"] == *manifest.to_string_lossy()
        })
        .unwrap();
    let library = |file: &&serde_json::Value| {
        let name = file.as_str().unwrap_or_default();
        [".so", ".dylib", ".dll"].iter().any(|ending| name.ends_with(ending))
    };
    own["filenames"].as_array().unwrap().iter().find(library).unwrap().as_str().unwrap().into()
}
