//! What is taken as a plugin, and what is refused in which words.

use std::time::Duration;

use autosec_integrations::plugin::interface::Crash;
use autosec_integrations::plugin::wasm::{LoadError, WasmLimits, WasmRuntime, WasmRuntimeConfig};
use sha2::{Digest, Sha256};

use super::made::Made;
use super::{fixture, runtime};

async fn refused(bytes: Vec<u8>) -> LoadError {
    let limits = WasmLimits { start: Duration::from_secs(1), ..WasmLimits::default() };
    runtime().load(bytes, &limits).await.unwrap_err()
}

#[test]
fn the_prebuilt_component_is_the_one_that_was_built() {
    let sums = std::fs::read_to_string(fixture().with_file_name("SHA256SUMS")).unwrap();
    let listed = sums.lines().find_map(|line| line.strip_suffix("  fixture.wasm")).unwrap();
    let hash = Sha256::digest(std::fs::read(fixture()).unwrap());
    assert_eq!(listed, hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
}

#[tokio::test]
async fn only_components_are_plugins() {
    for (bytes, what) in [
        (Made::new().module(), "a core module"),
        (b"\x7fELF\x02\x01\x01".to_vec(), "compiled code, which is never taken"),
        (Vec::new(), "empty"),
        (b"(component)".to_vec(), "no WebAssembly"),
    ] {
        assert_eq!(refused(bytes).await, LoadError::NoComponent(what));
    }
}

#[tokio::test]
async fn damaged_files_are_refused() {
    let file = std::fs::read(fixture()).unwrap();
    for length in [8, 9, 100, 1000, file.len() / 2, file.len() - 1] {
        let error = refused(file[..length].to_vec()).await;
        let empty = length == 8 && error == LoadError::NoFirewall;
        assert!(empty || matches!(error, LoadError::Invalid(_)), "{length}: {error:?}");
        assert!(error.to_string().len() < 500, "{error}");
    }
    let mut longer = file.clone();
    longer.extend(b"more");
    assert!(matches!(refused(longer).await, LoadError::Invalid(_)));
}

#[tokio::test]
async fn large_files_are_refused_before_they_are_looked_at() {
    let config = WasmRuntimeConfig { file: 1000, ..WasmRuntimeConfig::default() };
    let small = WasmRuntime::new(config).unwrap();
    let error = small.load(vec![0; 1001], &WasmLimits::default()).await.unwrap_err();
    assert_eq!(error, LoadError::TooLarge { size: 1001, limit: 1000 });
    let error = refused(vec![0; (16 << 20) + 1]).await;
    assert!(matches!(error, LoadError::TooLarge { limit: 16_777_216, .. }), "{error}");
}

#[tokio::test]
async fn a_compiler_has_its_time() {
    let config = WasmRuntimeConfig { compile: Duration::ZERO, ..WasmRuntimeConfig::default() };
    let hurried = WasmRuntime::new(config).unwrap();
    let error = hurried.load(std::fs::read(fixture()).unwrap(), &WasmLimits::default()).await.unwrap_err();
    assert_eq!(error, LoadError::Slow(Duration::ZERO));
}

#[tokio::test]
async fn versions_of_one_kind_are_taken_and_others_named() {
    for version in ["0.1.0", "0.1.9"] {
        let made = Made::new().with("firewall@0.1.0", &format!("firewall@{version}"));
        let error = refused(made.component()).await;
        assert!(
            matches!(&error, LoadError::Silent(Crash::Trap(_))),
            "{version} ran until it trapped: {error}"
        );
    }
    for version in ["0.2.0", "1.0.0", "0.1.1-rc"] {
        let made = Made::new().with("firewall@0.1.0", &format!("firewall@{version}"));
        let error = refused(made.component()).await;
        let LoadError::Version { found, spoken } = &error else { panic!("{version}: {error:?}") };
        assert!(found.ends_with(&format!("@{version}")) && *spoken == "autosec:firewall@0.1", "{error}");
    }
}

#[tokio::test]
async fn another_shape_of_the_interface_is_refused() {
    for (old, new) in [
        ("  check-health: func(ctx: context) -> result<health, failure>;\n", ""),
        ("    reason: string,\n", "    reason: string,\n    colour: string,\n"),
        ("    full,\n", ""),
        ("limit: u32) -> result<page, failure>", "limit: u64) -> result<page, failure>"),
        ("  random-u64: func() -> u64;", "  random-u64: func() -> u64;\n  shutdown: func();"),
    ] {
        let error = refused(Made::new().with(old, new).component()).await;
        assert!(matches!(error, LoadError::Shape(_)), "`{old}`: {error:?}");
    }
}

#[tokio::test]
async fn other_worlds_are_refused() {
    let worlds = "
        interface files { open: func(path: string) -> u32; }
        world curious { import files; export firewall; }
        world silent { import host; }
        world bare { export run: func(); }
        world firewall-plugin {";
    let made = |world| Made::new().with("world firewall-plugin {", worlds).of_world(world).component();
    let import = LoadError::Import("autosec:firewall/files@0.1.0".to_owned());
    assert_eq!(refused(made("curious")).await, import);
    assert_eq!(refused(made("silent")).await, LoadError::NoFirewall);
    assert_eq!(refused(made("bare")).await, LoadError::NoFirewall);
    let foreign = Made::new().with("autosec:firewall@0.1.0", "wasi:firewall@0.1.0").component();
    let error = refused(foreign).await;
    assert!(matches!(&error, LoadError::Import(name) if name.starts_with("wasi:firewall/")), "{error:?}");
}

#[tokio::test]
async fn a_plugin_that_hangs_over_its_own_name_is_refused() {
    let hanging = Made::new().doing("(loop (br 0))").component();
    let error = refused(hanging).await;
    assert_eq!(error, LoadError::Silent(Crash::Deadline(Duration::from_secs(1))));
}
