//! The rules and events beside the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Rules and events as texts.
#[derive(Debug)]
pub(super) struct Corpus {
    /// Name and text of each file.
    pub(super) rules: Vec<(String, String)>,
    /// Events as JSON.
    pub(super) events: Vec<String>,
}

impl Corpus {
    pub(super) fn read() -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
        let file = folder.join("events/windows-otrf-2000.jsonl");
        let events = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", shown(&file)))?;
        Ok(Self { rules: rules()?, events: events.lines().map(str::to_owned).collect() })
    }
}

/// Name and text of each rule file, in the order of their paths.
pub(super) fn rules() -> Result<Vec<(String, String)>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/sigma/rules");
    let mut paths = Vec::new();
    gather(&folder, &mut paths).map_err(|error| format!("{}: {error}", shown(&folder)))?;
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::read_to_string(&path)
            .map(|text| (name, text))
            .map_err(|error| format!("{}: {error}", shown(&path)))
    };
    paths.into_iter().map(read).collect()
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, paths)?;
        } else if path.extension().is_some_and(|held| held == "yml") {
            paths.push(path);
        }
    }
    Ok(())
}

/// The part of the path below the folder of the corpora.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.rsplit_once("shared/corpora/").map_or(text.as_ref(), |(_, below)| below).to_owned()
}
