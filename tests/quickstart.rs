//! The quickstart as its user meets it: the built program, its output and its exit code.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::program::{example, said};

/// One failed login; 16 of them in a few minutes are guessing.
const FAILURE: &str =
    "Nov 22 14:02:11 web1 sshd[42]: Failed password for root from 203.0.113.5 port 4711 ssh2\n";

fn quickstart(arguments: &[&str]) -> Command {
    let mut command = example("quickstart");
    command.args(arguments).env_remove("SSH_CONNECTION").stdin(Stdio::null());
    command
}

/// The exit code, what is printed, and what is complained of.
fn run(arguments: &[&str]) -> (i32, String, String) {
    said(quickstart(arguments).output().unwrap())
}

/// The same with something on standard input.
fn run_on(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut child = quickstart(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    said(child.wait_with_output().unwrap())
}

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name).display().to_string()
}

/// On a busy machine a second or two of the day may have passed when the report is written.
fn is_held_for_a_day(out: &str) -> bool {
    ["1d ", "23h 59m "].into_iter().any(|left| out.contains(&format!("\n  203.0.113.8            {left}")))
}

#[test]
fn the_sample_logs_give_a_full_report() {
    let (code, out, err) = run(&[]);
    assert_eq!((code, err.as_str()), (0, ""));
    for section in [
        "What was read",
        "What was found",
        "Why, in the riskiest case",
        "What a firewall in memory holds now",
    ] {
        assert_eq!(out.lines().filter(|line| *line == section).count(), 1, "{section}: {out}");
    }
    for row in ["  sshd.log                   1008 lines", "  access.log                  818 lines"] {
        assert!(out.contains(row), "{out}");
    }
    assert!(is_held_for_a_day(&out), "{out}");
    assert!(!out.contains("cannot read") && !out.contains("take all of it back"), "{out}");
}

#[test]
fn standard_input_is_read_where_it_is_asked_for() {
    let log = FAILURE.repeat(16) + "garbage\nmore garbage\n\n";
    for arguments in [&["-"][..], &["--format=sshd", "-"], &["--format", "syslog", "--", "-"]] {
        let (code, out, err) = run_on(arguments, log.as_bytes());
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        assert!(
            out.contains("standard input               19 lines       16 events      2 not read"),
            "{out}"
        );
        assert!(out.contains("    2 lines, first line 17: not a syslog line"), "{out}");
        assert!(out.contains("\n  203.0.113.5            0."), "{out}");
    }
    // A file of another folder is no standard input, whatever its name.
    let (code, out, _) = run(&["no-such-folder/-"]);
    assert!(code == 1 && out.contains("cannot read `no-such-folder/-`"), "{out}");
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_reported() {
    let folder = sample("");
    let (code, out, _) = run(&["no-such.log", &folder, &sample("sshd.log")]);
    assert_eq!(code, 1);
    assert!(out.contains("cannot read `no-such.log`: "), "{out}");
    assert!(out.contains("cannot read `") && out.contains("lines     1008 events"), "{out}");
    assert_eq!(out.matches("cannot read `").count(), 2, "{out}");
    assert!(is_held_for_a_day(&out), "{out}");
}

#[test]
fn help_is_no_mistake() {
    for arguments in [&["--help"][..], &["-h"], &["--format", "eve", "--help", "--nonsense"]] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        for option in ["--format", "--enforce", "--allow", "--help", "usage:"] {
            assert!(out.contains(option), "{out}");
        }
    }
}

#[test]
fn wrong_arguments_are_refused_with_what_is_wrong() {
    for (arguments, complaint) in [
        (&["--format"][..], "`--format` needs a value: sshd, access, eve or auto"),
        (&["--format="], "`--format` needs a value"),
        (&["--format", "xml"], "`--format` takes sshd, access, eve or auto, not `xml`"),
        (&["--enforce"], "`--enforce` needs a value: nftables"),
        (&["--enforce=pf"], "`--enforce` takes nftables, not `pf`"),
        (&["--allow"], "`--allow` needs a value: an address or a prefix"),
        (&["--allow", "1.2.3"], "`--allow`: `1.2.3` is neither"),
        (&["-x"], "unknown option `-x`: `--help` lists them"),
        (&["--\u{1b}[31m"], "unknown option `--\\u{1b}[31m`"),
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.starts_with(complaint), "{arguments:?}: {err}");
    }
    let (code, out, _) = run(&["--", "--help"]);
    assert!(code == 1 && out.contains("cannot read `--help`"), "{out}");
}

#[test]
fn what_strangers_wrote_does_not_reach_the_terminal() {
    // The path is evidence in the explanation, the user is a subject, the file's name is the caller's.
    let attack = "203.0.113.5 - \u{1b}[31m [22/Nov/2026:14:02:11 +0000] \
                  \"GET /..%2f..%2fetc/passwd\u{1b}]0;owned\u{7}\u{202e} HTTP/1.1\" 404 9 \"-\" \"\u{1b}[2J\"\n";
    let (code, out, err) = run_on(&["-", "no\u{1b}[31m\nsuch.log"], attack.as_bytes());
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(out.contains("\n  203.0.113.5 "), "{out}");
    assert!(
        out.contains("\\u{1b}]0;owned") && !out.contains('\u{202e}'),
        "the path is shown, spelt out: {out}"
    );
    assert!(out.contains("cannot read `no\\u{1b}[31m\\nsuch.log`"), "{out}");

    let guess =
        |source: usize| FAILURE.replace("root", "\u{1b}[31mroot").replace("113.5", &format!("113.{source}"));
    let (code, out, err) = run_on(&["-"], (1..=20).map(guess).collect::<String>().as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("\n  \\u{1b}[31mroot "), "the user is shown, spelt out: {out}");
}

#[test]
fn long_names_keep_to_the_width() {
    let path = "x".repeat(3_000);
    let attack = format!(
        "203.0.113.5 - - [22/Nov/2026:14:02:11 +0000] \"GET /..%2f..%2fetc/passwd{path} HTTP/1.1\" 404 9 \"-\" \"-\"\n"
    );
    let (code, out, _) = run_on(&["-", &"y/".repeat(200)], attack.as_bytes());
    assert!(code == 1 && out.contains("\n  203.0.113.5 ") && out.contains(&"x".repeat(50)), "{out}");
}

#[test]
fn what_is_allowed_is_not_blocked_and_told() {
    let log = FAILURE.repeat(16);
    let (code, out, _) = run_on(&["--allow=203.0.113.0/24", "--allow", "2001:db8::1", "-"], log.as_bytes());
    assert_eq!(code, 0);
    assert!(
        out.contains("\nWhat is never blocked\n  203.0.113.0/24         --allow\n  2001:db8::1 "),
        "{out}"
    );
    assert!(out.contains("\nHeld back\n  203.0.113.5            block for"), "{out}");
    assert!(out.ends_with("holds now\n  nothing\n"), "{out}");
}

#[test]
fn faults_are_told_by_kind() {
    let late = FAILURE.replace("14:02:11", "02:02:11");
    let (_, out, _) = run_on(&["-"], (FAILURE.repeat(16) + &late.repeat(5)).as_bytes());
    let fault = out.lines().find(|line| line.starts_with("  late "));
    assert!(fault.is_some_and(|line| line.contains(" first: `")), "{out}");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_and_a_full_disk_are_no_panic() {
    // The reader is gone before the first byte: the log comes through a pipe that ends only after that.
    let mut child = quickstart(&["-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(FAILURE.as_bytes()).unwrap();
    let (code, _, err) = said(child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));

    let Ok(full) = std::fs::File::create("/dev/full") else { return };
    let (code, _, err) = said(quickstart(&[&sample("sshd.log")]).stdout(full).output().unwrap());
    assert!(code == 1 && err.starts_with("cannot write the report: "), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn enforcing_spares_the_administrator_and_says_how_to_undo() {
    let Some(lab) = crate::lab::Lab::new() else { return };
    let enforce = |session: &str| {
        let mut command = lab.server.command("env");
        command.arg(format!("SSH_CONNECTION={session}")).arg(example("quickstart").get_program());
        said(command.args(["--enforce", "nftables", &sample("sshd.log")]).output().unwrap())
    };
    let (code, out, err) = enforce("203.0.113.8 4242 198.51.100.1 22");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("  203.0.113.8            the other end of this ssh session"), "{out}");
    assert!(lab.arrives("203.0.113.8") && !lab.arrives("203.0.113.7"));
    let undo = out.lines().last().and_then(|line| line.strip_prefix("To take all of it back: nft "));
    lab.nft(undo.expect(&out));
    assert!(lab.arrives("203.0.113.7"));

    // A table that is somebody else's: the report is whole, and says what is wrong.
    lab.nft("add table inet autosec '{ chain guard { type filter hook input priority 0; }; }'");
    let (code, out, _) = enforce("");
    assert!(code == 1 && out.contains("\n  203.0.113.8            "), "{out}");
    assert!(
        out.contains("\nNot enforced\n") && out.contains("holds now\n  not known: firewall `nftables`"),
        "{out}"
    );
    assert!(!out.contains("take all of it back"), "{out}");
}
