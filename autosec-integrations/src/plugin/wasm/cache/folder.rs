use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// How many entries are kept.
const ENTRIES: usize = 64;

/// The largest code that is read back, in bytes: compiled code is two to four times the component.
const LARGEST: u64 = 256 << 20;

/// After how long nobody writes a file any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Bytes of a code of authentication.
const TAG: usize = 32;

/// Why there is no cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The key is too short to keep anybody out.
    #[error("the key of the cache needs at least {least} bytes")]
    ShortKey {
        /// Bytes that it needs.
        least: usize,
    },
    /// The folder cannot be made or looked at.
    #[error("the folder of the cache, `{}`: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// Others than the host could put code there.
    #[error("the folder of the cache, `{}`, must be the host's own and closed to others: `chmod 700` it", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
    },
}

/// The files of a cache: for each entry its code, and beside it the tag.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Numbers files that are being written.
    written: AtomicU64,
}

/// An entry as it was found.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) code: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, CacheError> {
        let folder = Self { path: path.to_owned(), written: AtomicU64::new(0) };
        let failed = |error| CacheError::Folder { path: path.to_owned(), error };
        create(path).map_err(failed)?;
        if !folder.is_ours().map_err(failed)? {
            return Err(CacheError::Open { path: path.to_owned() });
        }
        Ok(folder)
    }

    pub(super) fn read(&self, name: &str) -> Option<Entry> {
        let path = self.code(name);
        let (code, tag) = (whole(&path, LARGEST)?, whole(&self.tag(name), TAG as u64)?);
        Some(Entry { path, code, tag })
    }

    /// Writes the code, then the tag: an end in between leaves an entry that does not count.
    pub(super) fn write(&self, name: &str, code: &[u8], tag: &[u8]) -> io::Result<()> {
        self.replace(&self.code(name), code)?;
        self.replace(&self.tag(name), tag)?;
        self.prune()
    }

    fn code(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.code"))
    }

    fn tag(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.tag"))
    }

    /// A file is complete before it has its name, and whoever has mapped the old one keeps it.
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let part = self.part();
        let written = private(&part).and_then(|mut file| file.write_all(content));
        let placed = written.and_then(|()| fs::rename(&part, path));
        if placed.is_err() {
            // It may never have been made.
            let _ = fs::remove_file(&part);
        }
        placed
    }

    fn part(&self) -> PathBuf {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        self.path.join(format!("{}-{number}.part", std::process::id()))
    }

    /// Removes all but the newest entries, and what a host that ended in between left half written.
    fn prune(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let (path, written) = (entry.path(), entry.metadata()?.modified()?);
            match path.extension().and_then(OsStr::to_str) {
                Some("code") => files.push((written, path)),
                Some("part") if written.elapsed().is_ok_and(|age| age > ABANDONED) => fs::remove_file(path)?,
                _ => {}
            }
        }
        files.sort_unstable_by(|left, right| right.cmp(left));
        for (_, code) in files.into_iter().skip(ENTRIES) {
            fs::remove_file(code.with_extension("tag"))?;
            fs::remove_file(code)?;
        }
        Ok(())
    }

    /// Whether nobody but this process's own user can enter the folder. Who that is, a file made here tells.
    #[cfg(unix)]
    fn is_ours(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let folder = fs::symlink_metadata(&self.path)?;
        let probe = self.part();
        let owner = private(&probe).and_then(|file| file.metadata()).map(|file| file.uid());
        // It may never have been made.
        let _ = fs::remove_file(&probe);
        Ok(folder.is_dir() && folder.mode() & 0o077 == 0 && folder.uid() == owner?)
    }

    /// Elsewhere a folder of the user is closed by where it lies.
    #[cfg(not(unix))]
    fn is_ours(&self) -> io::Result<bool> {
        Ok(fs::symlink_metadata(&self.path)?.is_dir())
    }
}

/// A new file that only its owner reads.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the folder, closed from the first moment.
fn create(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The content of a plain file of at most this many bytes.
fn whole(path: &Path, largest: u64) -> Option<Vec<u8>> {
    let found = fs::symlink_metadata(path).ok().filter(|found| found.is_file() && found.len() <= largest)?;
    let mut content = Vec::with_capacity(usize::try_from(found.len()).ok()?);
    File::open(path).ok()?.take(largest).read_to_end(&mut content).ok()?;
    Some(content)
}
