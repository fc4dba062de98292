use std::path::Path;
use std::process::Command;

use crate::component;
use crate::error::Error;

/// What makes a component of JavaScript, with its version, so that every machine takes the same; node fetches it when it is
/// asked for first.
const TOOL: &str = "componentize-qjs@0.4.5";

/// The file that makes a folder a plugin in JavaScript.
pub(crate) const SOURCE: &str = "plugin.js";

/// Makes the component of a plugin in JavaScript, with the interpreter in it, and without anything of WASI. It is not the same
/// to the byte every time: the interpreter's own tables are in it.
pub(crate) fn component(plugin: &Path) -> Result<Vec<u8>, Error> {
    let out = std::env::temp_dir().join(format!("autosec-plugin-{}.wasm", std::process::id()));
    let mut build = Command::new("npx");
    build.args(["--yes", TOOL, "--world", "firewall-plugin", "--stub-wasi", "--sync", "--opt-size"]);
    build.arg("--wit").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit"));
    build.arg("--js").arg(plugin.join(SOURCE)).arg("-o").arg(&out);
    let failed = |why: String| Error::Run { program: "npx".into(), why };
    let output = build.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let built = std::fs::read(&out).map_err(|error| Error::file(&out, &error))?;
    std::fs::remove_file(&out).map_err(|error| Error::file(&out, &error))?;
    component::checked(built)
}
