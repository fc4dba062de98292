use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use autosec_core::store::{MemoryStore, Store};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::plugin::interface::KvError;

/// The longest key, in bytes.
const LONGEST_KEY: usize = 128;

/// Where plugins keep their values: a journal of the host's [`Store`] for each configured plugin, `plugin-<name>`.
///
/// A change is durable when the plugin is told so, as the store promises; values are as safe there as other state of the host,
/// and are not encrypted. Give every gate of a host the same, so that an old and a new version under one name see the same.
#[derive(Clone, Debug)]
pub struct PluginStore {
    store: Arc<dyn Store>,
    changing: Arc<Mutex<()>>,
}

/// How much a plugin may keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) keys: u32,
    pub(super) value: u64,
}

type Values = BTreeMap<String, Vec<u8>>;

impl Default for PluginStore {
    /// Values that end with the process.
    fn default() -> Self {
        Self::new(Arc::new(MemoryStore::new()))
    }
}

impl PluginStore {
    /// Values in this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, changing: Arc::default() }
    }

    pub(super) fn value(&self, plugin: &str, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        check_key(key)?;
        Ok(self.read(plugin)?.remove(key))
    }

    pub(super) fn set(&self, plugin: &str, key: &str, value: Vec<u8>, room: Room) -> Result<(), KvError> {
        check_key(key)?;
        if value.len() as u64 > room.value {
            return Err(KvError::TooLarge(room.value));
        }
        self.change(plugin, |values| {
            if !values.contains_key(key) && values.len() as u64 >= room.keys.into() {
                return Err(KvError::TooMany(room.keys.into()));
            }
            Ok(values.insert(key.to_owned(), value.clone()).as_ref() != Some(&value))
        })
    }

    pub(super) fn delete(&self, plugin: &str, key: &str) -> Result<(), KvError> {
        check_key(key)?;
        self.change(plugin, |values| Ok(values.remove(key).is_some()))
    }

    /// Changes the values and writes them all, if the change says that it is one.
    fn change(
        &self,
        plugin: &str,
        change: impl FnOnce(&mut Values) -> Result<bool, KvError>,
    ) -> Result<(), KvError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut values = self.read(plugin)?;
        if !change(&mut values)? {
            return Ok(());
        }
        let record = |(key, value): (&String, &Vec<u8>)| {
            format!("{} {}", STANDARD.encode(key), STANDARD.encode(value))
        };
        let records: Vec<String> = values.iter().map(record).collect();
        self.store.replace(&journal(plugin), &records).map_err(unavailable)
    }

    fn read(&self, plugin: &str) -> Result<Values, KvError> {
        let records = self.store.read(&journal(plugin)).map_err(unavailable)?;
        let values = records.iter().map(|record| {
            let (key, value) = record.split_once(' ')?;
            let key = String::from_utf8(STANDARD.decode(key).ok()?).ok()?;
            Some((key, STANDARD.decode(value).ok()?))
        });
        values.collect::<Option<_>>().ok_or_else(|| KvError::Unavailable("the values are damaged".into()))
    }
}

fn journal(plugin: &str) -> String {
    format!("plugin-{plugin}")
}

fn check_key(key: &str) -> Result<(), KvError> {
    if key.len() <= LONGEST_KEY { Ok(()) } else { Err(KvError::TooLarge(LONGEST_KEY as u64)) }
}

/// A plugin is not told where the host keeps what.
fn unavailable<E>(_error: E) -> KvError {
    KvError::Unavailable("the host's store cannot be used".into())
}

#[cfg(test)]
mod tests {
    use autosec_core::store::FileStore;

    use super::*;

    const ROOM: Room = Room { keys: 2, value: 4 };

    #[test]
    fn keeps_values_apart_and_within_their_room() {
        let store = PluginStore::default();
        store.set("a", "x", vec![0, 10, 255, 30], ROOM).unwrap();
        store.set("a", "", Vec::new(), ROOM).unwrap();
        assert_eq!(store.value("a", "x"), Ok(Some(vec![0, 10, 255, 30])));
        assert_eq!((store.value("a", ""), store.value("b", "x")), (Ok(Some(Vec::new())), Ok(None)));
        assert_eq!(store.set("a", "y", vec![1], ROOM), Err(KvError::TooMany(2)));
        assert_eq!(store.set("a", "x", vec![0; 5], ROOM), Err(KvError::TooLarge(4)));
        assert_eq!(store.set("a", &"k".repeat(129), vec![], ROOM), Err(KvError::TooLarge(128)));
        store.set("a", "x", vec![1], ROOM).unwrap();
        store.delete("a", "").unwrap();
        store.delete("a", "never").unwrap();
        store.set("a", "y", vec![2], ROOM).unwrap();
        assert_eq!((store.value("a", "x"), store.value("a", "y")), (Ok(Some(vec![1])), Ok(Some(vec![2]))));
    }

    #[test]
    fn values_outlast_the_process() {
        let directory = std::env::temp_dir().join(format!("autosec-kv-{}", std::process::id()));
        for value in [1, 2] {
            let store = PluginStore::new(Arc::new(FileStore::open(&directory).unwrap()));
            let before = store.value("a", "x").unwrap();
            assert_eq!(before, (value > 1).then(|| vec![value - 1]));
            store.set("a", "x", vec![value], ROOM).unwrap();
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
