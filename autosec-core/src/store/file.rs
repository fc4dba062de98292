use std::fs::{self, File, OpenOptions};
use std::hash::Hasher;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use siphasher::sip::SipHasher13;

use super::{Store, StoreError};

/// Journals as files of a directory: one record a line, each with a checksum, flushed to disk before `append`
/// returns. A last line cut off by a crash was never acknowledged and is dropped.
///
/// One process at a time owns the directory.
///
/// A line is a checksum in hexadecimal, a space and the record, so journals can be read with a pager. A line feed
/// inside a record becomes a space. A journal is the file `<name>.journal`; it is replaced by writing
/// `<name>.new`, flushing it and renaming it.
///
/// The checksum finds damage, not forgery: whoever can write to the directory can write valid records. Give it to the
/// host's user alone.
///
/// ```
/// use autosec_core::store::{FileStore, Store};
///
/// let directory = std::env::temp_dir().join(format!("autosec-example-{}", std::process::id()));
/// let store = FileStore::open(&directory)?;
/// store.append("notes", &["first".to_owned()])?;
/// drop(store);
///
/// let again = FileStore::open(&directory)?;
/// assert_eq!(again.read("notes")?, ["first"]);
/// assert!(again.read("nothing")?.is_empty());
/// # std::fs::remove_dir_all(&directory).unwrap();
/// # Ok::<(), autosec_core::store::StoreError>(())
/// ```
#[derive(Debug)]
pub struct FileStore {
    directory: PathBuf,
    writing: Mutex<()>,
}

impl FileStore {
    /// A store in `directory`, which is made if it is absent.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = directory.into();
        fs::create_dir_all(&directory).map_err(failed(&directory.to_string_lossy(), "written"))?;
        Ok(Self { directory, writing: Mutex::new(()) })
    }

    fn path(&self, journal: &str) -> PathBuf {
        self.directory.join(format!("{journal}.journal"))
    }

    /// A new or renamed file is durable only once its directory is.
    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}

impl Store for FileStore {
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(journal);
        append_lines(&path, &lines(records))
            .and_then(|new| if new { self.sync_directory() } else { Ok(()) })
            .map_err(failed(journal, "written"))
    }

    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
        let bytes = match fs::read(self.path(journal)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(failed(journal, "read"))?,
        };
        // What stands behind the last line feed was cut off by a crash, before `append` returned.
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let acknowledged = bytes.get(..complete).unwrap_or_default();
        acknowledged
            .split_inclusive(|byte| *byte == b'\n')
            .enumerate()
            .map(|(index, line)| {
                record(line)
                    .ok_or_else(|| StoreError::Damaged { journal: journal.to_owned(), record: index + 1 })
            })
            .collect()
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = self.directory.join(format!("{journal}.new"));
        let swap = || {
            let mut file = File::create(&fresh)?;
            file.write_all(lines(records).as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, self.path(journal))?;
            self.sync_directory()
        };
        swap().map_err(failed(journal, "written"))
    }
}

/// Appends to the file, first cutting off a torn last line; says whether the file is new.
fn append_lines(path: &Path, text: &str) -> io::Result<bool> {
    let new = !path.exists();
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let before = trim_torn_tail(&mut file)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
    if let Err(error) = written {
        // All or none: a disk that filled up halfway must not leave records that were reported as refused.
        let _ = file.set_len(before);
        return Err(error);
    }
    Ok(new)
}

/// Cuts a last line without its newline; gives the length kept.
fn trim_torn_tail(file: &mut File) -> io::Result<u64> {
    use std::io::{Read, Seek, SeekFrom};

    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0_u8];
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(length);
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let kept = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1) as u64;
    file.set_len(kept)?;
    Ok(kept)
}

fn lines(records: &[String]) -> String {
    let one_line = records.iter().map(|record| record.replace('\n', " "));
    one_line.map(|record| format!("{:016x} {record}\n", checksum(&record))).collect()
}

fn record(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (sum, record) = line.split_once(' ')?;
    (u64::from_str_radix(sum, 16).ok()? == checksum(record)).then(|| record.to_owned())
}

/// SipHash with a fixed key: the same on every machine and in every version, as the files need it to be.
fn checksum(record: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(record.as_bytes());
    hasher.finish()
}

fn failed(journal: &str, verb: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    let journal = journal.to_owned();
    move |source| StoreError::Io { journal, verb, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str) -> FileStore {
        let directory = std::env::temp_dir().join(format!("autosec-store-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        FileStore::open(directory).unwrap()
    }

    fn records(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn keeps_what_was_appended() {
        let store = store("append");
        assert!(store.read("ledger").unwrap().is_empty());
        store.append("ledger", &records(&["a", "b"])).unwrap();
        store.append("ledger", &records(&["c"])).unwrap();
        assert_eq!(store.read("ledger").unwrap(), ["a", "b", "c"]);
        store.replace("ledger", &records(&["c"])).unwrap();
        assert_eq!(store.read("ledger").unwrap(), ["c"]);
    }

    #[test]
    fn drops_a_torn_tail_at_every_length() {
        let store = store("torn");
        store.append("ledger", &records(&["first"])).unwrap();
        let first = fs::read(store.path("ledger")).unwrap();
        store.append("ledger", &records(&["second"])).unwrap();
        let both = fs::read(store.path("ledger")).unwrap();
        for length in first.len()..both.len() {
            fs::write(store.path("ledger"), &both[..length]).unwrap();
            assert_eq!(store.read("ledger").unwrap(), ["first"], "cut at {length}");
            store.append("ledger", &records(&["third"])).unwrap();
            assert_eq!(store.read("ledger").unwrap(), ["first", "third"], "cut at {length}");
        }
    }

    #[test]
    fn refuses_a_damaged_middle() {
        let store = store("damage");
        store.append("ledger", &records(&["first", "second"])).unwrap();
        let text = fs::read_to_string(store.path("ledger")).unwrap().replace("first", "f1rst");
        fs::write(store.path("ledger"), text).unwrap();
        assert!(matches!(store.read("ledger"), Err(StoreError::Damaged { record: 1, .. })));
    }
}
