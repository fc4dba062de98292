use hashbrown::HashMap;
use smallvec::SmallVec;

use super::super::{FieldId, Kind};

/// What becomes of the value at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target {
    Field(FieldId, Kind),
    Time,
}

/// The wanted paths as a tree: one node a level of nesting.
///
/// A node knows the dotted names of all its descendants, not of its children alone, so each key of the input,
/// nested or dotted, costs one look-up.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Bit n is set when some name below is n bytes long (63: that or longer): refuses most unwanted keys.
    lengths: u64,
    below: HashMap<Box<[u8]>, usize>,
    targets: SmallVec<[Target; 1]>,
}

impl Paths {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    pub(super) fn insert(&mut self, path: &str, target: Target) {
        let parts: Vec<&str> = path.split('.').collect();
        let mut along = vec![0];
        for end in 1..=parts.len() {
            let node = self.reach(&along, parts.get(..end).unwrap_or_default());
            along.push(node);
        }
        if let Some(node) = along.last().and_then(|node| self.nodes.get_mut(*node))
            && !node.targets.contains(&target)
        {
            node.targets.push(target);
        }
    }

    /// The node at the end of `parts`, known to each of the nodes `along` the way to it.
    fn reach(&mut self, along: &[usize], parts: &[&str]) -> usize {
        let fresh = self.nodes.len();
        let full = parts.join(".").into_bytes();
        let known = self.nodes.first().and_then(|root| root.below.get(full.as_slice()).copied());
        if let Some(known) = known {
            return known;
        }
        self.nodes.push(Node::default());
        for (start, node) in along.iter().enumerate() {
            let name = parts.get(start..).unwrap_or_default().join(".").into_bytes();
            if let Some(node) = self.nodes.get_mut(*node) {
                node.lengths |= length_bit(&name);
                node.below.insert(name.into_boxed_slice(), fresh);
            }
        }
        fresh
    }

    pub(super) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// The node that a key leads to, if anything there or below is wanted.
    pub(super) fn step(&self, node: &Node, key: &[u8]) -> Option<&Node> {
        if node.lengths & length_bit(key) == 0 {
            return None;
        }
        node.below.get(key).and_then(|next| self.nodes.get(*next))
    }
}

impl Node {
    /// What becomes of a value here.
    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Whether anything in an object here is wanted.
    pub(super) fn is_inner(&self) -> bool {
        self.lengths != 0
    }
}

fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

#[cfg(test)]
mod tests {
    use super::super::super::field;
    use super::*;

    #[test]
    fn finds_nested_and_dotted_names() {
        let mut paths = Paths::new();
        paths.insert("source.geo.city_name", Target::Field(field::SOURCE_GEO_CITY_NAME, Kind::Text));
        paths.insert("source.ip", Target::Field(field::SOURCE_IP, Kind::Address));
        paths.insert("source.ip", Target::Time);
        let root = paths.root().unwrap();
        let source = paths.step(root, b"source").unwrap();
        let geo = paths.step(source, b"geo").unwrap();
        for (from, key) in [(root, "source.geo.city_name"), (source, "geo.city_name"), (geo, "city_name")] {
            let leaf = paths.step(from, key.as_bytes()).unwrap();
            assert!(!leaf.is_inner() && leaf.targets().len() == 1, "{key}");
        }
        assert_eq!(paths.step(root, b"source.ip").unwrap().targets().len(), 2);
        assert!(paths.step(root, b"geo").is_none() && paths.step(source, b"").is_none());
        assert!(source.is_inner() && source.targets().is_empty());
    }
}
