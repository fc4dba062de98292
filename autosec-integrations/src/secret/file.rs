use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use secrecy::SecretString;

use super::{SECRET_LIMIT, SecretSource, checked, missing};

/// Secrets in files of one directory, each named like its secret: what container platforms and service managers mount.
///
/// A line end at the end of a file does not belong to the secret. A file is read in the calling thread: keep the directory on
/// a local disk or in memory, not where a server may hang.
#[derive(Clone, Debug)]
pub struct FileSecrets {
    directory: PathBuf,
}

impl FileSecrets {
    /// Those in this directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }
}

#[async_trait]
impl SecretSource for FileSecrets {
    async fn secret(&self, name: &str) -> io::Result<SecretString> {
        let mut parts = Path::new(name).components();
        let (Some(Component::Normal(_)), None) = (parts.next(), parts.next()) else {
            return Err(missing(name, "a secret in a file has the file's name, without a folder"));
        };
        match read(&self.directory.join(name)) {
            Ok(value) => checked(name, value),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(missing(name, &format!("there is no such file in `{}`", self.directory.display())))
            }
            Err(error) => {
                Err(io::Error::new(error.kind(), format!("the secret `{name}` cannot be read: {error}")))
            }
        }
    }
}

/// A file's content, one byte beyond the limit at most.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    File::open(path)?.take(SECRET_LIMIT as u64 + 1).read_to_end(&mut value)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn reads_files_of_its_directory_alone() {
        let directory = std::env::temp_dir().join(format!("autosec-secrets-{}", std::process::id()));
        fs::create_dir_all(directory.join("inner")).unwrap();
        fs::write(directory.join("edge-key"), "LUFRPT1\n").unwrap();
        fs::write(directory.join("empty"), "\n").unwrap();
        fs::write(directory.join("binary"), [0xff, 0xfe]).unwrap();
        fs::write(directory.join("inner/key"), "inner").unwrap();
        let secrets = FileSecrets::new(&directory);
        assert_eq!(secrets.secret("edge-key").await.unwrap().expose_secret(), "LUFRPT1");
        for (name, kind) in [
            ("none", io::ErrorKind::NotFound),
            ("inner/key", io::ErrorKind::NotFound),
            ("../edge-key", io::ErrorKind::NotFound),
            ("empty", io::ErrorKind::InvalidData),
            ("binary", io::ErrorKind::InvalidData),
        ] {
            assert_eq!(secrets.secret(name).await.unwrap_err().kind(), kind, "{name}");
        }
        fs::remove_dir_all(&directory).unwrap();
    }
}
