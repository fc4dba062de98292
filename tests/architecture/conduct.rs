//! What code of this house does not do: unsafe blocks at large, the wall clock, skipped tests, unfinished code, errors
//! that shout.

use super::source::{Source, words};

/// The only files that may hold the word `unsafe`.
const UNSAFE: &[&str] = &[
    "autosec-integrations/plugin-runner/src/descriptor.rs",
    "autosec-integrations/plugin-runner/src/library.rs",
    "autosec-integrations/plugin-sdk/src/native.rs",
    "autosec-integrations/src/firewall/netlink/socket.rs",
    "autosec-integrations/src/plugin/wasm/cache/compiled.rs",
    "autosec-py/src/arrow/import.rs",
    "benches/peers/src/heap.rs",
    "benches/support/extism/library.rs",
];

/// The crates that forbid it for themselves.
const FORBID_UNSAFE: &[&str] = &["autosec-core/src/lib.rs", "autosec-ml/src/lib.rs"];

/// Where core may ask what time it is.
const CLOCK: &[&str] = &["autosec-core/src/time/", "autosec-core/src/time.rs"];

/// A check of one file: where it is broken, and how.
type Check = fn(&Source<'_>) -> Vec<(usize, String)>;

/// Every breach, with its place.
pub fn violations(sources: &[Source<'_>]) -> Vec<String> {
    let checks: [Check; 6] = [unsafe_code, wall_clock, skipped_tests, unfinished, error_texts, late_tests];
    let placed = sources.iter().flat_map(|source| {
        let found = checks.iter().flat_map(|check| check(source));
        found.map(|(at, what)| format!("{}: {what}", source.place(at))).collect::<Vec<_>>()
    });
    placed.chain(twin_modules(sources)).collect()
}

fn unsafe_code(source: &Source<'_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if FORBID_UNSAFE.contains(&source.path) && !source.code.contains("#![forbid(unsafe_code)]") {
        found.push((0, "lacks `#![forbid(unsafe_code)]`".to_owned()));
    }
    let listed = UNSAFE.contains(&source.path);
    found.extend(words(&source.code, "unsafe").filter_map(|at| {
        if !listed {
            return Some((at, "`unsafe` outside the files that may hold it".to_owned()));
        }
        let after = source.code[at + "unsafe".len()..].trim_start();
        let needs_reason = after.starts_with('{') || after.starts_with("impl");
        (needs_reason && !has_reason(source, at))
            .then(|| (at, "`unsafe` without a `// SAFETY:` line".to_owned()))
    }));
    found
}

/// Whether the statement that byte `at` belongs to has a `SAFETY:` comment right above it.
fn has_reason(source: &Source<'_>, at: usize) -> bool {
    let start = source.text[..at].rfind('\n').map_or(0, |end| end + 1);
    let code: Vec<&str> = source.code[..start].lines().collect();
    let comments: Vec<&str> = source.comments[..start].lines().collect();
    for (code, comment) in code.iter().zip(comments).rev() {
        let code = code.trim();
        if comment.contains("SAFETY:") {
            return true;
        }
        let blank = code.is_empty() && comment.trim().is_empty();
        let ends_a_statement = code.ends_with([';', '{', '}', ',']);
        if blank || ends_a_statement {
            return false;
        }
    }
    false
}

fn wall_clock(source: &Source<'_>) -> Vec<(usize, String)> {
    let held = source.path.starts_with("autosec-core/src/")
        && !CLOCK.iter().any(|path| source.path.starts_with(path));
    let asks = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"].into_iter();
    let found = asks.filter(|_| held).flat_map(|ask| source.product().match_indices(ask));
    found
        .map(|(at, ask)| (at, format!("`{ask}` outside `time`: take the event's time, or a `Clock`")))
        .collect()
}

fn skipped_tests(source: &Source<'_>) -> Vec<(usize, String)> {
    let attributes = source.code.match_indices("#[").filter(|(at, _)| {
        let attribute = source.code[*at..].split_once(']').map_or("", |(attribute, _)| attribute);
        words(attribute, "ignore").next().is_some()
    });
    let examples = source.comments.match_indices("```ignore");
    attributes.chain(examples).map(|(at, _)| (at, "a test that is skipped".to_owned())).collect()
}

fn unfinished(source: &Source<'_>) -> Vec<(usize, String)> {
    let macros = ["todo", "unimplemented"].into_iter();
    let found = macros.flat_map(|name| words(&source.code, name).map(move |at| (at, name)));
    let called = found.filter(|(at, name)| source.code[at + name.len()..].starts_with('!'));
    called.map(|(at, name)| (at, format!("`{name}!` in finished code"))).collect()
}

fn error_texts(source: &Source<'_>) -> Vec<(usize, String)> {
    let attributes = source.code.match_indices("#[error(");
    let shouting = attributes.filter_map(|(at, attribute)| {
        let open = at + attribute.len();
        let open = open + source.code[open..].find(|character: char| !character.is_whitespace())?;
        let inside = source.code[open..].strip_prefix('"')?;
        let literal = &source.text[open..open + inside.find('"')? + 2];
        let text = literal.trim_start_matches(['r', '#', '"']).trim_end_matches(['#', '"']);
        let begins = text.starts_with(|first: char| first.is_lowercase() || "`{".contains(first));
        let complaint = match (begins, text.ends_with('.')) {
            (false, _) => "starts with neither a small letter, a backtick nor a brace",
            (true, true) => "ends with a period",
            (true, false) => return None,
        };
        Some((at, format!("the error text `{text}` {complaint}")))
    });
    shouting.collect()
}

fn late_tests(source: &Source<'_>) -> Vec<(usize, String)> {
    let after = &source.code[source.tests.end..];
    let code = after.find(|character: char| !character.is_whitespace());
    let found = code.filter(|_| !source.tests.is_empty());
    found
        .map(|at| (source.tests.end + at, "code after the inline tests, which stand last".to_owned()))
        .into_iter()
        .collect()
}

/// `name.rs` beside `name/`: a module that is a folder has a `mod.rs`. A program in `examples` is no module.
fn twin_modules(sources: &[Source<'_>]) -> Vec<String> {
    let modules = sources.iter().filter(|source| {
        let program = source.path.strip_prefix("examples/");
        program.is_none_or(|program| program.contains('/'))
    });
    let twins = modules.filter(|source| {
        let folder = source.path.strip_suffix(".rs").map(|stem| format!("{stem}/"));
        folder.is_some_and(|folder| sources.iter().any(|other| other.path.starts_with(&folder)))
    });
    twins.map(|source| format!("{}: stands beside a folder of its name: use `mod.rs`", source.path)).collect()
}

mod tests {
    use super::super::tests::{assert_clean, assert_found};
    use super::super::violations;

    const FILE: &str = "autosec-core/src/net/set.rs";
    const SOCKET: &str = "autosec-integrations/src/firewall/netlink/socket.rs";

    #[test]
    fn refuses_unsafe_at_large() {
        assert_found(FILE, "fn a() { unsafe { b() } }", "`unsafe` outside the files");
        assert_found("tests/a.rs", "unsafe fn a() {}", "`unsafe` outside the files");
        assert_found(
            "autosec-core/src/lib.rs",
            "// #![forbid(unsafe_code)]",
            "lacks `#![forbid(unsafe_code)]`",
        );
        assert_clean("autosec-core/src/lib.rs", "#![forbid(unsafe_code)]");
        assert_clean(FILE, "// unsafe\nconst A: &str = \"unsafe\";");
    }

    #[test]
    fn refuses_unsafe_without_a_reason() {
        let refused = [
            "fn a() {\n    unsafe { b() };\n}",
            "fn a() {\n    // SAFETY: as said.\n    unsafe { b() };\n    unsafe { b() };\n}",
            "// SAFETY: far above.\n\nfn a() {\n    unsafe { b() };\n}",
        ];
        for text in refused {
            assert_found(SOCKET, text, "without a `// SAFETY:` line");
        }
        assert_clean(
            SOCKET,
            "fn a() {\n    // SAFETY: it\n    // holds.\n    let c =\n        unsafe { b() };\n}",
        );
    }

    #[test]
    fn refuses_the_wall_clock() {
        assert_found(FILE, "fn a() { std::time::Instant::now(); }", "`Instant::now` outside `time`");
        assert_found(FILE, "fn a() { SystemTime::now(); }", "`SystemTime::now` outside `time`");
        assert_clean("autosec-core/src/time/clock.rs", "fn a() { SystemTime::now(); }");
        assert_clean("autosec-integrations/src/lib.rs", "fn a() { Instant::now(); }");
    }

    #[test]
    fn refuses_skipped_tests_and_unfinished_code() {
        assert_found(FILE, "#[ignore = \"slow\"]\nfn a() {}", "a test that is skipped");
        assert_found(FILE, "#[cfg_attr(miri, ignore)]\nfn a() {}", "a test that is skipped");
        assert_found(FILE, "/// ```ignore\n/// a\n/// ```\nfn a() {}", "a test that is skipped");
        assert_found("tests/a.rs", "fn a() { todo!() }", "`todo!` in finished code");
        assert_found("benches/a.rs", "fn a() { unimplemented!(\"b\") }", "`unimplemented!` in finished code");
        assert_clean(FILE, "/// Never `todo!()`.\nfn ignore(todo: u8) {}");
    }

    #[test]
    fn refuses_errors_that_shout() {
        let text = |literal: &str| format!("enum E {{\n    #[error({literal})]\n    A,\n}}");
        assert_found(FILE, &text("\"Bad input\""), "the error text `Bad input` starts with");
        assert_found(
            FILE,
            &text("\n        \"bad input.\", a"),
            "the error text `bad input.` ends with a period",
        );
        assert_found(FILE, &text("r#\"Bad \"input\"\"#"), "starts with");
        for kept in ["\"bad input\"", "\"`{name}` is bad\"", "\"{0}\"", "transparent"] {
            assert_clean(FILE, &text(kept));
        }
    }

    #[test]
    fn refuses_misplaced_modules_and_tests() {
        let found =
            violations(&[("autosec-integrations/src/a.rs", ""), ("autosec-integrations/src/a/b.rs", "")]);
        assert_eq!(
            found,
            ["autosec-integrations/src/a.rs: stands beside a folder of its name: use `mod.rs`"]
        );
        let found = violations(&[("examples/a.rs", ""), ("examples/a/b/src/lib.rs", "")]);
        assert!(!found.iter().any(|breach| breach.contains("stands beside")), "{found:?}");
        let early = "#[cfg(test)]\nmod tests {\n    fn a() {}\n}\n\nfn b() {}\n";
        assert_found(FILE, early, "code after the inline tests");
    }
}
