use std::path::PathBuf;

use crate::error::Error;

/// What is to be built, and where to.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Request {
    /// Every plugin of `examples/plugins`.
    All {
        /// The folder they go into; `examples/plugins/prebuilt` by default.
        out: Option<PathBuf>,
    },
    /// One plugin.
    One {
        /// The folder of its `Cargo.toml`.
        plugin: PathBuf,
        /// The file that the component becomes; `plugin.wasm` in the plugin's folder by default.
        out: PathBuf,
    },
}

impl Request {
    /// Reads `PLUGIN [--out FILE]`, or `all [--out FOLDER]`.
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
        match (plugin, out) {
            (Some(plugin), out) if plugin.as_os_str() == "all" => Ok(Self::All { out }),
            (Some(plugin), out) => {
                Ok(Self::One { out: out.unwrap_or_else(|| plugin.join("plugin.wasm")), plugin })
            }
            (None, _) => Err(Error::Usage),
        }
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
        let both = Request::One { plugin: "a".into(), out: "b.wasm".into() };
        assert_eq!(read("a --out b.wasm").unwrap(), both);
        assert_eq!(read("--out b.wasm a").unwrap(), both);
        let one = Request::One { plugin: "a".into(), out: "a/plugin.wasm".into() };
        assert_eq!(read("a").unwrap(), one);
        assert_eq!(read("all").unwrap(), Request::All { out: None });
        assert_eq!(read("all --out b").unwrap(), Request::All { out: Some("b".into()) });
    }

    #[test]
    fn refuses_anything_else() {
        for words in ["", "a b", "a --out", "a --out --out", "--help", "a --out b --out c"] {
            assert!(matches!(read(words), Err(Error::Usage)), "{words}");
        }
    }
}
