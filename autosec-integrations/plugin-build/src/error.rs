use std::path::{Path, PathBuf};

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "usage: autosec-plugin-build PLUGIN [--out FILE], where PLUGIN is the folder of the plugin's `Cargo.toml`; \
         or autosec-plugin-build all [--out FOLDER]"
    )]
    Usage,
    #[error(
        "nothing here compiles to WebAssembly, so what is built already stays as it is: \
         run `rustup target add wasm32-unknown-unknown`, or install Debian's `rustc-web`, `cargo-web` and `rust-web-src`"
    )]
    NoToolchain,
    #[error("`{}` did not run: {why}", program.display())]
    Run { program: PathBuf, why: String },
    #[error("`{}`: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error(
        "the package has no library with `crate-type = [\"cdylib\"]`, which is what becomes the component"
    )]
    NoLibrary,
    #[error("`{}` has no line `{key} = \"…\"`", path.display())]
    Manifest { path: PathBuf, key: &'static str },
    #[error("the module is no plugin: {0}")]
    Component(String),
}

impl Error {
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), why: error.to_string() }
    }

    /// What the program exits with: 2 for wrong arguments, 3 where there is no compiler, 1 for what failed.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::NoToolchain => 3,
            _ => 1,
        }
    }
}
