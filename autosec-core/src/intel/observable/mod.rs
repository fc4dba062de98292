//! Values that can be seen in an event, each in one form.
//!
//! Whatever is loaded and whatever is looked up goes through [`form::write`], so that two spellings of one value can never
//! miss each other: `name` is about domains, `url` about URLs, `text` about the rest.

mod form;
mod kind;
mod name;
mod record;
mod text;
mod url;

pub(crate) use form::{Key, LONGEST, write};
pub use kind::ObservableKind;
pub(crate) use name::parents;
pub use record::{Observable, ValueError};
pub(crate) use url::write as write_url;
