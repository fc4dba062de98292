//! The example of plugins as its user meets it.

use std::path::Path;
use std::process::Command;

#[test]
fn the_example_shows_what_plugins_may_do_and_what_they_may_not() {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap();
    let program = built.join("examples").join(format!("plugins{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is absent: build it by `cargo build --example plugins`, as `cargo test` does without `--test`",
        program.display()
    );
    let output = Command::new(program).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    for line in out.lines() {
        assert!(line.chars().count() <= 100 && !line.contains(char::is_control), "{line:?}");
    }
    let expected = [
        "  fixture    0.1.0 wasm  ready",
        "             asks for    GET {config.url} /hello: it greets its device",
        "  tampered               refused: `",
        "`/url`: it must be of type string",
        "it would be blocked",
        "is on the device",
        "the host denied the plugin",
        "GET /hello HTTP/1.1",
        "the plugin broke off",
        "did not answer within 500ms",
        "2 requests were denied",
    ];
    // Columns wrap where they must.
    let flat = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in expected {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&part), "`{part}` is not in\n{out}");
    }
    assert!(!flat.contains("GET /admin HTTP"), "what was denied did not go out\n{out}");
}
