//! Texts that people read, held as files: `AUTOSEC_BLESS=1` writes what a test sees.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether `seen` is what the file holds; what differs if it does not.
pub fn differs(golden: &Path, seen: &str) -> Option<String> {
    if std::env::var_os("AUTOSEC_BLESS").is_some() {
        fs::write(golden, seen).unwrap();
    }
    let recorded = fs::read_to_string(golden).unwrap_or_else(|_| format!("{} is missing", golden.display()));
    (seen != recorded).then(|| format!("{}\n--- recorded\n{recorded}\n--- seen\n{seen}", golden.display()))
}

/// The files with an ending in a folder of `tests/data`, in order.
pub fn cases(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    cases.sort();
    cases
}

/// Renders each case and compares it with the file of the same name that ends in `txt`.
pub fn assert_rendered(cases: &[PathBuf], render: impl Fn(&str, &str) -> String) {
    let differs = |case: &PathBuf| {
        let name = case.file_name().unwrap().to_str().unwrap();
        let seen = format!("{}\n", render(name, &fs::read_to_string(case).unwrap()));
        differs(&case.with_extension("txt"), &seen)
    };
    let wrong: Vec<String> = cases.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
