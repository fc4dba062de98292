//! Sigma sources as trees, within Sigma's limits.

use crate::rule::lang::issue::{Code, Issue};
use crate::rule::lang::tree::yaml::{self, Limit};

pub(super) use crate::rule::lang::tree::{DEPTH_LIMIT, Key, Node, Scalar, Tree};

/// The most nodes of a source, those that aliases repeat counted each time.
const LIMIT: Limit = Limit { nodes: 100_000, code: Code::LargeSigma };

/// The documents of a source that hold something, and why others could not be read.
pub(super) fn documents(text: &str) -> (Vec<Node<'_>>, impl Iterator<Item = Issue>) {
    let (documents, issues) = yaml::documents(text, LIMIT);
    (documents, issues.into_iter())
}
