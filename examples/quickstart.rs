//! Reads logs, says what it finds in them and why, and what a firewall does about it.
//!
//! `cargo run --example quickstart` reads the recorded logs of `examples/data`; `-- --help` says what else it can do.

mod support;

use std::error::Error;
use std::process::ExitCode;

use autosec_core::engine::Engine;
use autosec_core::event::Schema;
use autosec_core::rule::RuleSet;
use support::console::{complain, print};
use support::options::{HELP, Options};
use support::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return print(HELP, ExitCode::SUCCESS),
        Err(message) => return complain(&message, ExitCode::from(2)),
    };
    match run(&options).await {
        Ok((report, true)) => print(&report, ExitCode::SUCCESS),
        Ok((report, false)) => print(&report, ExitCode::FAILURE),
        Err(error) => {
            let mut message = format!("error: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                message.push_str(&format!("\n  because: {cause}"));
                source = cause.source();
            }
            complain(&message, ExitCode::FAILURE)
        }
    }
}

/// The report, and whether everything was read and done.
async fn run(options: &Options) -> Result<(String, bool), Box<dyn Error>> {
    let mut report = Report::default();
    let (firewall, allowlist, mut logs) = (options.firewall()?, options.allowlist(), options.logs());
    // README: begin
    let rules = RuleSet::builder(&Schema::ecs()).starter().build()?;
    let engine = Engine::builder().detector(rules).firewall(firewall.clone()).allowlist(allowlist).build()?;
    for (name, log) in &mut logs {
        while let Some(line) = log.read().unwrap_or_else(|error| report.broken(name, &error)) {
            match line.map(|event| engine.process(event)) {
                Err(unread) => report.unread(name, unread),
                Ok(verdict) => {
                    for decision in verdict.decisions() {
                        report.enforced(engine.enforce(decision).await);
                    }
                    report.judged(verdict);
                }
            }
        }
    }
    // README: end
    let blocked = firewall.blocked().await;
    let complete = report.is_complete() && blocked.is_ok();
    Ok((report.render(options, &logs, &blocked, firewall.name()), complete))
}
