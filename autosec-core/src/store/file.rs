use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::Hasher;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use siphasher::sip::SipHasher13;

use super::{Store, StoreError};

/// Journals as files of a directory: one line for each `append`, with a checksum, flushed to disk before `append`
/// returns. A last line that a crash left incomplete was never acknowledged and is dropped as a whole.
///
/// One store at a time owns the directory: it holds a lock on the file `lock` in it.
///
/// A line is a checksum in hexadecimal, a space and the records, which are set apart by the control character RS (1E), so
/// journals can be read with a pager. A line feed or RS inside a record becomes a space. A journal is the file
/// `<name>.journal`; it is replaced by writing `<name>.new`, flushing it and renaming it.
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
    writing: Mutex<Writing>,
    /// Locked for as long as it is open.
    _lock: File,
}

#[derive(Debug, Default)]
struct Writing {
    /// A write failed and could not be undone: what the disk holds is not known, so nothing more is acknowledged.
    is_broken: bool,
}

/// Between the records of one line.
const SEPARATOR: char = '\u{1e}';
/// How much is read at a time when the last line is looked for, in bytes.
const BLOCK: u64 = 64 << 10;
/// Records a line when a journal is rewritten.
const RECORDS: usize = 1_000;

impl FileStore {
    /// A store in `directory`, which is made if it is absent.
    ///
    /// # Errors
    /// The directory cannot be made or written to, or another store owns it.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = directory.into();
        let refused = |source| StoreError::Directory { directory: directory.clone(), source };
        fs::create_dir_all(&directory).map_err(refused)?;
        let lock = OpenOptions::new().create(true).write(true).truncate(false).open(directory.join("lock"));
        let lock = lock.map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { directory, writing: Mutex::default(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Owned { directory }),
            Err(TryLockError::Error(source)) => Err(refused(source)),
        }
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
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.is_broken {
            let source =
                io::Error::other("an earlier write could not be undone; start again once the disk is well");
            return Err(failed(journal, "written")(source));
        }
        let path = self.path(journal);
        let new = !path.exists();
        let appended =
            OpenOptions::new().create(true).read(true).append(true).open(path).and_then(|mut file| {
                append_line(&mut file, &line(records))
                    .inspect_err(|failure| writing.is_broken = failure.stands)?;
                if new { self.sync_directory() } else { Ok(()) }
            });
        appended.map_err(failed(journal, "written"))
    }

    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
        let bytes = match fs::read(self.path(journal)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(failed(journal, "read"))?,
        };
        let mut records = Vec::new();
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            match parse(line) {
                Some(of_line) => records.extend(of_line),
                // The last line: a crash cut it off, or its pages reached the disk in part, before `append` returned.
                None if lines.peek().is_none() => break,
                None => {
                    return Err(StoreError::Damaged {
                        journal: journal.to_owned(),
                        record: records.len() + 1,
                    });
                }
            }
        }
        Ok(records)
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = self.directory.join(format!("{journal}.new"));
        let swap = || {
            let mut file = File::create(&fresh)?;
            for records in records.chunks(RECORDS) {
                file.write_all(line(records).as_bytes())?;
            }
            file.sync_all()?;
            fs::rename(&fresh, self.path(journal))?;
            self.sync_directory()
        };
        swap().map_err(failed(journal, "written"))
    }
}

/// A write that failed, and whether something of it may still stand in the file.
#[derive(Debug)]
struct Failure {
    source: io::Error,
    stands: bool,
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        failure.source
    }
}

/// Appends a line, first cutting off one that a crash left incomplete.
fn append_line(file: &mut File, text: &str) -> Result<(), Failure> {
    let harmless = |source| Failure { source, stands: false };
    let before = trim_torn_tail(file).map_err(harmless)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(|source| {
        // All or none: a disk that filled up halfway must not keep records that were reported as refused.
        let undone = file.set_len(before).and_then(|()| file.sync_data());
        Failure { source, stands: undone.is_err() }
    })
}

/// Cuts off a last line that is not whole; gives the length kept.
fn trim_torn_tail(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let begin = last_line(file, length)?;
    let mut line = Vec::new();
    file.seek(SeekFrom::Start(begin))?;
    file.read_to_end(&mut line)?;
    if line.is_empty() || parse(&line).is_some() {
        return Ok(length);
    }
    file.set_len(begin)?;
    Ok(begin)
}

/// Where the last line begins. A line of 100,000 records is 20 MB long, so no byte is looked at twice.
fn last_line(file: &mut File, length: u64) -> io::Result<u64> {
    // The last byte is the line's own, whether it is a line feed or not.
    let mut end = length.saturating_sub(1);
    while end > 0 {
        let begin = end.saturating_sub(BLOCK);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(begin))?;
        file.take(end - begin).read_to_end(&mut bytes)?;
        if let Some(feed) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + feed as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

fn line(records: &[String]) -> String {
    let plain = records.iter().map(|record| record.replace(['\n', SEPARATOR], " "));
    let body = plain.collect::<Vec<_>>().join(SEPARATOR.encode_utf8(&mut [0; 4]));
    format!("{:016x} {body}\n", checksum(&body))
}

/// The records of a line, if it is whole.
fn parse(line: &[u8]) -> Option<impl Iterator<Item = String>> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (sum, body) = line.split_once(' ')?;
    let is_whole = u64::from_str_radix(sum, 16).ok()? == checksum(body);
    is_whole.then(|| body.split(SEPARATOR).map(str::to_owned))
}

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
    fn drops_a_torn_append_of_several_records_as_a_whole() {
        let store = store("several");
        store.append("ledger", &records(&["first"])).unwrap();
        let first = fs::read(store.path("ledger")).unwrap();
        store.append("ledger", &records(&["second", &"x".repeat(10_000), "third"])).unwrap();
        assert_eq!(store.read("ledger").unwrap().len(), 4);
        let both = fs::read(store.path("ledger")).unwrap();
        let mut zeroed = both.clone();
        zeroed[first.len() + 40] = 0;
        for torn in [&both[..both.len() - 1], &both[..first.len() + 30], &zeroed] {
            fs::write(store.path("ledger"), torn).unwrap();
            assert_eq!(store.read("ledger").unwrap(), ["first"]);
            store.append("ledger", &records(&["fourth"])).unwrap();
            assert_eq!(store.read("ledger").unwrap(), ["first", "fourth"]);
        }
    }

    #[test]
    fn what_follows_many_records_is_written_at_once() {
        let store = store("bulk");
        let long = "x".repeat(200);
        let many: Vec<String> = (0..20_000).map(|number| format!("{number} {long}")).collect();
        store.append("ledger", &many).unwrap();
        let begun = std::time::Instant::now();
        store.append("ledger", &records(&["one more"])).unwrap();
        // When bytes were looked at again for each block, half as many took 19 s without optimization.
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(store.read("ledger").unwrap().len(), 20_001);
        let torn = fs::read(store.path("ledger")).unwrap();
        fs::write(store.path("ledger"), &torn[..torn.len() - 1_000]).unwrap();
        store.append("ledger", &records(&["another"])).unwrap();
        assert_eq!(store.read("ledger").unwrap(), ["another"]);
    }

    #[test]
    fn has_one_owner() {
        let store = store("owner");
        let directory = store.directory.clone();
        let second = FileStore::open(&directory);
        assert!(matches!(second, Err(StoreError::Owned { .. })), "{second:?}");
        drop(store);
        assert!(FileStore::open(&directory).is_ok());
    }

    #[test]
    fn refuses_a_damaged_middle() {
        let store = store("damage");
        store.append("ledger", &records(&["first", "second"])).unwrap();
        store.append("ledger", &records(&["third"])).unwrap();
        let text = fs::read_to_string(store.path("ledger")).unwrap().replace("first", "f1rst");
        fs::write(store.path("ledger"), text).unwrap();
        assert!(matches!(store.read("ledger"), Err(StoreError::Damaged { record: 1, .. })));
    }
}
