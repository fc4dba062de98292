//! Where rules come from: texts, files, and folders of files.

use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use autosec_core::rule::RuleSetBuilder;

use crate::patience::Patience;

/// What a file of rules is called.
const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "toml"];

/// The largest source there can be, and one byte more, so that the rule engine says what is wrong.
const LARGEST: u64 = (1 << 20) + 1;

/// The most files of a folder, and the most folders within each other.
const MOST_FILES: usize = 200_000;
const DEEPEST: usize = 32;

/// A text of rules and what it is called in errors.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
    /// Adds the rules to a set, as what they look like.
    pub(super) fn add<'s>(self, builder: RuleSetBuilder<'s>) -> RuleSetBuilder<'s> {
        if self.is_sigma() {
            builder.sigma(self.name, self.text)
        } else {
            builder.source(self.name, self.text)
        }
    }

    /// Whether a document has the part that makes it Sigma's: native rules have no such key, and are mostly a list.
    fn is_sigma(&self) -> bool {
        let own = ["detection:", "correlation:", "filter:", "logsource:"];
        self.text.lines().any(|line| own.iter().any(|key| line.starts_with(key)))
    }
}

/// The sources at a path: a file, or the files of a folder and the folders in it, in the order of their names.
///
/// # Errors
/// The path cannot be read, a file is not UTF-8, there are too many, or the host lost its patience.
pub(super) fn at(path: &Path, patience: &Patience) -> io::Result<Vec<Source>> {
    let mut files = Vec::new();
    if path.is_dir() {
        collect(path, &mut files, 0)?
    } else {
        files.push(path.to_owned())
    }
    let each = |file: &PathBuf| match patience.go_on() {
        ControlFlow::Continue(()) => read(file),
        ControlFlow::Break(()) => Err(io::Error::other("the rules are no longer wanted")),
    };
    files.iter().map(each).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> io::Result<()> {
    if depth > DEEPEST || files.len() > MOST_FILES {
        let message = format!("`{}`: too many files or folders within each other", folder.display());
        return Err(io::Error::other(message));
    }
    let entries = fs::read_dir(folder).map_err(|error| placed(folder, &error))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(&path, files, depth + 1)?;
        } else if ENDINGS.contains(&ending) {
            files.push(path);
        }
    }
    Ok(())
}

/// A file as a source, as far as one may be long.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub(super) fn read(file: &Path) -> io::Result<Source> {
    let mut text = String::new();
    let opened = fs::File::open(file).and_then(|opened| opened.take(LARGEST).read_to_string(&mut text));
    opened.map_err(|error| placed(file, &error))?;
    Ok(Source { name: file.display().to_string(), text })
}

fn placed(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}
