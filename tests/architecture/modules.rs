//! Every file of a crate is named by a `mod` declaration. One that is not is never compiled, so whatever it tests or does
//! looks done and is not.

use super::source::{Source, split_word, words};

/// The files a crate begins with.
const ROOTS: &[&str] = &["lib.rs", "main.rs"];

/// Every file that no other names.
pub fn violations(sources: &[Source<'_>]) -> Vec<String> {
    let orphans = sources.iter().filter(|source| is_part(source.path, sources));
    let orphans = orphans.filter(|source| {
        let (folder, name) = module(source.path);
        !holders(folder, sources).any(|holder| declares(holder, name))
    });
    orphans
        .map(|source| {
            let (_, name) = module(source.path);
            format!("{}: no `mod {name};` names this file, so it is never compiled", source.path)
        })
        .collect()
}

/// Whether the file belongs to a crate whose first file is at hand, and is not that one.
fn is_part(path: &str, sources: &[Source<'_>]) -> bool {
    let Some(folder) = crate_folder(path) else { return false };
    let roots = ROOTS.iter().map(|root| format!("{folder}{root}")).collect::<Vec<_>>();
    let rooted = sources.iter().any(|source| roots.iter().any(|root| root == source.path));
    rooted && !roots.iter().any(|root| root == path) && !path[folder.len()..].starts_with("bin/")
}

/// The `src` of a package, or the integration tests, up to and with the slash.
fn crate_folder(path: &str) -> Option<&str> {
    if path.starts_with("tests/") {
        return path.get(.."tests/".len());
    }
    let src = path.find("/src/")?;
    path.get(..src + "/src/".len())
}

/// The folder of the file that must declare this one, with the slash, and the module's name.
fn module(path: &str) -> (&str, &str) {
    let stem = path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs")).unwrap_or(path);
    stem.split_at(stem.rfind('/').map_or(0, |slash| slash + 1))
}

/// The files that may declare what is in `folder`.
fn holders<'s, 'a>(folder: &'s str, sources: &'s [Source<'a>]) -> impl Iterator<Item = &'s Source<'a>> {
    sources.iter().filter(move |source| {
        let name = source.path.strip_prefix(folder);
        name.is_some_and(|name| name == "mod.rs" || ROOTS.contains(&name))
    })
}

fn declares(holder: &Source<'_>, name: &str) -> bool {
    words(&holder.code, "mod").any(|at| {
        let (word, after) = split_word(holder.code[at + "mod".len()..].trim_start());
        word == name && after.trim_start().starts_with(';')
    })
}

mod tests {
    use super::super::violations;

    const ROOT: (&str, &str) =
        ("autosec-ml/src/lib.rs", "#![forbid(unsafe_code)]\nmod kept;\npub mod folder;\n");

    fn orphans(files: &[(&str, &str)]) -> Vec<String> {
        let found = violations(files).into_iter();
        found.filter(|breach| breach.contains("names this file")).collect()
    }

    #[test]
    fn refuses_a_file_that_no_module_names() {
        let orphan = |path, text| orphans(&[ROOT, ("autosec-ml/src/folder/mod.rs", text), (path, "")]);
        for (path, text) in [
            ("autosec-ml/src/lost.rs", ""),
            ("autosec-ml/src/lost/mod.rs", ""),
            ("autosec-ml/src/folder/lost.rs", "// mod lost;\nmod lost_too;\nmod kept { mod loster; }"),
            ("autosec-ml/src/folder/kept.rs", "const A: &str = \"mod kept;\";"),
            ("autosec-ml/src/none/kept.rs", "mod kept;"),
        ] {
            let found = orphan(path, text);
            assert!(found.iter().any(|breach| breach.starts_with(path)), "{path}: {found:?}");
        }
        let tests = orphans(&[("tests/main.rs", "mod a;"), ("tests/a.rs", ""), ("tests/b.rs", "")]);
        assert_eq!(tests, ["tests/b.rs: no `mod b;` names this file, so it is never compiled"]);
    }

    #[test]
    fn keeps_files_that_modules_name() {
        let kept = [
            ROOT,
            ("autosec-ml/src/kept.rs", ""),
            ("autosec-ml/src/folder/mod.rs", "pub(crate) mod inside;\n#[cfg(test)]\nmod oracle;"),
            ("autosec-ml/src/folder/inside/mod.rs", ""),
            ("autosec-ml/src/folder/oracle.rs", ""),
            ("autosec-ml/src/bin/tool.rs", ""),
            ("autosec-py/src/alone.rs", ""),
        ];
        assert_eq!(orphans(&kept), [""; 0]);
    }
}
