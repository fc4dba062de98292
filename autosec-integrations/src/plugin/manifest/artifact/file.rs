use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use super::ArtifactError;

/// A file that was read to its end, and what was known of it while it was open.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) bytes: Vec<u8>,
    #[cfg_attr(not(unix), expect(dead_code, reason = "owners are looked at on Unix only"))]
    pub(super) metadata: Metadata,
}

/// Whether a folder is one, and no link to one.
pub(super) fn check_folder(path: &Path) -> Result<(), ArtifactError> {
    let named =
        fs::symlink_metadata(path).map_err(|error| unfit(path, &format!("cannot be read: {error}")))?;
    if named.is_symlink() {
        return Err(unfit(path, "is a symbolic link: put the folder itself there"));
    }
    if named.is_dir() { Ok(()) } else { Err(unfit(path, "is no folder")) }
}

/// Reads a regular file of at most so many bytes that is no link.
pub(super) fn read(path: &Path, largest: u64) -> Result<Checked, ArtifactError> {
    read_if_there(path, largest)?.ok_or_else(|| unfit(path, "is not there"))
}

/// The same; none if there is no such file.
pub(super) fn read_if_there(path: &Path, largest: u64) -> Result<Option<Checked>, ArtifactError> {
    let failed = |error: io::Error| unfit(path, &format!("cannot be read: {error}"));
    let named = match fs::symlink_metadata(path) {
        Ok(named) => named,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // Asked before it is opened, because to open a pipe or a device may wait or do something.
    check(path, &named, largest)?;
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    check(path, &metadata, largest)?;
    if !is_same(&named, &metadata) {
        return Err(unfit(path, "was exchanged while it was opened: try again"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(largest + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > largest {
        return Err(too_large(path, largest));
    }
    Ok(Some(Checked { bytes, metadata }))
}

fn check(path: &Path, metadata: &Metadata, largest: u64) -> Result<(), ArtifactError> {
    if metadata.is_symlink() {
        return Err(unfit(path, "is a symbolic link: put the file itself there"));
    }
    if !metadata.is_file() {
        return Err(unfit(path, "is no regular file"));
    }
    if metadata.len() > largest { Err(too_large(path, largest)) } else { Ok(()) }
}

/// Whether a name led to the file that it led to before.
#[cfg(unix)]
fn is_same(named: &Metadata, opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (named.dev(), named.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn is_same(named: &Metadata, opened: &Metadata) -> bool {
    (named.len(), named.modified().ok()) == (opened.len(), opened.modified().ok())
}

fn too_large(path: &Path, largest: u64) -> ArtifactError {
    unfit(path, &format!("has more than {largest} bytes, which is the most that is taken"))
}

pub(super) fn unfit(path: &Path, why: &str) -> ArtifactError {
    ArtifactError::File { path: path.to_owned(), why: why.to_owned() }
}
