use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

/// The first line of a file of ours.
const HEADER: &str = "# Written by AutoSec; changes are lost.";

/// What the file holds, and its bytes as they stand there; both empty of a file that does not exist.
pub(super) fn read(path: &Path) -> io::Result<(BTreeSet<IpNet>, String)> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let held = entries(&text).map_err(|line| {
                let line: String = line.chars().take(80).collect();
                io::Error::other(format!("`{line}` is no line of AutoSec's; give it a file of its own"))
            })?;
            Ok((held, text))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Default::default()),
        Err(error) => Err(error),
    }
}

/// The file for these entries.
pub(super) fn render(held: &BTreeSet<IpNet>) -> String {
    let mut text = format!("{HEADER}\n");
    for target in held {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{target} 1;");
    }
    text
}

/// Writes the file so that it is whole at any time.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

fn entries(text: &str) -> Result<BTreeSet<IpNet>, &str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entry = |line: &str| line.strip_suffix(" 1;")?.parse().ok();
    lines.map(|line| entry(line).ok_or(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote_and_nothing_else() {
        let held: BTreeSet<IpNet> =
            ["192.0.2.1/32", "198.51.100.0/24", "2001:db8::/64"].map(|net| net.parse().unwrap()).into();
        let text = render(&held);
        assert_eq!(text, format!("{HEADER}\n192.0.2.1/32 1;\n198.51.100.0/24 1;\n2001:db8::/64 1;\n"));
        assert_eq!(entries(&text), Ok(held));
        assert_eq!(entries("192.0.2.1/32 2;"), Err("192.0.2.1/32 2;"));
    }
}
