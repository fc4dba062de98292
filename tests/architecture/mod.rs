//! The shape of the house, held: who imports whom, which files belong, how large files and functions are, what code does not do.
//!
//! One function, `violations`, looks at the real tree and at small made-up ones: so it is shown that it can fail.

mod conduct;
mod crates;
mod layers;
mod modules;
mod sizes;
mod source;

use std::fs;
use std::io::Write;
use std::path::Path;

use source::Source;

/// Every breach of the house rules in files given by path and text.
fn violations(files: &[(&str, &str)]) -> Vec<String> {
    let sources = sources(files);
    let manifests = files.iter().flat_map(|(path, text)| crates::violations(path, text));
    let checks = [layers::violations, modules::violations, sizes::violations, conduct::violations];
    manifests.chain(checks.iter().flat_map(|check| check(&sources))).collect()
}

fn sources<'a>(files: &[(&'a str, &'a str)]) -> Vec<Source<'a>> {
    let rust = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    rust.map(|(path, text)| Source::new(path, text)).collect()
}

/// The Rust files and manifests of the repository, by path from its root.
fn tree() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(root, root, &mut files);
    files.sort_unstable();
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() {
            // Hidden folders and build output hold nothing that is ours.
            if !name.starts_with('.') && name != "target" {
                collect(root, &path, files);
            }
        } else if name.ends_with(".rs") || name == "Cargo.toml" {
            let inside = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            files.push((inside, fs::read_to_string(&path).unwrap()));
        }
    }
}

mod tests {
    use super::*;

    #[test]
    fn the_tree_keeps_the_house_rules() {
        let tree = tree();
        let files: Vec<(&str, &str)> =
            tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let found = violations(&files);
        assert!(found.is_empty(), "{} breaches\n{}", found.len(), found.join("\n"));
    }

    #[test]
    fn the_tree_is_measured() {
        let tree = tree();
        let files: Vec<(&str, &str)> =
            tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        for expected in ["Cargo.toml", "autosec-core/Cargo.toml", "autosec-core/src/lib.rs", "tests/main.rs"]
        {
            assert!(files.iter().any(|(path, _)| *path == expected), "`{expected}` was not read");
        }
        // Written past the harness, which keeps what passing tests print: the bars are wanted on every run.
        let report = sizes::report(&sources(&files));
        std::io::stdout().write_all(format!("\n{report}").as_bytes()).unwrap();
        assert_eq!(report.lines().count(), 6);
    }

    /// The breaches in one file, which is given as many lines of comments as it has lines of its own.
    fn breaches(path: &str, text: &str) -> Vec<String> {
        let comments =
            if path.ends_with(".rs") { "//! Words.\n".repeat(text.lines().count()) } else { String::new() };
        violations(&[(path, &format!("{comments}{text}"))])
    }

    pub fn assert_found(path: &str, text: &str, what: &str) {
        let found = breaches(path, text);
        assert!(
            found.iter().any(|breach| breach.contains(what)),
            "`{what}` is not among {found:?} of\n{text}"
        );
    }

    pub fn assert_clean(path: &str, text: &str) {
        let found = breaches(path, text);
        assert!(found.is_empty(), "{found:?} in\n{text}");
    }
}
