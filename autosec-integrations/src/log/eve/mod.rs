//! EVE JSON of Suricata, read straight into an event: no tree is built, and what is not wanted is stepped over.
//!
//! `meaning` is the table from keys to fields, section by section; `record` walks the object with it; `scalar` reads single
//! values. A key that is not in the table costs a look-up and stepping over its value. Sections may be lists (`dns.queries`):
//! of several values for one field the last counts.

mod meaning;
mod record;
mod scalar;

pub(super) use record::read;
