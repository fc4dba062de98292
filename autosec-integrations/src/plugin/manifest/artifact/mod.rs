//! A plugin's folder, from names on a disk to bytes that are what was signed.

mod file;
#[cfg(unix)]
mod library;

use std::fmt;
use std::path::{Path, PathBuf};

use autosec_core::rule::Diagnostic;
use sha2::{Digest, Sha256 as Hasher};

use super::document::{Manifest, PluginKind, Sha256};
use super::read::TEXT_LIMIT;
use super::signature::{SignatureError, Signer, Verifier};

/// The names of the two files beside a plugin's own.
const MANIFEST: &str = "plugin.toml";
const SIGNATURE: &str = "plugin.toml.minisig";

/// The largest signature that is read, in bytes.
const SIGNATURE_LIMIT: u64 = 4 << 10;

/// How strictly a plugin's folder is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Checks {
    /// The largest file of a plugin, in bytes; default 16 MiB.
    pub largest: u64,
    /// Whether a native library may come from anybody: by default somebody has to have signed it, and only root or the user
    /// of this process may own or be able to change it.
    pub any_library: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self { largest: 16 << 20, any_library: false }
    }
}

/// A plugin that may be loaded: its bytes are those that its manifest pins, and its manifest is whose it should be.
///
/// Every file is opened once, and what was read is what was checked: a folder that changes meanwhile changes nothing.
#[derive(Clone)]
pub struct Artifact {
    manifest: Manifest,
    signer: Signer,
    bytes: Vec<u8>,
}

/// A folder that is no plugin that may be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// A file cannot be used.
    #[error("`{}` {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// The manifest is wrong.
    #[error("{0}")]
    Manifest(Box<Diagnostic>),
    /// The manifest is not believed.
    #[error("the manifest `{}` cannot be trusted: {source}", path.display())]
    Signature {
        /// Which.
        path: PathBuf,
        /// Why.
        source: SignatureError,
    },
    /// Whoever signed the manifest may not sign this plugin.
    #[error("`{signer}` signed plugin `{plugin}`, and is trusted with others only")]
    NotTheirs {
        /// Who.
        signer: String,
        /// The plugin's id.
        plugin: String,
    },
    /// The file is another one.
    #[error("`{}` has the SHA-256 {found}, and the manifest says {said}: take file and manifest of one release", path.display())]
    Hash {
        /// Which.
        path: PathBuf,
        /// What it has.
        found: Sha256,
        /// What the manifest says.
        said: Sha256,
    },
}

impl Artifact {
    /// Reads and checks a plugin's folder. It reads files, so call it where that may block.
    ///
    /// # Errors
    /// The folder is a link; a file is missing, too large, a link, no regular file, or in the hands of others; the manifest is wrong or not
    /// believed; the file is not the one that the manifest pins.
    pub fn open(folder: &Path, verifier: &dyn Verifier, checks: &Checks) -> Result<Self, ArtifactError> {
        file::check_folder(folder)?;
        let path = folder.join(MANIFEST);
        let text = file::read(&path, TEXT_LIMIT as u64)?;
        let signature = file::read_if_there(&folder.join(SIGNATURE), SIGNATURE_LIMIT)?;
        // Nothing of a manifest is read before it is believed.
        let signer = verifier
            .verify(&text.bytes, signature.as_ref().map(|signature| signature.bytes.as_slice()))
            .map_err(|source| ArtifactError::Signature { path: path.clone(), source })?;
        let manifest = read_manifest(&path, &text.bytes)?;
        if !signer.may_sign(&manifest.id) {
            let (signer, plugin) = (signer.name.unwrap_or_default(), manifest.id);
            return Err(ArtifactError::NotTheirs { signer, plugin });
        }
        let path = folder.join(&manifest.file);
        let file = file::read(&path, checks.largest)?;
        if manifest.kind == PluginKind::Native && !checks.any_library {
            check_library(folder, &path, &file, &signer)?;
        }
        let found = Sha256(Hasher::digest(&file.bytes).into());
        if found != manifest.sha256 {
            return Err(ArtifactError::Hash { path, found, said: manifest.sha256 });
        }
        Ok(Self { manifest, signer, bytes: file.bytes })
    }

    /// What the plugin says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Who signed it.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The bytes of its file, as they were checked.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Puts a native library where it can be loaded from, and says where: a file of its hash's name in a folder that belongs
    /// to this process's user alone, which is made if it is absent. What lies there already is compared byte by byte.
    ///
    /// # Errors
    /// The folder or file cannot be written, or is in the hands of others.
    #[cfg(unix)]
    pub fn place(&self, folder: &Path) -> Result<PathBuf, ArtifactError> {
        let extension = if cfg!(target_vendor = "apple") { "dylib" } else { "so" };
        library::place(folder, &format!("{}.{extension}", self.manifest.sha256), &self.bytes)
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Artifact");
        shown.field("manifest", &self.manifest).field("signer", &self.signer);
        shown.field("bytes", &self.bytes.len()).finish()
    }
}

fn read_manifest(path: &Path, bytes: &[u8]) -> Result<Manifest, ArtifactError> {
    let name = path.display().to_string();
    let wrong = |diagnostic| ArtifactError::Manifest(Box::new(diagnostic));
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let title = format!("the text is not UTF-8 at byte {}", error.valid_up_to());
        wrong(Diagnostic::of_text("P006", title, &name, "", 0..0))
    })?;
    Manifest::parse(&name, text).map_err(wrong)
}

/// Whether a library that runs in this process comes from somebody who may say so.
fn check_library(
    folder: &Path,
    path: &Path,
    file: &file::Checked,
    signer: &Signer,
) -> Result<(), ArtifactError> {
    if signer.name.is_none() {
        let why =
            "is a native library that nobody signed: sign the manifest, or allow any library".to_owned();
        return Err(ArtifactError::File { path: path.to_owned(), why });
    }
    #[cfg(unix)]
    {
        library::check_owner(path, &file.metadata)?;
        library::check_folder(folder)?;
    }
    #[cfg(not(unix))]
    let _ = (folder, file);
    Ok(())
}
