//! The training example as its user meets it: the built program, its output, its files and its exit code.

use crate::support::folder::Folder;
use crate::support::program::{example, said};

/// The exit code, what is printed, and what is complained of.
fn run(folder: &Folder, arguments: &[&str]) -> (i32, String, String) {
    said(example("train").args(arguments).arg("--out").arg(&folder.0).output().unwrap())
}

#[test]
fn made_up_logins_give_a_table_a_reason_and_a_report() {
    let folder = Folder::new("plain");
    let (code, text, _) = run(&folder, &[]);
    assert_eq!(code, 0, "{text}");
    for heading in ["What was trained", "The riskiest of 2000 rows of the stream", "The report"] {
        assert_eq!(text.lines().filter(|line| *line == heading).count(), 1, "{heading}: {text}");
    }
    assert!(text.contains("isolation-forest ") && text.contains("seasonal "), "{text}");
    // Most of what it calls riskiest is bad, and it says why.
    let listed: Vec<&str> =
        text.lines().filter(|line| line.contains(" bad  ") && line.contains(" %")).collect();
    assert!(listed.len() >= 7, "{text}");
    let files = ["ensemble.model", "report.html", "report.md", "report-roc.svg", "report-row-3.svg"];
    for file in files {
        assert!(folder.0.join(file).metadata().is_ok_and(|file| file.len() > 500), "{file}");
    }
    let again = Folder::new("again");
    assert_eq!(run(&again, &[]).0, 0);
    for file in files {
        assert_eq!(
            std::fs::read(folder.0.join(file)).unwrap(),
            std::fs::read(again.0.join(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn a_table_of_ones_own_is_read() {
    let folder = Folder::new("csv");
    let file = folder.0.join("rows.csv");
    let row = |row: u32| {
        let bad = row % 20 == 7;
        let level = if bad { 90 } else { row % 10 };
        let missing = if row.is_multiple_of(13) { String::new() } else { format!("{}.5", row % 7) };
        format!("{level},{missing},{}\n", u8::from(bad))
    };
    let table: String = ["\u{feff}level,\"<b>other</b>\",label\r\n".to_owned()]
        .into_iter()
        .chain((0..600).map(row))
        .collect();
    std::fs::write(&file, table).unwrap();
    let (code, text, errors) = run(&folder, &[file.to_str().unwrap(), "--seed", "5"]);
    assert_eq!(code, 0, "{errors}");
    assert_eq!(text.lines().filter(|line| line.contains("  bad    level ")).count(), 10, "{text}");
    let page = std::fs::read_to_string(folder.0.join("report.html")).unwrap();
    assert!(page.contains("&lt;b&gt;other&lt;/b&gt;") && !page.contains("<b>"));

    // All of one kind: scored, but there is nothing to report on.
    let table: String =
        ["a,label\n".to_owned()].into_iter().chain((0..300).map(|row| format!("{row},0\n"))).collect();
    std::fs::write(&file, table).unwrap();
    let (code, text, _) = run(&folder, &[file.to_str().unwrap()]);
    assert!(
        code == 0 && text.contains("none: in the second half of the stream all rows are of one kind"),
        "{text}"
    );
}

#[test]
fn a_set_in_numpys_format_is_read() {
    let Some(sets) = crate::support::npz::folder() else {
        println!("skipped: the corpora are absent");
        return;
    };
    let folder = Folder::new("npz");
    let (code, text, errors) = run(&folder, &[sets.join("4_breastw.npz").to_str().unwrap()]);
    assert_eq!(code, 0, "{errors}");
    assert!(text.contains("The riskiest of 228 rows"), "{text}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = Folder::new("bad");
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.0.join(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let cases = [
        (write("empty.csv", b""), "it is empty"),
        (write("nolabel.csv", b"a,b\n1,2\n"), "no column is called anomaly, bad"),
        (write("ragged.csv", b"a,label\n1,0\n1\n"), "line 3 has 1 fields, and the first 2"),
        (write("text.csv", b"a,label\n1,0\nx\x1b[31m,0\n"), "line 3, field 1: no number"),
        (write("twice.csv", b"a,a,label\n"), "two columns of a feature schema are called `a`"),
        (write("binary.csv", b"a,label\n\xff\xfe\n"), "line 2: it is no UTF-8"),
        (write("none.csv", b"a,label\n"), "there are no rows"),
        (write("two.csv", b"a,label\n1,0\n"), "there are no rows"),
        (write("other.txt", b""), "its name ends in neither"),
        (write("no.npz", b"PK\x05\x06 and then nothing of the kind"), "no zip file with a member `X.npy`"),
        (write("zero.npz", b""), "no zip file with a member"),
        ("no-such.csv".to_owned(), "cannot read `no-such.csv`"),
    ];
    for (file, complaint) in cases {
        let (code, text, errors) = run(&folder, &[&file]);
        assert_eq!((code, text.as_str()), (1, ""), "{file}: {errors}");
        assert!(errors.contains(complaint), "{file}: {errors}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let folder = Folder::new("arguments");
    for (arguments, complaint) in [
        (&["--seed", "-1"][..], "`--seed` takes a whole number"),
        (&["--nonsense"], "unknown option `--nonsense`"),
        (&["a.csv", "b.csv"], "one file is enough"),
    ] {
        let (code, text, errors) = run(&folder, arguments);
        assert!(code == 2 && text.is_empty() && errors.contains(complaint), "{arguments:?}: {errors}");
    }
    let (code, text, _) = run(&folder, &["--help"]);
    assert!(code == 0 && text.contains("usage:"), "{text}");
}
