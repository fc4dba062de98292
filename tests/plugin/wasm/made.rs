//! Components made in the test: of the interface as it stands, or of one that somebody changed.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// A component without a compiler: it exports the whole world, and each function does the same.
pub struct Made {
    wit: String,
    world: &'static str,
    body: String,
}

impl Made {
    /// Of this interface; its functions trap.
    pub fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("autosec-integrations/wit/firewall.wit");
        Self {
            wit: std::fs::read_to_string(path).unwrap(),
            world: "firewall-plugin",
            body: "unreachable".to_owned(),
        }
    }

    /// With another text in the place of one in the interface.
    pub fn with(mut self, old: &str, new: &str) -> Self {
        assert!(self.wit.contains(old), "`{old}` is not in the interface");
        self.wit = self.wit.replace(old, new);
        self
    }

    pub fn of_world(mut self, world: &'static str) -> Self {
        self.world = world;
        self
    }

    /// With functions that do this, and then trap; `{describe}` is the index of the first that a host calls.
    pub fn doing(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    pub fn module(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("firewall.wit", &self.wit).unwrap();
        let world = resolve.select_world(&[package], Some(self.world)).unwrap();
        let dummy = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
        let text = wasmprinter::print_bytes(dummy).unwrap();
        let describe = text.split_once("#describe\" (func ").and_then(|(_, rest)| rest.split_once(')'));
        let describe = describe.map_or("0", |(index, _)| index);
        // The last word keeps the body valid, whatever the function is to answer.
        let body = format!("{} unreachable", self.body.replace("{describe}", describe));
        // A memory of no pages has no room even for the host's own arguments.
        let text = text.replace("unreachable", &body).replace("(memory (;0;) 0)", "(memory (;0;) 1)");
        let mut module = wat::parse_str(text).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        module
    }

    pub fn component(&self) -> Vec<u8> {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(true).module(&self.module()).unwrap().encode().unwrap()
    }
}
