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

pub(crate) use form::{Key, read_network, write};
pub use kind::ObservableKind;
pub(crate) use name::{is_plain as is_plain_name, parents};
pub use record::{Observable, ValueError};
pub(crate) use record::{hex, text_of};
pub(crate) use url::{Parts as UrlParts, plain as plain_url, write as write_url};
