use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::LoadError;

/// The most plugins of one folder.
const LIMIT: usize = 256;

/// The folders in a folder that hold a plugin, by name. Links are among them, and are refused when they are opened.
pub(super) fn plugins(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let failed = |source| LoadError::Folder { path: path.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let folder = entry.map_err(failed)?.path();
        if folder.join("plugin.toml").symlink_metadata().is_ok() {
            found.push(folder);
        }
        if found.len() > LIMIT {
            return Err(failed(io::Error::other("it holds more than 256 plugins")));
        }
    }
    found.sort();
    Ok(found)
}

/// Work with files, off the threads that calls run on. A panic in it is the caller's.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is being shut down, and nobody waits any more.
        Err(_) => std::future::pending().await,
    }
}
