//! Components that were made for another interface, another version or another world, or that misbehave before they are
//! configured.

use std::time::Duration;

use autosec_integrations::plugin::interface::Crash;
use autosec_integrations::plugin::wasm::{LoadError, WasmLimits};

use super::contained::{beside, trap};
use super::loading::refused;
use super::made::Made;
use super::runtime;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_read_out_of_bounds_breaks_off() {
    let component = Made::new().doing("(drop (i32.load (i32.const -4)))").component();
    let loaded = beside(runtime().load(component, &WasmLimits::default())).await;
    let Err(LoadError::Silent(crash)) = loaded else { panic!("{loaded:?}") };
    trap("out of bounds memory access", &crash);
}

#[tokio::test]
async fn words_that_are_no_words_are_not_taken() {
    // What a plugin says of itself begins with its name: where it lies and how long it is, which is given here by a place in
    // its memory that says so. Texts of four gigabytes, over the end of memory, and of bytes that are no text.
    for (at, length) in [(0, u32::MAX), (u32::MAX, 1), (65_535, 2), (1 << 31, 1 << 31), (64, 4)] {
        let body = format!(
            "(i32.store (i32.const 1024) (i32.const {at})) (i32.store (i32.const 1028) (i32.const {length}))
             (i32.store (i32.const 64) (i32.const -1)) (return (i32.const 1024))",
            at = at.cast_signed(),
            length = length.cast_signed()
        );
        let error = refused(Made::new().doing(&body).component()).await;
        assert!(
            matches!(&error, LoadError::Silent(Crash::Protocol(_) | Crash::Trap(_))),
            "{at} {length}: {error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn calls_without_an_end_break_off() {
    let component = Made::new().doing("(drop (call {describe}))").component();
    let loaded = beside(runtime().load(component, &WasmLimits::default())).await;
    let Err(LoadError::Silent(crash)) = loaded else { panic!("{loaded:?}") };
    trap("call stack exhausted", &crash);
}
