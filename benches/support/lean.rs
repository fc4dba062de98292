//! A plugin of ours in a few lines of assembler, as the guest of Extism in this bench is: the whole interface, with nothing in
//! it but what a call is measured for.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The plugin whose health is the text that it was called with, copied eight bytes at a time into room of its own.
pub fn echo() -> Vec<u8> {
    component("(local.get $copy) (local.get $length)")
}

/// The plugin whose health is what the host keeps under the text, which is copied as well before the host is asked.
pub fn ask() -> Vec<u8> {
    component("(call $ask (local.get $copy) (local.get $length))")
}

/// Functions of the interface leave their answers at fixed places, and their memory is free again when they return: the host
/// has read an answer before it calls again. Blocking is not measured with it, and traps.
const GUEST: &str = r#"(module
    (import "autosec:firewall/kv@0.1.0" "get" (func $get (param i32 i32 i32)))
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const 4096))
    (data (i32.const 1024) "\80\04\00\00\04\00\00\00\84\04\00\00\07\00\00\00\8b\04\00\00\05\00\00\00")
    (data (i32.const 1152) "leanAutoSec0.1.0")
    (data (i32.const 1200) "\b8\04\00\00\02\00\00\00{}")
    (func $room (export "cabi_realloc")
        (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32) (local $at i32)
        (local.set $at
            (i32.and
                (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
                (i32.sub (i32.const 0) (local.get $align))))
        (global.set $free (i32.add (local.get $at) (local.get $size)))
        (local.get $at))
    (func $copied (param $from i32) (param $length i32) (result i32) (local $to i32) (local $at i32)
        (local.set $to
            (call $room
                (i32.const 0) (i32.const 0) (i32.const 8) (i32.add (local.get $length) (i32.const 8))))
        (loop $more
            (i64.store
                (i32.add (local.get $to) (local.get $at))
                (i64.load (i32.add (local.get $from) (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $more (i32.lt_u (local.get $at) (local.get $length))))
        (local.get $to))
    (func $ask (param $key i32) (param $length i32) (result i32 i32)
        (call $get (local.get $key) (local.get $length) (i32.const 128))
        (if (i32.or (i32.load8_u (i32.const 128)) (i32.eqz (i32.load8_u (i32.const 136)))) (then (unreachable)))
        (i32.load (i32.const 140))
        (i32.load (i32.const 144)))
    (func (export "autosec:firewall/firewall@0.1.0#check-health")
        (param $text i32) (param $length i32) (param $deadline i32) (param $dry i32) (result i32) (local $copy i32)
        (local.set $copy (call $copied (local.get $text) (local.get $length)))
        {answer}
        (local.set $length)
        (local.set $text)
        (i32.store (i32.const 76) (local.get $text))
        (i32.store (i32.const 80) (local.get $length))
        (global.set $free (i32.const 4096))
        (i32.const 64))
    (func (export "autosec:firewall/firewall@0.1.0#configure") (param i32 i32) (result i32)
        (global.set $free (i32.const 4096))
        (i32.const 256))
    (func (export "autosec:firewall/firewall@0.1.0#describe") (result i32) (i32.const 1024))
    (func (export "autosec:firewall/firewall@0.1.0#config-schema") (result i32) (i32.const 1200))
    (func (export "autosec:firewall/firewall@0.1.0#block") (param i32 i32 i32 i32 i32 i32) (result i32)
        (unreachable))
    (func (export "autosec:firewall/firewall@0.1.0#unblock") (param i32 i32 i32 i32 i32 i32) (result i32)
        (unreachable))
    (func (export "autosec:firewall/firewall@0.1.0#list-blocked")
        (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (unreachable)))"#;

fn component(answer: &str) -> Vec<u8> {
    let mut module = wat::parse_str(GUEST.replace("{answer}", answer)).unwrap();
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("autosec-integrations/wit");
    let (package, _) = resolve.push_path(wit).unwrap();
    let world = resolve.select_world(&[package], Some("firewall-plugin")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}
