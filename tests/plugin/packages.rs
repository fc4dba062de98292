//! Folders that a loader makes plugins of: libraries, several configurations of one plugin, links, old releases, and the program
//! for authors.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Status};
use autosec_integrations::plugin::gate::PluginStore;
use autosec_integrations::plugin::loader::{LoadError, PluginLoader};
use autosec_integrations::plugin::manifest::{Grant, Manifest, MinisignVerifier, TrustedKey, Unsigned};
use autosec_integrations::plugin::native::{Isolation, Runs};
use autosec_integrations::plugin::registry::{PluginRegistry, PluginState, Settings};
use autosec_integrations::plugin::wasm::{WasmRuntime, WasmRuntimeConfig};
use autosec_integrations::transport::{LocalCommands, Shell, Terminal};
use ring::digest::{SHA256, digest};

use super::artifact;
use super::device::Told;
use super::minisign::Key;
use crate::support::folder::Folder;

/// Where the plugins are in a folder.
fn place(folder: &Folder) -> PathBuf {
    folder.0.join("plugins")
}

/// The fixture, signed by the key of seed 1.
fn install(folder: &Folder, name: &str, version: &str, kind: &str, more: &str) -> PathBuf {
    let folder = place(folder).join(name);
    fs::create_dir_all(&folder).unwrap();
    let file = match kind {
        "native" => artifact::native("fixture"),
        _ => artifact::root().join("tests/data/plugins/fixture.wasm"),
    };
    let bytes = fs::read(file).unwrap();
    let hash: String = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = format!(
        "[plugin]\nid = 'fixture'\nversion = '{version}'\napi = 'autosec:firewall@0.1'\nkind = '{kind}'\n\
         file = 'fixture.bin'\nsha256 = '{hash}'\n{more}"
    );
    fs::write(folder.join("fixture.bin"), bytes).unwrap();
    fs::write(folder.join("plugin.toml.minisig"), Key::new(1).sign(manifest.as_bytes())).unwrap();
    fs::write(folder.join("plugin.toml"), manifest).unwrap();
    #[cfg(unix)]
    for (path, mode) in [(folder.clone(), 0o755), (folder.join("fixture.bin"), 0o644)] {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    }
    folder
}

fn signed() -> PluginLoader {
    PluginLoader::new(MinisignVerifier::new([TrustedKey::new("vendor", &Key::new(1).public()).unwrap()]))
}

fn wasm(loader: PluginLoader) -> PluginLoader {
    let config = WasmRuntimeConfig { instances: 8, ..WasmRuntimeConfig::default() };
    loader.wasm(WasmRuntime::new(config).unwrap())
}

fn registry() -> (PluginRegistry, Told) {
    let told = Told::default();
    (PluginRegistry::new(Settings { observer: Arc::new(told.clone()), ..Settings::default() }), told)
}

fn entry(reason: &str) -> Vec<Block> {
    let target = std::net::IpAddr::from([203, 0, 113, 7]).into();
    vec![Block { target, ttl: None, reason: reason.to_owned() }]
}

/// What a deed of the fixture came to, in its words: a plan tells them.
async fn says(plugins: &PluginRegistry, name: &str, deed: &str) -> String {
    plugins.plan(name, &entry(deed)).await.unwrap().remove(0).detail
}

const ASKS: &str = "[[exec]]\nprogram = '/bin/cat'\nargs = []\nstdin = true\n";

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_library_is_loaded_configured_and_used_in_both_places() {
    let folder = Folder::new("native");
    let path = install(&folder, "fixture", "1.0.0", "native", ASKS);
    let manifest = Manifest::parse("", &fs::read_to_string(path.join("plugin.toml")).unwrap()).unwrap();
    for (runs, kind) in
        [(Runs::InProcess, "native"), (Runs::Isolated(Isolation::new(artifact::runner())), "isolated")]
    {
        let own = folder.0.join(kind);
        let loader = signed()
            .native(runs, &own)
            .commands(Arc::new(LocalCommands))
            .grant("fixture", Grant::as_asked(&manifest));
        let (plugins, told) = registry();
        let loaded = loader.load_all(&place(&folder), &plugins).await.unwrap();
        assert!(loaded.iter().all(|one| one.name.is_ok()), "{loaded:?}");
        let about = plugins.list().remove(0).about;
        assert_eq!((about.kind.as_str(), about.signer.as_deref()), (kind, Some("vendor")));
        assert_eq!(fs::read_dir(&own).unwrap().count(), 1, "what is opened is the host's own copy");

        let refused = plugins.configure("fixture", r#"{"reject": "no"}"#).await.unwrap_err().to_string();
        assert!(refused.ends_with("the plugin refuses it: no"), "{refused}");
        plugins.configure("fixture", "{}").await.unwrap();
        let edge = plugins.firewall("fixture").unwrap();
        assert_eq!(edge.block(&entry("rule=scan")).await.unwrap()[0].status, Status::Done);
        assert_eq!(edge.blocked().await.unwrap().len(), 1);
        assert_eq!(says(&plugins, "fixture", "exec /bin/cat").await, "0 input");
        let denied = edge.block(&entry("exec /bin/rm -r x")).await;
        assert!(matches!(denied, Err(EnforceError::Forbidden { .. })), "{denied:?}");
        // Two at a time: one alone would be taken as the fault of the item.
        let two = [entry("panic boom"), entry("rule=scan")].concat();
        assert!(edge.block(&two).await.is_err());
        assert_eq!(edge.blocked().await.unwrap(), [], "a fresh instance, which holds nothing yet");

        let metrics = plugins.metrics().remove(0);
        assert_eq!((metrics.crashes, metrics.denials), (1, 1));
        let is_known = kind == "isolated" && cfg!(target_os = "linux");
        assert_eq!(metrics.memory_peak.is_some_and(|peak| peak > 1 << 16), is_known, "{metrics:?}");
        assert!(told.take().iter().any(|line| line == "fixture denied /bin/rm -r x: the manifest does not ask for this program"));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_that_dies_harms_its_process_and_nothing_is_lost_of_its_registry() {
    let folder = Folder::new("dies");
    install(&folder, "fixture", "1.0.0", "native", "[limits]\ndeadline = '500ms'\n");
    let loader = signed().native(Runs::Isolated(Isolation::new(artifact::runner())), folder.0.join("own"));
    let (plugins, _) = registry();
    loader.load_all(&place(&folder), &plugins).await.unwrap();
    plugins.configure("fixture", "{}").await.unwrap();
    let edge = plugins.firewall("fixture").unwrap();
    for deed in ["trap", "loop", "overflow"] {
        // Two at a time: one alone would be taken as the fault of the item.
        let two = [entry(deed), entry("rule=scan")].concat();
        assert!(edge.block(&two).await.is_err(), "{deed}");
        let mut done = false;
        for _ in 0..50 {
            done |= edge.block(&entry("rule=scan")).await.is_ok();
            if done {
                break;
            }
        }
        assert!(done, "after `{deed}` it is started again");
    }
    assert_eq!(plugins.list()[0].state, PluginState::Ready);
    assert!(plugins.metrics()[0].crashes >= 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_library_is_refused_for_what_a_component_is_taken_with() {
    let folder = Folder::new("strict");
    let path = install(&folder, "fixture", "1.0.0", "native", "");
    let native = |loader: PluginLoader| loader.native(Runs::InProcess, folder.0.join("own"));
    let unsigned = native(PluginLoader::new(Unsigned)).load(&path).await.unwrap_err().to_string();
    assert!(unsigned.contains("a native library that nobody signed"), "{unsigned}");
    let kindless = signed().load(&path).await.unwrap_err().to_string();
    assert_eq!(
        kindless,
        "it is a native plugin, and this host runs none: give the loader a place to run them"
    );
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let open = native(signed()).load(&path).await.unwrap_err().to_string();
    assert!(open.contains("can be written by others"), "{open}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_a_folder_is_refused() {
    let folder = Folder::new("linked");
    let path = install(&folder, "fixture", "1.0.0", "wasm", "");
    let elsewhere = folder.0.join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let refused = wasm(signed()).load(&path).await.unwrap_err().to_string();
    assert!(refused.ends_with("is a symbolic link: put the folder itself there"), "{refused}");
    let (plugins, _) = registry();
    let loaded = wasm(signed()).load_all(&place(&folder), &plugins).await.unwrap();
    assert!(loaded.len() == 1 && loaded[0].name.is_err(), "{loaded:?}");
    assert!(matches!(plugins.list()[0].state, PluginState::Refused { .. }));
}

#[tokio::test]
async fn a_signed_release_that_is_known_to_be_bad_is_not_taken() {
    let folder = Folder::new("old");
    let [old, new] = ["1.9.0", "1.10.0"].map(|version| install(&folder, version, version, "wasm", ""));
    let loader = wasm(signed()).at_least("fixture", "1.10.0");
    let refused = loader.load(&old).await.unwrap_err();
    assert!(matches!(&refused, LoadError::Older { .. }), "{refused}");
    assert_eq!(
        refused.to_string(),
        "plugin `fixture` has version 1.9.0, and this host takes none before 1.10.0: install a later one"
    );
    loader.load(&new).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_folders_of_one_id_are_one_plugin_and_a_reason() {
    let folder = Folder::new("twice");
    install(&folder, "a", "1.0.0", "wasm", "");
    install(&folder, "b", "2.0.0", "wasm", "");
    let (plugins, _) = registry();
    let loaded = wasm(signed()).load_all(&place(&folder), &plugins).await.unwrap();
    assert_eq!(loaded.iter().filter(|one| one.name.is_ok()).count(), 1);
    let listed: Vec<String> = plugins.list().iter().map(ToString::to_string).collect();
    assert_eq!(
        listed,
        ["b: refused: the name `fixture` is taken: choose another", "fixture 1.0.0, wasm: not configured"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_configurations_of_one_plugin_see_nothing_of_each_other() {
    let folder = Folder::new("apart");
    let path = install(&folder, "fixture", "1.0.0", "wasm", "");
    let loader = wasm(signed()).store(PluginStore::default()).commands(Arc::new(LocalCommands));
    let (plugins, told) = registry();
    let module = loader.load(&path).await.unwrap();
    for name in ["north", "south"] {
        plugins.add(name, Arc::clone(&module)).unwrap();
        plugins.configure(name, "{}").await.unwrap();
    }
    assert_eq!(says(&plugins, "north", "set cursor 7").await, "");
    assert_eq!(says(&plugins, "north", "get cursor").await, "7");
    assert_eq!(says(&plugins, "south", "get cursor").await, "none");
    assert_eq!(says(&plugins, "south", "delete cursor").await, "");
    // A new version under a name goes on with what the earlier one kept.
    plugins.replace("north", loader.load(&path).await.unwrap()).await.unwrap();
    assert_eq!(says(&plugins, "north", "get cursor").await, "7");
    told.take();
    for name in ["north", "south"] {
        let denied = plugins.firewall(name).unwrap().block(&entry("exec /bin/rm")).await;
        assert!(matches!(denied, Err(EnforceError::Forbidden { .. })), "{denied:?}");
    }
    let told = told.take();
    assert!(
        told[0].starts_with("north denied /bin/rm") && told[1].starts_with("south denied /bin/rm"),
        "{told:?}"
    );
    assert!(plugins.metrics().iter().all(|metrics| metrics.denials == 1));
    let peaks = plugins
        .metrics()
        .iter()
        .filter(|metrics| metrics.memory_peak.is_some_and(|peak| peak >= 1 << 16))
        .count();
    assert_eq!(peaks, 2, "the memory of a component is known");
}

/// A device that is not there, and how often it was looked for.
#[derive(Debug, Default)]
struct Absent(AtomicUsize);

#[async_trait]
impl Shell for Absent {
    async fn open(&self) -> std::io::Result<Box<dyn Terminal>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(std::io::ErrorKind::ConnectionRefused.into())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_may_have_a_shell_of_its_own() {
    let folder = Folder::new("shells");
    let asks = "[[session]]\nname = 'console'\nlines = ['show']\n";
    let path = install(&folder, "fixture", "1.0.0", "wasm", asks);
    let manifest = Manifest::parse("", &fs::read_to_string(path.join("plugin.toml")).unwrap()).unwrap();
    let (shared, own) = (Arc::new(Absent::default()), Arc::new(Absent::default()));
    let loader = wasm(signed())
        .grant("fixture", Grant::as_asked(&manifest))
        .shell_for("north", "console", own.clone())
        .shell("fixture", "console", shared.clone());
    let (plugins, _) = registry();
    let module = loader.load(&path).await.unwrap();
    for (name, expected) in [("north", [0, 1]), ("south", [1, 1])] {
        plugins.add(name, Arc::clone(&module)).unwrap();
        plugins.configure(name, "{}").await.unwrap();
        let answer = plugins.plan(name, &entry("session console show")).await;
        let opened = [&shared, &own].map(|shell| shell.0.load(Ordering::Relaxed));
        assert_eq!(opened, expected, "{name}: {answer:?}");
    }
}

#[test]
fn the_program_for_authors_shows_a_plugin_and_holds_it_to_its_promises() {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap();
    let program = built.join("examples").join(format!("try_plugin{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is absent: build it by `cargo build -p autosec-integrations --all-features --example try_plugin`, as \
         `cargo test --workspace --all-features` does",
        program.display()
    );
    let folder = Folder::new("authors");
    let asks = "[[http]]\nhost = 'edge.example'\nmethods = ['GET']\npaths = ['/**']\nwhy = 'it reads'\n";
    let path = install(&folder, "fixture", "1.0.0", "wasm", asks);
    let config = folder.0.join("config.json");
    fs::write(&config, "{}").unwrap();
    let run = |words: &[&Path]| {
        let output = std::process::Command::new(&program).args(words).output().unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), out, err)
    };
    let (code, out, err) = run(&[&path, &config, Path::new("--conformance")]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for part in [
        "fixture 0.1.0 for AutoSec",
        "  GET edge.example /**: it reads",
        "  203.0.113.7/32: Observed",
        "  2001:db8::/48: Observed",
        "Its promises",
    ] {
        assert!(out.contains(part), "`{part}` is not in\n{out}");
    }
    fs::write(&config, r#"{"reject": "so it is"}"#).unwrap();
    let (code, _, err) = run(&[&path, &config]);
    assert_eq!(code, Some(1));
    assert!(err.starts_with("error: ") && err.contains("the plugin refuses it: so it is"), "{err}");
    assert!(run(&[]).2.starts_with("usage: try_plugin FOLDER CONFIG.json"));
}
