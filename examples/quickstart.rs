//! Reads logs, says what it finds in them and why, and what a firewall does about it.
//!
//! `cargo run --example quickstart` reads the recorded logs of `examples/data`; `-- --help` says what else it can do.

mod support;

use std::error::Error;
use std::process::ExitCode;

use autosec_core::engine::Engine;
use autosec_core::event::Schema;
use autosec_core::rule::RuleSet;
use support::options::Options;
use support::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::default();
    match run(&options, &mut report).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let firewall = options.firewall()?;
    let mut logs = options.logs()?;
    // README: begin
    let rules = RuleSet::builder(&Schema::ecs()).starter().build()?;
    let engine = Engine::builder().detector(rules).firewall(firewall.clone()).build()?;
    for (name, log) in &mut logs {
        while let Some(line) = log.read()? {
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
    print!("{}", report.render(&logs, &firewall.blocked().await?, firewall.name()));
    Ok(())
}
