//! Compiled code that is kept, and what happens to it in other hands.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use autosec_integrations::plugin::wasm::{Cache, CacheError, WasmLimits, WasmRuntime, WasmRuntimeConfig};

use super::{configured, fixture, says};
use crate::support::folder::Folder;

const KEY: &[u8] = b"thirty-two bytes that are secret";

impl Folder {
    /// One that is not there yet.
    fn absent(name: &str) -> Self {
        let folder = Self::new(name);
        fs::remove_dir(&folder.0).unwrap();
        folder
    }

    fn cache(&self, key: &[u8]) -> Result<Cache, CacheError> {
        Cache::open(&self.0, key)
    }

    fn files(&self, kind: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == kind)).collect()
    }

    fn only(&self, kind: &str) -> PathBuf {
        let files = self.files(kind);
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    /// The files of the one entry, as they were written: one that is written anew is another file.
    fn written(&self) -> [u64; 2] {
        ["code", "tag"].map(|kind| fs::metadata(self.only(kind)).unwrap().ino())
    }
}

/// Loads the fixture with this cache, and has it do something.
async fn load(cache: Cache) {
    let config = WasmRuntimeConfig { instances: 4, cache: Some(cache), ..WasmRuntimeConfig::default() };
    let file = fs::read(fixture()).unwrap();
    let plugin = WasmRuntime::new(config).unwrap().load(file, &WasmLimits::default()).await.unwrap();
    assert_eq!(says(&configured(&plugin, "{}").await.0, "echo it runs").await, "it runs");
}

#[tokio::test]
async fn code_is_kept_and_taken_again() {
    let folder = Folder::absent("kept");
    load(folder.cache(KEY).unwrap()).await;
    let written = folder.written();
    assert_eq!(fs::metadata(&folder.0).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(folder.only("code")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(folder.files("part").is_empty());
    load(folder.cache(KEY).unwrap()).await;
    assert_eq!(folder.written(), written, "nothing was written anew");
}

#[tokio::test]
async fn what_is_damaged_or_foreign_is_overlooked_and_written_anew() {
    let folder = Folder::absent("damaged");
    load(folder.cache(KEY).unwrap()).await;
    let sound = fs::read(folder.only("code")).unwrap();
    let change = |kind: &str, change: &dyn Fn(&Path)| {
        change(&folder.only(kind));
        folder.written()
    };
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let cut = |path: &Path| fs::write(path, &fs::read(path).unwrap()[..16]).unwrap();
    let empty = |path: &Path| fs::write(path, b"").unwrap();
    type Damage<'d> = (&'d str, &'d dyn Fn(&Path));
    let damages: [Damage<'_>; 5] =
        [("code", &flip), ("tag", &flip), ("code", &cut), ("tag", &cut), ("code", &empty)];
    for (kind, damage) in damages {
        let damaged = change(kind, damage);
        load(folder.cache(KEY).unwrap()).await;
        assert_ne!(folder.written(), damaged);
        assert!(fs::read(folder.only("code")).unwrap() == sound, "{kind}: the code is what it was");
    }
    let ours = folder.written();
    load(folder.cache(b"another key, of another host").unwrap()).await;
    let theirs = folder.written();
    assert_ne!(theirs, ours, "code of another host is not run");
    load(folder.cache(KEY).unwrap()).await;
    assert_ne!(folder.written(), theirs);
}

#[test]
fn a_folder_that_others_enter_is_refused() {
    let folder = Folder::absent("open");
    folder.cache(KEY).unwrap();
    for mode in [0o750, 0o701, 0o777] {
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(mode)).unwrap();
        let error = folder.cache(KEY).unwrap_err();
        assert!(
            matches!(error, CacheError::Open { .. }) && error.to_string().contains("chmod 700"),
            "{error}"
        );
    }
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).unwrap();
    folder.cache(KEY).unwrap();
    let link = Folder::absent("link");
    symlink(&folder.0, &link.0).unwrap();
    assert!(matches!(link.cache(KEY), Err(CacheError::Open { .. })));
    fs::remove_file(&link.0).unwrap();
    fs::write(&link.0, b"a file").unwrap();
    assert!(matches!(link.cache(KEY), Err(CacheError::Folder { .. })));
    fs::remove_file(&link.0).unwrap();
}

#[tokio::test]
async fn an_entry_counts_only_under_its_own_name() {
    let folder = Folder::absent("renamed");
    load(folder.cache(KEY).unwrap()).await;
    let (code, tag) = (fs::read(folder.only("code")).unwrap(), fs::read(folder.only("tag")).unwrap());
    let made = super::made::Made::new().component();
    let config =
        || WasmRuntimeConfig { cache: Some(folder.cache(KEY).unwrap()), ..WasmRuntimeConfig::default() };
    let limits = WasmLimits::default();
    let error = WasmRuntime::new(config()).unwrap().load(made.clone(), &limits).await.unwrap_err();
    let other = folder.files("code").into_iter().find(|path| fs::read(path).unwrap() != code).unwrap();
    // The code of the first in the place of the second, with a tag that is right for it elsewhere.
    fs::write(&other, &code).unwrap();
    fs::write(other.with_extension("tag"), &tag).unwrap();
    let again = WasmRuntime::new(config()).unwrap().load(made, &limits).await.unwrap_err();
    assert_eq!(again, error, "it is still the second that runs");
    assert!(fs::read(other).unwrap() != code);
}
