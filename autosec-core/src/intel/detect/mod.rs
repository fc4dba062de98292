//! The index as a [`Detector`]: what of an event is looked up, and what a hit says about whom.
//!
//! `fields` says which fields count as what, `seen` reads them, `joined` looks for the other values of a composite, `subject`
//! says whom a finding is about, `finding` makes it.
//!
//! [`Detector`]: crate::finding::Detector

mod detector;
mod fields;
mod finding;
mod joined;
mod seen;
mod subject;

pub use fields::{ObservedFields, Reading};
pub(super) use finding::hold_back;
pub(super) use subject::{FIELDS as SUBJECT_FIELDS, subject};
