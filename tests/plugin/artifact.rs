//! Native plugins and what runs them, built by the cargo that runs the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The library of a crate under `examples/plugins`, built once a run.
pub fn native(name: &str) -> PathBuf {
    static BUILT: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.iter().any(|known| known == name) {
        build(&format!("examples/plugins/{name}/Cargo.toml"));
        built.push(name.to_owned());
    }
    let file =
        format!("{}{}{}", std::env::consts::DLL_PREFIX, name.replace('-', "_"), std::env::consts::DLL_SUFFIX);
    folder().join("debug").join(file)
}

/// The program that holds an isolated plugin.
pub fn runner() -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| build("autosec-integrations/plugin-runner/Cargo.toml"));
    folder().join("debug").join(format!("autosec-plugin-runner{}", std::env::consts::EXE_SUFFIX))
}

/// A library of this one Rust file, in the folder.
pub fn library(folder: &Path, name: &str, source: &str) -> PathBuf {
    let (code, library) = (folder.join(format!("{name}.rs")), folder.join(format!("{name}.so")));
    std::fs::write(&code, source).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--crate-type=cdylib", "--crate-name=plain", "-o"]);
    run(rustc.arg(&library).arg(&code));
    library
}

/// Whether the command succeeds; what it said if it does not.
pub fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// What is built for tests stands apart from what is built for the workspace, whose cargo may be at work.
fn folder() -> PathBuf {
    root().join("target/plugins")
}

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn build(manifest: &str) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--manifest-path"]).arg(root().join(manifest));
    run(command.arg("--target-dir").arg(folder()));
}
