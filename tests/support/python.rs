//! Python programs that tests are held against, in an environment of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What is installed, with versions, so that every machine tries the same.
const PACKAGES: [&str; 2] = ["medallion==3.0.0", "misp-stix==2026.10.12"];
/// What stands for a cloud.
#[cfg(feature = "plugins")]
const CLOUD: [&str; 1] = ["moto[server]==5.2.5"];

/// The folder of the environment's programs; it is made once and kept among what builds leave. Where it cannot be made,
/// a visible line says that the test is skipped.
pub fn programs(test: &str) -> Option<&'static Path> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    told(test, MADE.get_or_init(|| make("python-feeds", &PACKAGES)), &PACKAGES)
}

/// The same with what stands for a cloud.
#[cfg(feature = "plugins")]
pub fn cloud(test: &str) -> Option<&'static Path> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    told(test, MADE.get_or_init(|| make("python-cloud", &CLOUD)), &CLOUD)
}

fn told(test: &str, made: &'static Result<PathBuf, String>, packages: &[&str]) -> Option<&'static Path> {
    match made {
        Ok(folder) => Some(folder),
        Err(why) => {
            eprintln!("skipped: {test} needs Python with {}: {why}", packages.join(" and "));
            None
        }
    }
}

fn make(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (programs, ready) = (home.join("bin"), home.join("ready"));
    if !ready.exists() {
        // Half an environment may stand there from a run that was broken off.
        fs::remove_dir_all(&home)
            .or_else(|_| fs::create_dir_all(&home))
            .map_err(|error| error.to_string())?;
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        let options =
            ["install", "--quiet", "--disable-pip-version-check", "--timeout", "20", "--retries", "1"];
        run(Command::new(programs.join("pip")).args(options).args(packages))?;
        fs::write(&ready, packages.join("\n")).map_err(|error| error.to_string())?;
    }
    Ok(programs)
}

fn run(command: &mut Command) -> Result<(), String> {
    let ended = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let words = String::from_utf8_lossy(&ended.stderr);
    let last = words.lines().last().unwrap_or("it does not say why").to_owned();
    if ended.status.success() { Ok(()) } else { Err(last) }
}
