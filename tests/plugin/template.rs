//! The template for authors: with its names filled in it is a plugin that builds, passes its tests and loads.

use std::fs;
use std::path::Path;
use std::process::Command;

use autosec_integrations::plugin::native::{NativeLimits, NativePlugin, Runs};

use super::artifact;

#[tokio::test]
async fn the_template_is_a_plugin_that_passes_its_tests() {
    let sdk = artifact::root().join("autosec-integrations/plugin-sdk");
    let folder = std::env::temp_dir().join(format!("autosec-template-{}", std::process::id()));
    copy(&sdk.join("template"), &folder);
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let path = format!("autosec-plugin = {{ path = {:?}", sdk.display());
    let text = text.replace(r#"autosec-plugin = "0.1""#, &format!("{path} }}"));
    let text = text.replace(r#"autosec-plugin = { version = "0.1""#, &path);
    fs::write(&manifest, text).unwrap();
    // The versions of this workspace are there already, so nothing is asked of a registry.
    fs::copy(artifact::root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let target = artifact::root().join("target/plugins");
    for command in ["test", "build"] {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args([command, "--quiet", "--offline", "--manifest-path"]).arg(&manifest);
        artifact::run(cargo.arg("--target-dir").arg(&target));
    }
    let library = format!("{}edge_fence{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = target.join("debug").join(library);
    let plugin = NativePlugin::load(&library, Runs::InProcess, NativeLimits::default()).await.unwrap();
    assert_eq!(
        (plugin.metadata().name.as_str(), plugin.metadata().vendor.as_str()),
        ("edge-fence", "Example")
    );
    let schema: serde_json::Value = serde_json::from_str(plugin.config_schema()).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["host"]));
    fs::remove_dir_all(&folder).unwrap();
}

/// Copies a folder, and fills in its two names.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.replace("{{project-name}}", "edge-fence").replace("{{vendor}}", "Example");
            assert!(!text.contains("{{"), "{}: a name that nobody fills in", path.display());
            fs::write(target, text).unwrap();
        }
    }
}
