//! The plugin that the tests drive, put into a folder as an operator would; and one that somebody tampered with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use autosec_integrations::plugin::manifest::Grant;

const ASKS: &str = r#"
[[http]]
origin = "{config.url}"
methods = ["GET"]
paths = ["/hello"]
tls = "optional"
why = "it greets its device"
"#;

/// A folder of plugins, which is gone with this.
pub struct Sample(PathBuf);

impl Sample {
    pub fn install() -> io::Result<Self> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("tests/data/plugins");
        let sums = fs::read_to_string(data.join("SHA256SUMS"))?;
        let pinned = sums.lines().find_map(|line| line.strip_suffix("  fixture.wasm"));
        let sha256 = pinned.ok_or_else(|| io::Error::other("the plugin's hash is not in SHA256SUMS"))?;
        let component = fs::read(data.join("fixture.wasm"))?;
        let sample = Self(std::env::temp_dir().join(format!("autosec-plugins-{}", std::process::id())));
        for name in ["fixture", "tampered"] {
            let folder = sample.0.join(name);
            fs::create_dir_all(&folder)?;
            let manifest = format!(
                "[plugin]\nid = \"fixture\"\nversion = \"0.1.0\"\napi = \"autosec:firewall@0.1\"\nkind = \"wasm\"\n\
                 file = \"fixture.wasm\"\nsha256 = \"{sha256}\"\n\n[limits]\ndeadline = \"500ms\"\n{ASKS}"
            );
            fs::write(folder.join("plugin.toml"), manifest)?;
            let changed = if name == "tampered" { b"and more".as_slice() } else { b"" };
            fs::write(folder.join("fixture.wasm"), [component.as_slice(), changed].concat())?;
        }
        Ok(sample)
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        // What is left in the folder for temporary files harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the plugin asks for, and this machine, which is otherwise out of reach.
pub fn grant() -> Result<Grant, String> {
    Grant::parse("grant.toml", &format!("networks = [\"127.0.0.0/8\"]\n{ASKS}"))
        .map_err(|diagnostic| diagnostic.to_string())
}
