//! What is taken as a plugin, and what is refused in which words.

use std::time::Duration;

use autosec_integrations::plugin::wasm::{LoadError, WasmLimits, WasmRuntime, WasmRuntimeConfig};
use sha2::{Digest, Sha256};

use super::{fixture, runtime};

pub async fn refused(bytes: Vec<u8>) -> LoadError {
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
        (b"\0asm\x01\0\0\0".to_vec(), "a core module"),
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
