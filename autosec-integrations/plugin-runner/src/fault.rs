//! What goes wrong with a foreign library.

use std::io;
use std::path::PathBuf;

/// A file that is not opened as a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Read {
        /// Of the file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no library of this platform, or a part of one.
    #[error("`{}` is no whole library: {why}", path.display())]
    Image {
        /// Of the file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system's loader refuses it.
    #[error("`{}` cannot be loaded: {why}", path.display())]
    Load {
        /// Of the file.
        path: PathBuf,
        /// In the loader's words.
        why: String,
    },
    /// It is a library, and no plugin that this host can use.
    #[error("`{}` is no plugin: it {why}", path.display())]
    NoPlugin {
        /// Of the file.
        path: PathBuf,
        /// What it has or lacks.
        why: String,
    },
}

/// A call that was not answered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The plugin panicked and caught it itself; it is of no use any more.
    #[error("it panicked: {0}")]
    Panic(String),
    /// The answer is too large.
    #[error("its answer is larger than {limit} bytes")]
    Large {
        /// In bytes.
        limit: usize,
    },
    /// It answered with this number of [`abi::code`](crate::abi::code), or with one that is none.
    #[error("it answered with code {0}")]
    Code(i32),
}
