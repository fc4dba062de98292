//! The examples as their users meet them: the built program, its output and its exit code.

use std::path::Path;
use std::process::{Command, Output};

/// The program of an example; `cargo test` builds it beside the tests.
pub fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap();
    let program = built.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is absent: build it by `cargo build --example {name}`, as `cargo test` does without `--test`",
        program.display()
    );
    Command::new(program)
}

/// The exit code, what is printed, and what is complained of; what is printed fits a terminal and does nothing to it.
pub fn said(output: Output) -> (i32, String, String) {
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    for line in out.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code().unwrap(), out, err)
}
