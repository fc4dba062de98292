use std::path::PathBuf;

use crate::error::Error;

/// What is to be built, and where to.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Request {
    /// The folder of the plugin's `Cargo.toml`.
    pub(crate) plugin: PathBuf,
    /// The file that the component becomes; `plugin.wasm` in the plugin's folder by default.
    pub(crate) out: PathBuf,
}

impl Request {
    /// Reads `PLUGIN [--out FILE]`.
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, Error> {
        let (mut plugin, mut out) = (None, None);
        while let Some(argument) = arguments.next() {
            let place = if argument == "--out" { &mut out } else { &mut plugin };
            let value = if argument == "--out" { arguments.next() } else { Some(argument) };
            let value = value.filter(|value| !value.starts_with('-')).ok_or(Error::Usage)?;
            if place.replace(PathBuf::from(value)).is_some() {
                return Err(Error::Usage);
            }
        }
        let plugin = plugin.ok_or(Error::Usage)?;
        let out = out.unwrap_or_else(|| plugin.join("plugin.wasm"));
        Ok(Self { plugin, out })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Request, Error> {
        Request::from_arguments(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_a_folder_and_a_file() {
        let both = Request { plugin: "a".into(), out: "b.wasm".into() };
        assert_eq!(read("a --out b.wasm").unwrap(), both);
        assert_eq!(read("--out b.wasm a").unwrap(), both);
        assert_eq!(read("a").unwrap().out, PathBuf::from("a/plugin.wasm"));
    }

    #[test]
    fn refuses_anything_else() {
        for words in ["", "a b", "a --out", "a --out --out", "--help", "a --out b --out c"] {
            assert!(matches!(read(words), Err(Error::Usage)), "{words}");
        }
    }
}
