use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Store, StoreError};

/// Journals in memory: for tests, and for hosts that accept losing state with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    journals: Mutex<HashMap<String, Vec<String>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Vec<String>>) -> T) -> T {
        work(&mut self.journals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for MemoryStore {
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.with(|journals| journals.entry(journal.to_owned()).or_default().extend_from_slice(records));
        Ok(())
    }

    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.with(|journals| journals.get(journal).cloned().unwrap_or_default()))
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.with(|journals| journals.insert(journal.to_owned(), records.to_vec()));
        Ok(())
    }
}
