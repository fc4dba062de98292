//! The Python wheel: installed into a virtual environment of its own, and tried by its own tests.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the tests need beside pip; numpy, pyarrow and the like are for those that say so where they lack.
const NEEDED: &str = "pytest>=8";
const WISHED: [&str; 4] = ["mypy>=1.18", "numpy", "pyarrow", "tqdm"];
/// What the tests of `autosec.spark` need where there is Java: the release they were written with, half a gigabyte of it.
const SPARK: [&str; 2] = ["pandas>=2.2,<3", "pyspark>=4.0,<4.1"];

#[test]
fn the_wheel_installs_and_passes_its_tests() {
    let Some(python) = python() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/python");
    let own = folder.join("bin/python");
    if !own.exists() {
        succeed("a virtual environment", Command::new(&python).args(["-m", "venv"]).arg(&folder));
    }
    let pip = |packages: &[&str]| {
        let mut command = Command::new(&own);
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
        run(&mut command)
    };
    if !pip(&[NEEDED]).status.success() {
        return skip("the Python wheel", "pytest cannot be installed");
    }
    let spark = if has_java() { SPARK.as_slice() } else { &[] };
    if spark.is_empty() {
        skip(
            "ALL tests of autosec.spark",
            "there is no Java, which Spark runs on: install a runtime of version 17 or later",
        );
    }
    for package in WISHED.iter().chain(spark) {
        if !pip(&[package]).status.success() {
            skip("a part of the Python wheel's tests", &format!("`{package}` cannot be installed"));
        }
    }
    // As a user would who wants plugins, but for the profile: what is tested need not be small or fast. The folder is its
    // own, so that this build and others do not undo each other.
    let mut install = Command::new(&own);
    install
        .args(["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps"])
        .arg(root.join("autosec-py"));
    install
        .env("MATURIN_PEP517_ARGS", "--profile dev --features native,wasm")
        .env("CARGO_TARGET_DIR", folder.join("build"));
    install.env("CARGO_PROFILE_DEV_DEBUG", "0");
    succeed("`pip install ./autosec-py`", &mut install);
    let mut tests = Command::new(&own);
    tests.args(["-m", "pytest", "-p", "no:cacheprovider"]).current_dir(root.join("autosec-py"));
    let told = succeed("the wheel's tests", &mut tests);
    let _ = writeln!(std::io::stderr(), "\n{}", told.trim());
}

/// A Python that is recent enough; without one it says so.
fn python() -> Option<PathBuf> {
    let named = env::var_os("AUTOSEC_PYTHON").map(PathBuf::from);
    let candidates = named.into_iter().chain(["python3", "python"].map(PathBuf::from));
    let check = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
    let fits = |python: &PathBuf| {
        Command::new(python).args(["-c", check]).output().is_ok_and(|output| output.status.success())
    };
    let found = candidates.into_iter().find(fits);
    if found.is_none() {
        skip("the Python wheel", "there is no Python 3.10 or later with venv on this machine");
    }
    found
}

/// Whether Spark would find Java.
fn has_java() -> bool {
    let home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    let java = home.unwrap_or_else(|| PathBuf::from("java"));
    Command::new(java).arg("-version").output().is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"))
}

fn succeed(what: &str, command: &mut Command) -> String {
    let Output { status, stdout, stderr } = run(command);
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{what} failed ({status}):\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Says it past what the test runner keeps to itself.
fn skip(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "\nskipped: {what}: {why}");
    assert!(env::var_os("CI").is_none(), "in CI nothing may be skipped: {why}");
}
