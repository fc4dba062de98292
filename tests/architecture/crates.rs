//! Crates depend downwards, and the workspace has the members the design names.

use super::source::line;

/// Every member the workspace may have.
pub const MEMBERS: &[&str] = &[
    "autosec-core",
    "autosec-integrations",
    "autosec-integrations/plugin-build",
    "autosec-integrations/plugin-runner",
    "autosec-integrations/plugin-sdk",
    "autosec-ml",
    "autosec-py",
    "examples",
];

/// What each manifest must not name, as a dependency of any kind.
const STRANGERS: &[(&str, &[&str])] = &[
    ("autosec-core", &["autosec", "autosec-integrations", "autosec-ml", "autosec-plugin-sdk", "autosec-py"]),
    ("autosec-integrations", &["autosec", "autosec-ml", "autosec-py"]),
    ("autosec-ml", &["autosec", "autosec-integrations", "autosec-plugin-sdk", "autosec-py"]),
];

/// Every dependency that points upwards or sideways, and every undocumented member.
pub fn violations(path: &str, manifest: &str) -> Vec<String> {
    let member = path.strip_suffix("/Cargo.toml").unwrap_or_default();
    let strangers = STRANGERS.iter().filter(|(name, _)| *name == member).flat_map(|(_, names)| *names);
    let mut found: Vec<String> = strangers
        .flat_map(|stranger| mentions(manifest, stranger).map(move |at| (at, *stranger)))
        .map(|(at, stranger)| format!("{path}:{}: `{member}` depends on `{stranger}`", line(manifest, at)))
        .collect();
    if path == "Cargo.toml" {
        let unknown = members(manifest).into_iter().filter(|name| !MEMBERS.contains(name));
        found.extend(unknown.map(|name| {
            format!("{path}: `{name}` is no member the design names: tests/architecture/crates.rs lists them")
        }));
    }
    found
}

/// Where `name` stands as a key, a table's last part or a renamed package.
fn mentions<'m>(manifest: &'m str, name: &'m str) -> impl Iterator<Item = usize> + 'm {
    let is_name = |character: char| character.is_alphanumeric() || "-_/".contains(character);
    manifest.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let head = manifest[..*at].rsplit('\n').next().unwrap_or_default();
        let before = head.chars().next_back();
        let after = manifest[at + name.len()..].chars().next();
        let whole = !before.is_some_and(is_name) && !after.is_some_and(is_name);
        let own = ["#", "name", "description", "repository", "documentation", "path"];
        whole && !own.iter().any(|word| head.trim_start().starts_with(word))
    })
}

/// What `members = […]` lists.
fn members(manifest: &str) -> Vec<&str> {
    let list = manifest.lines().position(|line| line.trim_start().starts_with("members"));
    let from =
        list.map_or(manifest.len(), |index| manifest.lines().take(index).map(|line| line.len() + 1).sum());
    let list = manifest[from..].split_once(']').map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).collect()
}

mod tests {
    use super::super::tests::{assert_clean, assert_found};

    #[test]
    fn refuses_dependencies_between_siblings_and_upwards() {
        let refused = [
            (
                "autosec-core",
                "[dependencies]\nautosec-ml.workspace = true",
                "`autosec-core` depends on `autosec-ml`",
            ),
            (
                "autosec-core",
                "[dev-dependencies]\nautosec-integrations = { path = \"..\" }",
                "Cargo.toml:2: ",
            ),
            ("autosec-ml", "[dependencies.autosec-integrations]\n", "`autosec-ml` depends on"),
            (
                "autosec-ml",
                "[dependencies]\nx = { package = \"autosec-integrations\" }",
                "`autosec-ml` depends on",
            ),
            ("autosec-integrations", "[features]\nml = [\"dep:autosec-ml\"]", "depends on `autosec-ml`"),
        ];
        for (member, manifest, what) in refused {
            assert_found(&format!("{member}/Cargo.toml"), manifest, what);
        }
    }

    #[test]
    fn refuses_members_nobody_named() {
        let manifest = "[workspace]\nmembers = [\n    \"autosec-core\",\n    \"autosec-cloud\",\n]\nexclude = [\"fuzz\"]";
        assert_found("Cargo.toml", manifest, "`autosec-cloud` is no member");
    }

    #[test]
    fn accepts_the_documented_shape() {
        let core = "[package]\nname = \"autosec-core\"\n[features]\nautosec-core = []\n";
        assert_clean("autosec-core/Cargo.toml", core);
        assert_clean("autosec-ml/Cargo.toml", "[dependencies]\nautosec-core.workspace = true\n");
        assert_clean(
            "Cargo.toml",
            "[workspace]\nmembers = [\"autosec-core\", \"autosec-ml\"]\nexclude = [\"fuzz\"]",
        );
    }
}
