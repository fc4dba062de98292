//! Where state outlives the process: the [`Store`] seam with an in-memory and a file default.

mod file;
mod memory;

use std::fmt::Debug;
use std::sync::Arc;

pub use file::FileStore;
pub use memory::MemoryStore;

/// Named journals of records. The host may put them anywhere; AutoSec asks only for append, read and replace.
///
/// Calls are synchronous and must be durable when they return: enforcement relies on "written before a firewall
/// is called".
pub trait Store: Debug + Send + Sync {
    /// Adds records to the end of a journal, all or none of them.
    ///
    /// # Errors
    /// The records could not be made durable.
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError>;

    /// Every record of a journal, oldest first; empty if the journal does not exist.
    ///
    /// # Errors
    /// The journal cannot be read, or is damaged elsewhere than in a tail that was never acknowledged.
    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError>;

    /// Replaces a journal atomically: after a crash it is either the old one or the new one.
    ///
    /// # Errors
    /// The records could not be made durable; the old journal is still there.
    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError>;
}

/// A store that could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A record that was acknowledged cannot be read back.
    #[error(
        "journal `{journal}` is damaged at record {record}: restore it from a copy, or remove it to start afresh"
    )]
    Damaged {
        /// The journal's name.
        journal: String,
        /// The number of the record, from 1.
        record: usize,
    },
    /// The storage refused.
    #[error("journal `{journal}` cannot be {verb}")]
    Io {
        /// The journal's name.
        journal: String,
        /// What was attempted: `read` or `written`.
        verb: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

impl<T: Store + ?Sized> Store for Arc<T> {
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        (**self).append(journal, records)
    }

    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
        (**self).read(journal)
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        (**self).replace(journal, records)
    }
}
