//! The components that are checked in: each is the file that its manifest pins, and the manifest is the plugin's.

use std::fs;
use std::path::PathBuf;

use autosec_integrations::plugin::manifest::{Artifact, Checks, PluginKind, Unsigned};

use super::{component, manifest, plugins, prebuilt};

/// The folders of the plugins that are prebuilt.
fn names() -> Vec<String> {
    let entries = fs::read_dir(prebuilt()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_plugin_with_a_manifest_is_prebuilt() {
    let entries = fs::read_dir(plugins()).unwrap().map(|entry| entry.unwrap().path());
    let mut sources: Vec<String> = entries
        .filter(|folder| folder.join("plugin.toml").is_file())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    sources.sort();
    assert_eq!(names(), sources);
    assert!(sources.len() >= 6, "{sources:?}");
}

#[test]
fn each_is_the_file_that_its_manifest_pins() {
    let sums = fs::read_to_string(prebuilt().join("SHA256SUMS")).unwrap();
    let mut wanted = String::new();
    for name in names() {
        let folder = prebuilt().join(&name);
        let artifact = Artifact::open(&folder, &Unsigned, &Checks::default()).unwrap();
        let manifest = artifact.manifest();
        assert_eq!((manifest.id.as_str(), manifest.kind), (name.as_str(), PluginKind::Wasm));
        wanted += &format!("{}  {name}/{}\n", manifest.sha256, manifest.file);
    }
    assert_eq!(sums, wanted);
}

#[test]
fn each_manifest_is_its_source_with_the_hash() {
    for name in names() {
        let read = |folder: PathBuf| fs::read_to_string(folder.join(&name).join("plugin.toml")).unwrap();
        let (source, pinned) = (read(plugins()), read(prebuilt()));
        assert_eq!(source.replace(&"0".repeat(64), &manifest(&name).sha256.to_string()), pinned, "{name}");
    }
}

#[tokio::test]
async fn each_says_what_it_is_and_how_it_is_configured() {
    for name in names() {
        let loaded = component(&name).await;
        assert_eq!(loaded.metadata().name, name);
        let schema: serde_json::Value = serde_json::from_str(loaded.config_schema()).unwrap();
        assert_eq!(
            (&schema["type"], &schema["additionalProperties"]),
            (&"object".into(), &false.into()),
            "{name}"
        );
    }
}
