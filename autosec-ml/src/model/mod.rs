//! The file that a trained model is kept in.
//!
//! Every model has the same frame: what it is, for which features, what it was trained on, sections, a checksum. All
//! numbers are little-endian. What is damaged, of another format, of another kind or for other features is refused with a
//! [`ModelError`], and nothing in a file is believed: lengths are held against what is there.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `AutoSecM` |
//! | 2, 2 | format (1); what it holds (1 isolation forest, 2 k-means, 3 online forest, 4 statistical, 5 temporal, 6 ensemble, 7 conformal and 8 isotonic calibration, 9 drift monitor) |
//! | 3 × 2, 2 | version of the crate that wrote it: major, minor, patch; 0 |
//! | 8 | [hash](crate::feature::FeatureSchema::hash) of the feature schema |
//! | 8, 8 | rows trained on; seed |
//! | 8 | length of the whole file |
//! | 4, 4, … | sections: name, length, bytes |
//! | 4 | CRC-32 (the one of zip and Ethernet) of all before it |
//!
//! It holds no row that a model was trained on. A checksum finds damage, not malice: whoever can write a file can write
//! one that scores everything as usual, so keep models where only those who may change detection can write.

mod error;
mod frame;
mod section;

pub use error::ModelError;
pub use frame::MAX_BYTES;
pub(crate) use frame::{Algorithm, Frame, Training};
pub(crate) use section::{Section, fields, malformed};
