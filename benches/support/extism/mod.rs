//! Extism, by the shared library that its Python package brings: a peer that needs neither its compiler nor its crates here.

mod library;

pub use library::Compiled;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of the package `extism-sys`.
const VERSION: &str = "1.41.0";

/// A guest that does what the development kits of Extism do: words come in and go out through calls of its kernel. `echo`
/// gives back what it got; `ask` hands it to the host, and gives back what that says.
const GUEST: &str = r#"(module
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "input_load_u64" (func $input_load (param i64) (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (import "extism:host/user" "ask" (func $ask (param i64) (result i64)))
    (memory (export "memory") 2)
    (func $take (result i64) (local $length i64) (local $at i64)
        (local.set $length (call $input_length))
        (loop $more
            (i64.store (i32.wrap_i64 (local.get $at)) (call $input_load (local.get $at)))
            (local.set $at (i64.add (local.get $at) (i64.const 8)))
            (br_if $more (i64.lt_u (local.get $at) (local.get $length))))
        (local.get $length))
    (func $give (param $length i64) (result i64) (local $block i64) (local $at i64)
        (local.set $block (call $alloc (local.get $length)))
        (loop $more
            (call $store
                (i64.add (local.get $block) (local.get $at)) (i64.load (i32.wrap_i64 (local.get $at))))
            (local.set $at (i64.add (local.get $at) (i64.const 8)))
            (br_if $more (i64.lt_u (local.get $at) (local.get $length))))
        (local.get $block))
    (func (export "echo") (result i32) (local $length i64)
        (local.set $length (call $take))
        (call $output_set (call $give (local.get $length)) (local.get $length))
        (i32.const 0))
    (func (export "ask") (result i32) (local $block i64)
        (local.set $block (call $ask (call $give (call $take))))
        (call $output_set (local.get $block) (call $length (local.get $block)))
        (i32.const 0)))"#;

/// The guest, compiled, with a deadline as ours have.
pub fn compiled() -> Result<Compiled, String> {
    // It takes one a call where the environment asks for backtraces, which would flatter us.
    if std::env::var("RUST_BACKTRACE").is_ok_and(|asked| asked != "0") {
        return Err("with backtraces Extism is slowed down: set `RUST_BACKTRACE=0`".to_owned());
    }
    let library = library()?;
    let folder = library.parent().unwrap_or(Path::new("."));
    let wasm = folder.join("guest.wasm");
    std::fs::write(&wasm, wat::parse_str(GUEST).unwrap()).map_err(|error| error.to_string())?;
    let manifest = serde_json::json!({ "wasm": [{ "path": wasm }], "timeout_ms": 20_000 });
    Compiled::new(&library, &manifest.to_string())
}

/// The library, which is installed where build output is if it is not there.
fn library() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/extism");
    let library = target.join("extism_sys").join("libextism_sys.so");
    if !library.is_file() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(&target);
        let output = pip.arg(format!("extism-sys=={VERSION}")).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("`extism-sys` {VERSION} cannot be installed"));
        }
    }
    if library.is_file() { Ok(library) } else { Err(format!("`extism-sys` {VERSION} has no library here")) }
}
