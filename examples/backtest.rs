//! Tries rules on logs before they are trusted: what the starter pack finds in them, what each rule costs, and what a
//! changed copy of the pack would find instead.
//!
//! `cargo run --release --example backtest` reads the recorded logs of `examples/data`; name files to read others.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use autosec_core::event::Schema;
use autosec_core::measure::Severity;
use autosec_core::rule::{Backtest, BacktestReport, Mode, Rule, RuleErrors, RuleSet};
use autosec_core::time::{Clock, SystemClock};
use autosec_integrations::log::{Format, LogReader, Options};

/// How many events are kept to measure rules on.
const PROFILED: usize = 256;

fn main() -> ExitCode {
    let mut files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        files = ["sshd.log", "access.log", "eve.json"].map(|name| samples.join(name)).into();
    }
    let said = run(&files).map(|report| format!("{report}\n"));
    let (text, code) = match &said {
        Ok(text) => (text.clone(), ExitCode::SUCCESS),
        Err(error) => (format!("error: {error}\n"), ExitCode::FAILURE),
    };
    match io::stdout().write_all(text.as_bytes()) {
        // A reader who has seen enough is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => code,
    }
}

fn run(files: &[PathBuf]) -> Result<BacktestReport, Box<dyn Error>> {
    let today = RuleSet::builder(&Schema::ecs()).starter().build()?;
    let tomorrow = changed(&today)?;
    let mut backtest = Backtest::new(&today).against(&tomorrow)?.samples(3).profile(PROFILED).progress(
        1_000,
        // Where nobody can be told, nobody is.
        |progress| drop(writeln!(io::stderr(), "{progress}")),
    );
    for path in files {
        read(&mut backtest, path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    }
    Ok(backtest.finish())
}

/// The same rules, but for what somebody means to change.
fn changed(today: &RuleSet) -> Result<RuleSet, RuleErrors> {
    let mut rules: Vec<Rule> = today.rules().cloned().collect();
    rules.retain(|rule| rule.id != "network-ids-alerts");
    for rule in &mut rules {
        if let ("ssh-brute-force", Some(count)) = (rule.id.as_str(), &mut rule.count) {
            count.at_least = 3;
        }
    }
    let when = r#"event.action == "http_request" and http.response.status_code == 404"#;
    rules.push(Rule { mode: Mode::Shadow, ..Rule::new("not-found", Severity::Low, when) });
    rules.into_iter().fold(RuleSet::builder(today.schema()), |builder, rule| builder.rule(rule)).build()
}

fn read(backtest: &mut Backtest<'_>, path: &Path) -> io::Result<()> {
    // Syslog lines have no year: theirs is the one nearest to now.
    let options = Options::new(SystemClock.now());
    let mut log = LogReader::new(BufReader::new(File::open(path)?), Format::Auto, options);
    while let Some(line) = log.read()? {
        match line {
            Ok(event) => backtest.look(&event),
            Err(_) => backtest.unread(),
        }
    }
    backtest.read_bytes(fs::metadata(path)?.len());
    Ok(())
}
