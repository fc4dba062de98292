//! Where state outlives the process: the [`Store`] seam with an in-memory and a file default.
//!
//! What must survive a crash goes through a [`Store`]: today the [ledger](crate::enforce::Ledger) of what is to be in
//! force. Counters, risk and strikes are kept in memory only and begin anew with the process.
//!
//! **Durability is the contract.** [`Store::append`] returns when the record would outlive a power failure, not when it is
//! on its way. The enforcer calls no firewall before that. A store that acknowledges early makes blocks that nobody
//! remembers: they stay on a firewall until their native expiry or the next reconciliation.
//!
//! **Which one.** [`MemoryStore`] (the default) for tests, for replays and for hosts whose blocks may end with the process.
//! [`FileStore`] for one process on one machine. An implementation of the host's for a database, or where several
//! hosts share one; calls come from the thread that enforces and block it, so keep them in the milliseconds.

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
///
/// A journal's name is a short word (`ledger`), a record one line of text without line feeds. AutoSec makes sure by itself
/// that a journal does not grow without bound: it [replaces](Store::replace) one that is mostly out of date.
///
/// ```
/// use std::sync::Mutex;
///
/// use autosec_core::store::{Store, StoreError};
///
/// /// Keeps one list of (journal, record) pairs, as a table of a database would.
/// #[derive(Debug, Default)]
/// struct Table(Mutex<Vec<(String, String)>>);
///
/// impl Store for Table {
///     fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
///         let rows = records.iter().map(|record| (journal.to_owned(), record.clone()));
///         self.0.lock().unwrap().extend(rows);
///         Ok(())
///     }
///
///     fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
///         let rows = self.0.lock().unwrap();
///         Ok(rows.iter().filter(|(name, _)| name == journal).map(|(_, record)| record.clone()).collect())
///     }
///
///     fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
///         self.0.lock().unwrap().retain(|(name, _)| name != journal);
///         self.append(journal, records)
///     }
/// }
///
/// let table = Table::default();
/// table.append("ledger", &["one".to_owned(), "two".to_owned()])?;
/// table.replace("ledger", &["two".to_owned()])?;
/// assert_eq!(table.read("ledger")?, ["two"]);
/// # Ok::<(), StoreError>(())
/// ```
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
    /// The directory of a store cannot be used.
    #[error("the store's directory `{}` cannot be made or written to", directory.display())]
    Directory {
        /// The directory.
        directory: std::path::PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// Another store, of this process or another, owns the directory.
    #[error("the store's directory `{}` is in use: give each engine its own", directory.display())]
    Owned {
        /// The directory.
        directory: std::path::PathBuf,
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
