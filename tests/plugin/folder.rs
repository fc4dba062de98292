//! From a folder on a disk to blocks on a device: real components, the real gate, the real enforcer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Status};
use autosec_core::engine::Engine;
use autosec_integrations::conformance::{self, Conformance, Outcome, Promise};
use autosec_integrations::plugin::loader::PluginLoader;
use autosec_integrations::plugin::manifest::{Excess, Grant, MinisignVerifier, Unsigned};
use autosec_integrations::plugin::registry::{PluginRegistry, PluginState, Settings};
use autosec_integrations::plugin::wasm::{WasmRuntime, WasmRuntimeConfig};
use autosec_integrations::transport::{HttpsClient, HttpsConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::device::Told;
use crate::support::block;
use crate::support::folder::Folder;

const HASH: &str = "5ef9b1e6b3c833c7bad087d77c19827bef3e9329dfc3026c521118eaff66d1d7";
const ASKS: &str = r#"
[[http]]
origin = "{config.url|http://127.0.0.1:9}"
methods = ["GET"]
paths = ["/hello"]
tls = "optional"
why = "it greets the device"
"#;

/// A plugin in a folder of this name.
fn install(folder: &Folder, name: &str, version: &str, more: &str) -> PathBuf {
    let folder = folder.0.join(name);
    fs::create_dir(&folder).unwrap();
    let manifest = format!(
        "[plugin]\nid = 'fixture'\nversion = '{version}'\napi = 'autosec:firewall@0.1'\nkind = 'wasm'\n\
         file = 'fixture.wasm'\nsha256 = '{HASH}'\n{more}"
    );
    fs::write(folder.join("plugin.toml"), manifest).unwrap();
    fs::copy(component(), folder.join("fixture.wasm")).unwrap();
    folder
}

fn component() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/plugins/fixture.wasm")
}

fn loader() -> PluginLoader {
    let runtime = WasmRuntime::new(WasmRuntimeConfig { instances: 16, ..WasmRuntimeConfig::default() });
    let client = HttpsClient::new(HttpsConfig::default()).unwrap();
    PluginLoader::new(Unsigned).wasm(runtime.unwrap()).client(Arc::new(client))
}

/// What the manifest asks for, and this machine.
fn grant() -> Grant {
    Grant::parse("grant.toml", &format!("networks = ['127.0.0.0/8']\n{ASKS}")).unwrap()
}

fn registry() -> (PluginRegistry, Told) {
    let told = Told::default();
    (PluginRegistry::new(Settings { observer: Arc::new(told.clone()), ..Settings::default() }), told)
}

/// A device that greets whoever asks; gives its URL.
async fn device() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
                .await;
        }
    });
    url
}

fn entry(last: u8, reason: &str) -> Vec<Block> {
    let target = std::net::IpAddr::from([203, 0, 113, last]).into();
    vec![Block { target, ttl: None, reason: reason.to_owned() }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_loaded_and_what_cannot_be_is_listed() {
    let folder = Folder::new("loaded");
    install(&folder, "good", "1.0.0", "");
    let altered = install(&folder, "altered", "1.0.0", "");
    fs::write(altered.join("fixture.wasm"), b"\0asm").unwrap();
    install(&folder, "strange", "1.0.0", "[[ftp]]\nhost = 'a'\n");
    let missing = install(&folder, "missing", "1.0.0", "");
    fs::remove_file(missing.join("fixture.wasm")).unwrap();
    fs::create_dir(folder.0.join("no-plugin")).unwrap();
    #[cfg(unix)]
    {
        let linked = install(&folder, "linked", "1.0.0", "");
        fs::remove_file(linked.join("fixture.wasm")).unwrap();
        std::os::unix::fs::symlink(component(), linked.join("fixture.wasm")).unwrap();
    }
    let (plugins, _) = registry();
    let loaded = loader().load_all(&folder.0, &plugins).await.unwrap();
    assert_eq!(loaded.iter().filter(|one| one.name.is_ok()).count(), 1);
    let listed: Vec<String> = plugins.list().iter().map(ToString::to_string).collect();
    let expected = [
        ("altered", "has the SHA-256"),
        ("fixture", "not configured"),
        ("linked", "refused: `"),
        ("missing", "refused: `"),
        ("strange", "unknown field"),
    ];
    for (name, part) in expected.iter().filter(|(name, _)| cfg!(unix) || *name != "linked") {
        let found = listed.iter().any(|line| line.starts_with(name) && line.contains(part));
        assert!(found, "{name}: {listed:#?}");
    }
    assert!(!listed.iter().any(|line| line.starts_with("no-plugin")));
    let absent = loader().load_all(&folder.0.join("absent"), &plugins).await.unwrap_err().to_string();
    assert!(absent.starts_with("the folder of plugins `"), "{absent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_believed_without_a_key() {
    let folder = Folder::new("unsigned");
    let good = install(&folder, "good", "1.0.0", "");
    let runtime =
        WasmRuntime::new(WasmRuntimeConfig { instances: 2, ..WasmRuntimeConfig::default() }).unwrap();
    let refused = PluginLoader::new(MinisignVerifier::new([])).wasm(runtime).load(&good).await.unwrap_err();
    assert!(refused.to_string().contains("it is not signed"), "{refused}");
    let kindless = PluginLoader::new(Unsigned).load(&good).await.unwrap_err().to_string();
    assert_eq!(kindless, "it is a WebAssembly plugin, and this host runs none: give the loader a runtime");
}

/// The fixture, configured, after it has kept every promise.
///
/// Its device is its own memory. A call that is long enough lets others run, and one that is dropped just then takes the
/// instance with it, blocks and all, which no real device does: where a busy machine makes a call that long, it tries anew.
async fn conforming(folder: &Folder) -> (PluginRegistry, Told) {
    for last in [false, false, true] {
        let (plugins, told) = registry();
        loader().load_all(&folder.0, &plugins).await.unwrap();
        plugins.configure("fixture", "{}").await.unwrap();
        let report = conformance::check(&plugins.firewall("fixture").unwrap(), &Conformance::default()).await;
        if report.is_passed() {
            return (plugins, told);
        }
        let is_forgetful = report.promises().all(|(promise, outcome)| {
            promise == Promise::CancelSafety || !matches!(outcome, Outcome::Broken(_))
        });
        assert!(is_forgetful && !last, "{report}");
    }
    unreachable!("the last trial returns or fails");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_blocks_for_the_engine_and_conforms() {
    let folder = Folder::new("engine");
    install(&folder, "fixture", "1.0.0", "");
    let (plugins, told) = conforming(&folder).await;
    let mut builder = Engine::builder();
    for firewall in plugins.firewalls() {
        builder = builder.firewall(firewall);
    }
    let engine = builder.build().unwrap();
    let mut decision = block("203.0.113.7", "a", 3_600);
    decision.time = autosec_core::time::Clock::now(&autosec_core::time::SystemClock);
    let enforcement = engine.enforce(&decision).await;
    assert!(enforcement.is_complete(), "{enforcement}");
    let held = plugins.firewall("fixture").unwrap().blocked().await.unwrap();
    assert_eq!((held.len(), held[0].target.to_string()), (1, "203.0.113.7/32".to_owned()));
    assert_eq!(plugins.metrics()[0].crashes, 0);
    assert_eq!(told.take(), ["fixture loaded 1.0.0", "fixture configured 1.0.0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_granted_goes_out_and_the_rest_is_denied() {
    let folder = Folder::new("denied");
    install(&folder, "fixture", "1.0.0", ASKS);
    let (plugins, told) = registry();
    loader().grant("fixture", grant()).load_all(&folder.0, &plugins).await.unwrap();
    let about = &plugins.list()[0].about;
    assert_eq!(about.asked, ["GET {config.url|http://127.0.0.1:9} /hello: it greets the device"]);
    assert_eq!(about.granted, about.asked);
    let url = device().await;
    plugins.configure("fixture", &format!("{{\"url\": \"{url}\"}}")).await.unwrap();
    let edge = plugins.firewall("fixture").unwrap();
    told.take();
    for round in 0..3 {
        let hello = edge.block(&entry(round, &format!("http {url}/hello"))).await.unwrap();
        assert_eq!(hello[0].status, Status::Done);
    }
    for path in ["/secrets", "/hello/../secrets"] {
        let denied = edge.block(&entry(9, &format!("http {url}{path}"))).await;
        assert!(matches!(denied, Err(EnforceError::Forbidden { .. })), "{path}: {denied:?}");
    }
    let elsewhere = edge.block(&entry(9, "http http://192.0.2.1/hello")).await;
    assert!(matches!(elsewhere, Err(EnforceError::Forbidden { .. })), "{elsewhere:?}");
    let told = told.take();
    assert!(told.len() >= 3 && told.iter().all(|line| line.starts_with("fixture denied GET ")), "{told:#?}");
    assert_eq!(plugins.metrics()[0].denials, told.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_more_than_it_is_granted_is_not_configured() {
    let folder = Folder::new("excess");
    let greedy = install(&folder, "fixture", "1.0.0", ASKS);
    let (plugins, _) = registry();
    loader().load_all(&folder.0, &plugins).await.unwrap();
    let refused = plugins.configure("fixture", "{}").await.unwrap_err().to_string();
    assert!(refused.contains("plugin `fixture` asks for more than it is granted: "), "{refused}");
    assert_eq!(plugins.list()[0].state, PluginState::Unconfigured);

    let modest = loader().excess(Excess::Deny).load(&greedy).await.unwrap();
    plugins.replace("fixture", modest).await.unwrap();
    plugins.configure("fixture", "{}").await.unwrap();
    let denied = plugins.firewall("fixture").unwrap().block(&entry(1, "http http://127.0.0.1:9/hello")).await;
    assert!(matches!(denied, Err(EnforceError::Forbidden { .. })), "{denied:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_hangs_or_breaks_off_harms_no_other() {
    let folder = Folder::new("contained");
    let path = install(&folder, "fixture", "1.0.0", "[limits]\ndeadline = '300ms'\n");
    let (plugins, _) = registry();
    let loader = loader();
    for name in ["sound", "wild"] {
        plugins.add(name, loader.load(&path).await.unwrap()).unwrap();
        plugins.configure(name, "{}").await.unwrap();
    }
    let (sound, wild) = (plugins.firewall("sound").unwrap(), plugins.firewall("wild").unwrap());
    let misdeeds = tokio::spawn(async move {
        let mut ends = Vec::new();
        for deed in ["loop", "panic boom", "overflow", "bomb", "trap"] {
            // Two at a time: one alone would be taken as the fault of the item.
            let two = [entry(1, deed), entry(2, "rule=scan")].concat();
            ends.push((deed, wild.block(&two).await.is_err()));
            wild.block(&entry(2, "rule=scan")).await.unwrap();
        }
        ends
    });
    let mut slowest = Duration::ZERO;
    while !misdeeds.is_finished() {
        let began = Instant::now();
        sound.block(&entry(1, "rule=scan")).await.unwrap();
        slowest = slowest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ends = misdeeds.await.unwrap();
    let broke_off = ends.iter().filter(|(_, failed)| *failed).count();
    assert!(broke_off >= 4, "a bomb may be told that there is no memory, and end well: {ends:?}");
    let [sound, wild] = &plugins.metrics()[..] else { panic!("two plugins") };
    assert_eq!((sound.crashes, wild.crashes), (0, broke_off as u64));
    assert!(slowest < Duration::from_secs(2), "a call of the sound plugin took {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_from_a_folder_takes_over() {
    let folder = Folder::new("replaced");
    let (old, new) = (install(&folder, "old", "1.0.0", ""), install(&folder, "new", "1.1.0", ""));
    let (plugins, told) = registry();
    let loader = loader();
    plugins.add("edge", loader.load(&old).await.unwrap()).unwrap();
    plugins.configure("edge", r#"{"url": "https://edge"}"#).await.unwrap();
    let edge = plugins.firewall("edge").unwrap();
    edge.block(&entry(1, "rule=scan")).await.unwrap();
    plugins.replace("edge", loader.load(&new).await.unwrap()).await.unwrap();
    assert_eq!(plugins.list()[0].about.version, "1.1.0");
    assert_eq!(edge.blocked().await.unwrap(), [], "its device is its memory, and it begins anew");
    plugins.go_back("edge").await.unwrap();
    assert_eq!(edge.blocked().await.unwrap().len(), 1, "the earlier one was kept");
    let refused = plugins.configure("edge", r#"{"reject": "hunter2 is no address"}"#).await.unwrap_err();
    assert!(refused.to_string().ends_with("the plugin refuses it: hunter2 is no address"), "{refused}");
    let words = format!("\u{1b}[2J\r\n\u{202e}{}", "x".repeat(50_000));
    let config = serde_json::json!({ "reject": words }).to_string();
    let flooded = plugins.configure("edge", &config).await.unwrap_err().to_string();
    let is_plain = !flooded.chars().any(|c| c.is_control() || c == '\u{202e}');
    assert!(
        flooded.len() < 500 && is_plain && flooded.contains("[2J"),
        "what a plugin says is one line: {flooded:?}"
    );
    assert_eq!(edge.blocked().await.unwrap().len(), 1);
    let events: Vec<String> = told.take();
    assert_eq!(
        events,
        ["edge loaded 1.0.0", "edge configured 1.0.0", "edge replaced 1.1.0", "edge went-back to 1.0.0"]
    );
}
