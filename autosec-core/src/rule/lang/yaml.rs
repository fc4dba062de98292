//! Reading a value from a YAML or JSON document, for settings; rules are taken apart first (`rule::set`).

use serde::de::DeserializeOwned;

use super::diagnostic::Diagnostic;
use super::issue::{Code, Issue};
use super::tree::yaml::{self, Limit};
use super::tree::{Node, read};

/// The largest source, in bytes.
pub(crate) const SOURCE_LIMIT: usize = 1 << 20;

/// More than 1 MiB can hold except by aliases.
pub(crate) const LIMIT: Limit = Limit { nodes: 1_000_000, code: Code::NotYaml };

/// That a source is larger than [`SOURCE_LIMIT`], if it is.
pub(crate) fn too_large(name: &str, text: &str) -> Option<Diagnostic> {
    (text.len() > SOURCE_LIMIT).then(|| {
        let title = format!("the source is {} bytes long, and the limit is {SOURCE_LIMIT}", text.len());
        Diagnostic::new(Code::LargeSource, title, name).help("split it into several sources")
    })
}

/// Reads a value from YAML or JSON; an empty source gives the default. `hint` helps with a key that is missing.
pub(crate) fn value<T: Default + DeserializeOwned>(
    name: &str,
    text: &str,
    hint: fn(&str) -> &'static str,
) -> Result<T, Diagnostic> {
    if let Some(diagnostic) = too_large(name, text) {
        return Err(diagnostic);
    }
    let (documents, issues) = yaml::documents(text, LIMIT);
    let result = match (issues.into_iter().next(), documents.as_slice()) {
        (Some(issue), _) => Err(issue),
        (None, []) => Ok(T::default()),
        (None, [document]) => read::value(document, hint),
        (None, [_, second, ..]) => Err(several(second)),
    };
    result.map_err(|issue| Diagnostic::placed(issue, name, text))
}

fn several(second: &Node<'_>) -> Issue {
    Issue::new(Code::NotYaml, "more than one document", second.span.clone(), "the second begins here")
}
