//! A source as a tree, whatever format it is written in: what it says, and where each part stands.
//!
//! `yaml` and `toml` read texts into trees, `block` the plain part of YAML quickly, and `read` reads values with serde from trees. What is wrong with a value thus
//! has a place, and one rule of a file can be refused without its neighbours.

use std::borrow::Cow;
use std::ops::Range;

mod block;
pub(crate) mod read;
pub(crate) mod toml;
pub(crate) mod yaml;

/// The most levels of nesting.
pub(crate) const DEPTH_LIMIT: usize = 64;

/// A part of a document, and where it stands in the source.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) span: Range<usize>,
    pub(crate) tree: Tree<'a>,
}

#[derive(Clone, Debug)]
pub(crate) enum Tree<'a> {
    Scalar(Scalar<'a>),
    List(Vec<Node<'a>>),
    Map(Vec<(Key<'a>, Node<'a>)>),
}

/// A scalar as it is written: what it stands for is decided where it is used.
#[derive(Clone, Debug)]
pub(crate) struct Scalar<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Without quotes, so that it may be a number, a boolean or null.
    plain: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Key<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) span: Range<usize>,
}

impl Scalar<'_> {
    pub(crate) fn is_null(&self) -> bool {
        self.plain && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// The number that a scalar without quotes is.
    pub(crate) fn number(&self) -> Option<Cow<'_, str>> {
        let text = &*self.text;
        if !self.plain || !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let radix = |prefix, radix| i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok();
        if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| text.parse().ok()) {
            return Some(number.to_string().into());
        }
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let number: f64 = if numeric { text.parse().ok()? } else { return None };
        Some(if number.is_finite() && number.abs() < 1e15 { number.to_string().into() } else { text.into() })
    }
}

impl<'a> Node<'a> {
    pub(crate) fn scalar(&self) -> Option<&Scalar<'a>> {
        if let Tree::Scalar(scalar) = &self.tree { Some(scalar) } else { None }
    }

    pub(crate) fn map(&self) -> Option<&[(Key<'a>, Node<'a>)]> {
        if let Tree::Map(entries) = &self.tree { Some(entries) } else { None }
    }

    /// The value of a key.
    pub(crate) fn at(&self, key: &str) -> Option<&Node<'a>> {
        self.map()?.iter().find(|(held, _)| held.name == key).map(|(_, node)| node)
    }

    /// The node, or the nodes of a list.
    pub(crate) fn each(&self) -> &[Node<'a>] {
        if let Tree::List(nodes) = &self.tree { nodes } else { std::slice::from_ref(self) }
    }

    /// What it is, in words.
    pub(crate) fn what(&self) -> &'static str {
        match &self.tree {
            Tree::Scalar(scalar) if scalar.is_null() => "nothing",
            Tree::Scalar(_) => "a value",
            Tree::List(_) => "a list",
            Tree::Map(_) => "keys and values",
        }
    }

    fn size(&self) -> usize {
        match &self.tree {
            Tree::Scalar(_) => 1,
            Tree::List(nodes) => 1 + nodes.iter().map(Node::size).sum::<usize>(),
            Tree::Map(entries) => 1 + entries.iter().map(|(_, node)| node.size()).sum::<usize>(),
        }
    }
}

impl Node<'_> {
    /// The same without the text it was read from.
    pub(crate) fn into_owned(self) -> Node<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let tree = match self.tree {
            Tree::Scalar(scalar) => Tree::Scalar(Scalar { text: own(scalar.text), plain: scalar.plain }),
            Tree::List(nodes) => Tree::List(nodes.into_iter().map(Node::into_owned).collect()),
            Tree::Map(entries) => {
                let entry = |(key, node): (Key<'_>, Node<'_>)| {
                    (Key { name: own(key.name), span: key.span }, node.into_owned())
                };
                Tree::Map(entries.into_iter().map(entry).collect())
            }
        };
        Node { span: self.span, tree }
    }
}
