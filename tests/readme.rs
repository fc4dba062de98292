//! The README shows what runs: its quickstart is the example's, its commands are those of the CI script.

const README: &str = include_str!("../README.md");
const QUICKSTART: &str = include_str!("../examples/quickstart.rs");
const CI: &str = include_str!("../.ci/run");

#[test]
fn the_quickstart_is_the_example_word_for_word() {
    let shown = block(README, "rust").expect("README.md has no rust block");
    let run = marked(QUICKSTART).expect("examples/quickstart.rs lacks its marks");
    assert_eq!(shown, run, "README.md and examples/quickstart.rs differ");
}

#[test]
fn the_commands_are_those_the_ci_runs() {
    let commands = block(README, "sh").expect("README.md has no sh block");
    assert_eq!(commands.len(), 2, "README.md gives one command to run and one to test: {commands:?}");
    assert!(commands[0].starts_with("cargo run "), "the first command runs the quickstart: {commands:?}");
    assert_eq!(commands[1], "cargo test --workspace --all-features");
    for command in commands {
        assert!(has_line(CI, &command), "`.ci/run` has no line `{command}`");
    }
}

#[test]
fn the_rule_is_one() {
    use autosec_core::event::Schema;
    use autosec_core::rule::RuleSet;

    let rule = block(README, "yaml").expect("README.md has no yaml block").join("\n");
    let rules = RuleSet::builder(&Schema::ecs()).source("README.md", rule).build();
    assert_eq!(rules.unwrap_or_else(|errors| panic!("{errors}")).rules().count(), 1);
}

/// The lines of the first block that is fenced as `language`. A line end of two characters is as good as one.
fn block(text: &str, language: &str) -> Option<Vec<String>> {
    let fence = format!("```{language}");
    let mut lines = text.lines().skip_while(|line| line.trim_end() != fence);
    lines.next()?;
    let inside: Vec<&str> = lines.by_ref().take_while(|line| line.trim_end() != "```").collect();
    Some(dedented(&inside))
}

/// The lines between the marks, which hold what the README shows.
fn marked(text: &str) -> Option<Vec<String>> {
    let mut lines = text.lines().skip_while(|line| line.trim() != "// README: begin");
    lines.next()?;
    let inside: Vec<&str> = lines.collect();
    let end = inside.iter().position(|line| line.trim() == "// README: end")?;
    Some(dedented(&inside[..end]))
}

/// The lines without the indentation that all of them have, and without spaces at their ends.
fn dedented(lines: &[&str]) -> Vec<String> {
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let common = filled.map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
    lines.iter().map(|line| line.get(common..).unwrap_or_default().trim_end().to_owned()).collect()
}

fn has_line(script: &str, command: &str) -> bool {
    script.lines().any(|line| line.trim() == command)
}

mod tests {
    use super::*;

    #[test]
    fn reads_a_block_and_marked_lines_alike() {
        let readme = "# A\r\n```sh\r\na\r\nb\r\n```\r\n```rust\r\nif c {\r\n\r\n    d\r\n}\r\n```\r\n";
        let example =
            "fn main() {\n    // README: begin\n    if c {\n\n        d\n    }\n    // README: end\n}\n";
        assert_eq!(block(readme, "rust"), marked(example));
        assert_eq!(block(readme, "sh").unwrap(), ["a", "b"]);
        assert_ne!(block(&readme.replace('d', "e"), "rust"), marked(example));
        assert_eq!(block(readme, "python"), None);
        assert_eq!(marked("// README: begin\na"), None);
    }

    #[test]
    fn finds_whole_lines_alone() {
        assert!(has_line("a\n  cargo test --workspace\n", "cargo test --workspace"));
        assert!(!has_line(
            "cargo test --workspace --no-run\n# cargo test --workspace\n",
            "cargo test --workspace"
        ));
    }
}
