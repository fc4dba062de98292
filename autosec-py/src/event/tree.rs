use std::sync::OnceLock;

use autosec_core::event::{FieldId, FieldMask, Kind, Schema};
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// The wanted fields as a tree of names, one node a level of nesting. As in core's JSON reader a node knows the dotted
/// names of all its descendants, so that each key of a dict, nested or dotted, costs one look-up.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    /// What a dict is asked for that has all its values under their dotted names; known from the first dict on.
    flat: OnceLock<Flat>,
    /// An unknown key is looked up again without its spaces.
    spaced: bool,
    /// Takes every value that has no place.
    pub(crate) rest: Option<FieldId>,
}

#[derive(Debug, Default)]
pub(crate) struct Node {
    names: HashMap<Box<str>, usize>,
    /// The same names as Python's own interned texts, which it finds in a dict by a hash it has already.
    probes: Vec<(Py<PyString>, usize)>,
    pub(crate) target: Option<Target>,
}

/// The names of the root, in order.
#[derive(Debug, Default)]
pub(super) struct Flat {
    /// Of dicts that hold what is wanted: one that is there makes the event no flat one.
    pub(super) inner: Vec<Py<PyString>>,
    pub(super) wanted: Vec<(Py<PyString>, Target)>,
}

/// What becomes of the value at a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    Field(FieldId, Kind),
    Time,
}

/// Where the time stands.
const TIME: &str = "@timestamp";

impl Tree {
    pub(crate) fn new(py: Python<'_>, schema: &Schema, wanted: &FieldMask) -> Self {
        let (nodes, flat) = (vec![Node::default()], OnceLock::new());
        let mut tree = Self { nodes, flat, spaced: schema.is_spaced(), rest: None };
        tree.rest = schema.rest().filter(|rest| wanted.contains(*rest));
        tree.insert(TIME, Target::Time);
        for (field, name, kind) in schema.fields().filter(|(field, ..)| wanted.contains(*field)) {
            tree.insert(name, Target::Field(field, kind));
        }
        for node in &mut tree.nodes {
            let mut named: Vec<_> = node.names.iter().collect();
            named.sort();
            node.probes =
                named.iter().map(|(name, next)| (PyString::intern(py, name).unbind(), **next)).collect();
        }
        tree
    }

    /// Many programs make all their dicts of the same texts as keys (those of a literal, of `csv.DictReader`, of `orjson`),
    /// and a key that is the very text that is asked for need not be compared: so the first dict's own are taken.
    fn flatten(&self, event: &Bound<'_, PyDict>) -> Flat {
        let mut flat = Flat::default();
        let keys: Vec<_> =
            event.iter().filter_map(|(key, _)| key.cast_into_exact::<PyString>().ok()).collect();
        for (name, next) in self.root().map(Node::probes).unwrap_or_default() {
            let own = name.bind(event.py());
            let theirs = keys.iter().find(|key| key.to_str().ok() == own.to_str().ok());
            let name = theirs.unwrap_or(own).clone().unbind();
            match self.node(*next).and_then(|node| node.target) {
                Some(target) => flat.wanted.push((name, target)),
                None => flat.inner.push(name),
            }
        }
        flat
    }

    fn insert(&mut self, path: &str, target: Target) {
        let parts: Vec<&str> = path.split('.').collect();
        let mut along = vec![0];
        for end in 1..=parts.len() {
            let node = self.reach(&along, parts.get(..end).unwrap_or_default());
            along.push(node);
        }
        if let Some(node) = along.last().and_then(|node| self.nodes.get_mut(*node)) {
            node.target = Some(target);
        }
    }

    /// The node at the end of `parts`, known to each of the nodes `along` the way to it.
    fn reach(&mut self, along: &[usize], parts: &[&str]) -> usize {
        if let Some(known) = self.nodes.first().and_then(|root| root.names.get(&*parts.join("."))) {
            return *known;
        }
        let fresh = self.nodes.len();
        self.nodes.push(Node::default());
        for (start, node) in along.iter().enumerate() {
            let name = parts.get(start..).unwrap_or_default().join(".");
            if let Some(node) = self.nodes.get_mut(*node) {
                node.names.insert(name.into(), fresh);
            }
        }
        fresh
    }

    pub(super) fn flat(&self, event: &Bound<'_, PyDict>) -> &Flat {
        self.flat.get_or_init(|| self.flatten(event))
    }

    pub(crate) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// Whether anything under this name of an event is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.rest.is_some() || self.root().is_some_and(|root| self.step(root, name).is_some())
    }

    pub(crate) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// Whether a dict can be asked for the wanted names one by one: not if any key of it may be meant.
    pub(crate) fn can_probe(&self) -> bool {
        !self.spaced && self.rest.is_none()
    }

    /// The node that a key leads to, if anything there or below is wanted.
    pub(crate) fn step(&self, node: &Node, name: &str) -> Option<&Node> {
        match node.names.get(name) {
            Some(next) => self.nodes.get(*next),
            None if self.spaced && name.contains(' ') => {
                let kept: String = name.chars().filter(|character| *character != ' ').collect();
                self.nodes.get(*node.names.get(&*kept)?)
            }
            None => None,
        }
    }
}

impl Node {
    /// Whether anything in a dict here is wanted.
    pub(crate) fn is_inner(&self) -> bool {
        !self.names.is_empty()
    }

    pub(crate) fn probes(&self) -> &[(Py<PyString>, usize)] {
        &self.probes
    }
}
