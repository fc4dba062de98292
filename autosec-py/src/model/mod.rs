//! Models of all kinds as one native class: rows come as the bytes of 64-bit floats, and what a model is called in Python
//! is `autosec._models`' business.

mod class;
mod kind;
mod learning;
mod recipe;
mod report;

pub(crate) use class::{Model, packed};
pub(crate) use report::_report;
