//! Files that are loaded by name, so that whoever can change the file runs code in this process.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::geteuid;

use super::ArtifactError;
use super::file::{self, unfit};

/// Write permission of a file's group and of everybody.
const OTHERS_WRITE: u32 = 0o022;

/// Whether root or the user of this process owns it, and nobody else may write to it.
pub(super) fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), ArtifactError> {
    if ![0, geteuid().as_raw()].contains(&metadata.uid()) {
        return Err(unfit(path, &format!("belongs to user {}: give it to root", metadata.uid())));
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(unfit(path, "can be written by others: take that right away (`chmod go-w`)"));
    }
    Ok(())
}

/// The same for a folder.
pub(super) fn check_folder(path: &Path) -> Result<(), ArtifactError> {
    let failed = |error: io::Error| unfit(path, &format!("cannot be looked at: {error}"));
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(unfit(path, "is no folder, or a link to one"));
    }
    check_owner(path, &metadata)
}

/// Puts bytes in a file of a private folder.
pub(super) fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, ArtifactError> {
    let failed = |path: &Path, error: io::Error| unfit(path, &format!("cannot be written: {error}"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(folder, error))?;
    check_private(folder)?;
    let path = folder.join(name);
    let there = file::read_if_there(&path, bytes.len() as u64).unwrap_or_default();
    if there.is_some_and(|there| there.bytes == bytes && check_owner(&path, &there.metadata).is_ok()) {
        return Ok(path);
    }
    // A library that is loaded keeps its file: the new one takes its name, not its content.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let draft = folder.join(format!("{name}.{}.{number}", std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o500).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&draft);
        failed(&path, error)
    })?;
    Ok(path)
}

/// Whether a folder is this user's alone.
fn check_private(folder: &Path) -> Result<(), ArtifactError> {
    check_folder(folder)?;
    let metadata = fs::symlink_metadata(folder).map_err(|error| unfit(folder, &error.to_string()))?;
    if metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(unfit(folder, "is open to others: give it to the user of this process alone (`chmod 700`)"))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn places_a_library_once_and_again_when_it_was_changed() {
        let folder = std::env::temp_dir().join(format!("autosec-place-{}", std::process::id()));
        let path = place(&folder, "a.so", b"library").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"library");
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o500);
        let first = fs::metadata(&path).unwrap().ino();
        assert_eq!(place(&folder, "a.so", b"library").unwrap(), path);
        assert_eq!(fs::metadata(&path).unwrap().ino(), first, "what is right stays");

        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        fs::write(&path, b"another").unwrap();
        place(&folder, "a.so", b"library").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"library");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no drafts are left");

        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let open = place(&folder, "a.so", b"library").unwrap_err().to_string();
        assert!(open.contains("chmod 700"), "{open}");
        fs::set_permissions(&path, Permissions::from_mode(0o722)).unwrap();
        let writable = check_owner(&path, &fs::metadata(&path).unwrap()).unwrap_err().to_string();
        assert!(writable.contains("can be written by others"), "{writable}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
