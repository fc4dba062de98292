//! The expression language of rules: text to tokens to a syntax tree, checked against a schema.

pub(super) mod ast;
pub(super) mod check;
pub(super) mod condition;
pub(super) mod diagnostic;
pub(super) mod issue;
mod lexer;
pub(super) mod parse;
pub(super) mod suggest;
mod token;
pub(crate) mod yaml;
