//! The whole: [`Engine`] takes events and gives verdicts.

mod build;
mod class;
mod feed;

pub(crate) use class::Engine;
