//! Who or what a finding is about: [`Entity`]; and how foreign text is shown: [`printable`].

mod printable;
mod record;

pub use printable::{PRINTABLE_LIMIT, printable};
pub use record::Entity;
