//! A plugin's folder: what is loaded is what was signed, and nothing else is even read.

use std::fs;
use std::path::Path;
use std::process::Command;

use autosec_integrations::plugin::manifest::{
    Artifact, ArtifactError, Checks, Grant, Limits, MinisignVerifier, SignatureError, TrustedKey, Unsigned,
    Verifier,
};
use ring::digest::{SHA256, digest};

use super::minisign::Key;
use crate::support::folder::Folder;

const FILE: &[u8] = b"\0asm not really";

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn manifest(kind: &str, file: &str) -> String {
    format!(
        "[plugin]\nid = \"fence\"\nversion = \"1.2.0\"\napi = \"autosec:firewall@0.1\"\nkind = \"{kind}\"\n\
         file = \"{file}\"\nsha256 = \"{}\"\n",
        sha256(FILE)
    )
}

impl Folder {
    /// A plugin signed by the key of seed 1.
    fn signed(kind: &str) -> Self {
        let folder = Self::new("artifact");
        let text = manifest(kind, "fence.bin");
        folder.write("plugin.toml", text.as_bytes());
        folder.write("plugin.toml.minisig", Key::new(1).sign(text.as_bytes()).as_bytes());
        folder.write("fence.bin", FILE);
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn open(&self) -> Result<Artifact, ArtifactError> {
        self.open_with(&trusting(1), Checks::default())
    }

    fn open_with(&self, verifier: &dyn Verifier, checks: Checks) -> Result<Artifact, ArtifactError> {
        Artifact::open(&self.0, verifier, &checks)
    }

    fn refusal(&self) -> String {
        self.open().unwrap_err().to_string()
    }
}

fn key(seed: u8) -> TrustedKey {
    TrustedKey::new("vendor", &Key::new(seed).public()).unwrap()
}

fn trusting(seed: u8) -> MinisignVerifier {
    MinisignVerifier::new([key(seed)])
}

fn assert_says(text: &str, words: &str) {
    assert!(text.contains(words), "{text}");
}

#[test]
fn a_signed_folder_opens_with_what_was_signed() {
    let folder = Folder::signed("wasm");
    let artifact = folder.open().unwrap();
    assert_eq!((artifact.manifest().id.as_str(), artifact.bytes()), ("fence", FILE));
    assert_eq!(artifact.signer().name.as_deref(), Some("vendor"));
    // What is on the disk later is of no interest.
    folder.write("fence.bin", b"exchanged");
    assert_eq!(artifact.bytes(), FILE);
}

#[test]
fn a_signature_that_is_not_right_is_refused() {
    let folder = Folder::signed("wasm");
    let text = manifest("wasm", "fence.bin");
    assert!(matches!(
        folder.open_with(&trusting(2), Checks::default()),
        Err(ArtifactError::Signature { source: SignatureError::Stranger, .. })
    ));
    folder.write("plugin.toml", text.replace("1.2.0", "1.2.1").as_bytes());
    assert_says(&folder.refusal(), "does not belong to it: manifest or signature was changed");
    folder.write("plugin.toml", text.as_bytes());
    folder.write("plugin.toml.minisig", b"untrusted comment: x\nAAAA\n");
    assert_says(&folder.refusal(), "its signature cannot be read");
    fs::remove_file(folder.0.join("plugin.toml.minisig")).unwrap();
    assert_says(&folder.refusal(), "it is not signed");
    assert!(folder.open_with(&Unsigned, Checks::default()).is_ok(), "where nobody asks for a signature");
}

#[test]
fn nothing_of_a_manifest_is_read_before_it_is_believed() {
    let folder = Folder::signed("wasm");
    folder.write("plugin.toml", b"this is = no [manifest");
    assert_says(&folder.refusal(), "cannot be trusted");
    let diagnostic = folder.open_with(&Unsigned, Checks::default()).unwrap_err().to_string();
    assert_says(&diagnostic, "P001");
    assert_says(&diagnostic, "plugin.toml:1:");
}

#[test]
fn a_key_signs_its_own_plugins_alone() {
    let folder = Folder::signed("wasm");
    let verifier = MinisignVerifier::new([key(1).for_plugins(["hedge", "fence-*"])]);
    let refusal = folder.open_with(&verifier, Checks::default()).unwrap_err().to_string();
    assert_eq!(refusal, "`vendor` signed plugin `fence`, and is trusted with others only");
    let most = Grant { limits: Limits { http_calls: 1, ..Limits::most() }, ..Grant::nothing() };
    let verifier = MinisignVerifier::new([key(1).for_plugins(["fence"]).with_most(most.clone())]);
    let artifact = folder.open_with(&verifier, Checks::default()).unwrap();
    assert_eq!(artifact.signer().most, Some(most));
}

#[test]
fn a_file_with_another_hash_is_refused() {
    let folder = Folder::signed("wasm");
    let mut other = FILE.to_vec();
    other[3] ^= 1;
    folder.write("fence.bin", &other);
    assert!(matches!(folder.open(), Err(ArtifactError::Hash { .. })));
    assert_says(&folder.refusal(), &sha256(&other));
    folder.write("fence.bin", &FILE[..FILE.len() - 1]);
    assert!(matches!(folder.open(), Err(ArtifactError::Hash { .. })), "truncated");
    fs::remove_file(folder.0.join("fence.bin")).unwrap();
    assert_says(&folder.refusal(), "fence.bin` is not there");
}

#[test]
fn a_file_of_a_gigabyte_is_refused_before_it_is_read() {
    let folder = Folder::signed("wasm");
    for name in ["fence.bin", "plugin.toml", "plugin.toml.minisig"] {
        let folder = Folder::signed("wasm");
        // It takes no room on the disk, and would take it in memory.
        fs::File::create(folder.0.join(name)).unwrap().set_len(1 << 30).unwrap();
        assert_says(&folder.refusal(), "which is the most that is taken");
    }
    let checks = Checks { largest: FILE.len() as u64 - 1, ..Checks::default() };
    assert!(folder.open_with(&trusting(1), checks).is_err());
    let checks = Checks { largest: FILE.len() as u64, ..Checks::default() };
    assert!(folder.open_with(&trusting(1), checks).is_ok());
}

#[test]
fn a_manifest_names_no_file_elsewhere() {
    for file in ["../fence.bin", "/etc/passwd", "a/b", "..", ".fence", "fence\\bin", ""] {
        let folder = Folder::new("artifact");
        folder.write("plugin.toml", manifest("wasm", &file.replace('\\', "\\\\")).as_bytes());
        let refusal = folder.open_with(&Unsigned, Checks::default()).unwrap_err().to_string();
        assert_says(&refusal, "P005");
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_and_things_that_are_no_files_are_refused() {
        for name in ["fence.bin", "plugin.toml", "plugin.toml.minisig"] {
            let folder = Folder::signed("wasm");
            let path = folder.0.join(name);
            fs::rename(&path, folder.0.join("elsewhere")).unwrap();
            symlink("elsewhere", &path).unwrap();
            assert_says(&folder.refusal(), "is a symbolic link");
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
            assert_says(&folder.refusal(), "is no regular file");
            fs::remove_dir(&path).unwrap();
            let made = Command::new("mkfifo").arg(&path).status();
            if made.is_ok_and(|made| made.success()) {
                assert_says(&folder.refusal(), "is no regular file");
            }
        }
    }

    #[test]
    fn a_native_library_is_signed_and_in_nobody_elses_hands() {
        let folder = Folder::signed("native");
        let path = folder.0.join("fence.bin");
        fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(folder.open().is_ok());
        let unsigned = folder.open_with(&Unsigned, Checks::default()).unwrap_err().to_string();
        assert_says(&unsigned, "nobody signed");
        for mode in [0o664, 0o646] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_says(&folder.refusal(), "can be written by others");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(&folder.0, Permissions::from_mode(0o777)).unwrap();
        assert_says(&folder.refusal(), "can be written by others");
        let any = Checks { any_library: true, ..Checks::default() };
        assert!(folder.open_with(&Unsigned, any).is_ok(), "where the host takes any library");
        if fs::metadata(&path).unwrap().uid() != 0 {
            println!("skipped: a library of another user, which only root can make");
            return;
        }
        fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
        assert_says(&folder.refusal(), "belongs to user 12345");
    }

    #[test]
    fn a_library_is_loaded_from_a_folder_of_the_host() {
        let folder = Folder::signed("native");
        fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.0.join("fence.bin"), Permissions::from_mode(0o644)).unwrap();
        let artifact = folder.open().unwrap();
        let own = folder.0.join("own");
        let placed = artifact.place(&own).unwrap();
        assert_eq!(fs::read(&placed).unwrap(), FILE);
        assert!(placed.starts_with(&own) && placed.to_string_lossy().contains(&sha256(FILE)));
        assert_eq!(fs::metadata(&own).unwrap().mode() & 0o777, 0o700);
        // A link that waits in the place of the library is replaced, not written through.
        fs::remove_file(&placed).unwrap();
        folder.write("victim", b"victim");
        symlink(folder.0.join("victim"), &placed).unwrap();
        assert_eq!(fs::read(artifact.place(&own).unwrap()).unwrap(), FILE);
        assert_eq!(fs::read(folder.0.join("victim")).unwrap(), b"victim");
    }
}

/// What we sign is what the program `minisign` signs, in both directions.
#[test]
fn the_real_program_agrees() {
    let folder = Folder::signed("wasm");
    let run = |arguments: &[&str]| Command::new("minisign").args(arguments).current_dir(&folder.0).output();
    if run(&["-v"]).is_err() {
        println!("skipped: `minisign` is not installed");
        return;
    }
    let public = Key::new(1).public();
    let checked = run(&["-V", "-P", &public, "-m", "plugin.toml"]).unwrap();
    assert!(checked.status.success(), "{checked:?}");

    let made = run(&["-G", "-W", "-p", "own.pub", "-s", "own.key"]).unwrap();
    assert!(made.status.success(), "{made:?}");
    let signed = run(&["-S", "-s", "own.key", "-m", "plugin.toml", "-x", "plugin.toml.minisig"]).unwrap();
    assert!(signed.status.success(), "{signed:?}");
    let public = fs::read_to_string(folder.0.join("own.pub")).unwrap();
    let verifier = MinisignVerifier::new([TrustedKey::new("author", &public).unwrap()]);
    let artifact = folder.open_with(&verifier, Checks::default()).unwrap();
    assert_eq!(artifact.signer().name.as_deref(), Some("author"));
    assert_says(&folder.refusal(), "a key that is not trusted");
}

#[test]
fn errors_name_the_place() {
    let missing = Artifact::open(Path::new("/nonexistent/fence"), &Unsigned, &Checks::default());
    assert_eq!(missing.unwrap_err().to_string(), "`/nonexistent/fence/plugin.toml` is not there");
}
