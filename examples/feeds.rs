//! Loads feeds of known bad values, reads logs, and says which value was seen where, how sure its feed still is of it, and
//! which ones a warninglist held back.
//!
//! `cargo run --example feeds --features online` reads the feeds and the recorded logs of `examples/data`;
//! `-- --help` says what else it can do.

#[path = "support/console.rs"]
mod console;
#[path = "support/feeds/mod.rs"]
mod feeds;
#[path = "support/layout.rs"]
mod layout;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use autosec_core::enforce::{FirewallIntegration, MemoryFirewall};
use autosec_core::engine::Engine;
use autosec_core::enrich::geo::{Geo, GeoDatabase, GeoSource};
use autosec_core::intel::IndicatorIndex;
use console::{complain, print};
use feeds::intake::Intake;
use feeds::options::{HELP, Options};
use feeds::report::Report;
use feeds::taxii;

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
        Err(error) => complain(&format!("error: {error}"), ExitCode::FAILURE),
    }
}

/// The report, and whether all feeds and logs were read.
async fn run(options: &Options) -> Result<(String, bool), Box<dyn Error>> {
    let index = Arc::new(IndicatorIndex::default());
    let mut intake = Intake::new(&index);
    intake.folder(&options.feeds)?;
    if !options.taxii.url.is_empty() {
        taxii::fetch(&options.taxii).await?.into_iter().for_each(|fetched| intake.fetched(fetched));
    }
    let firewall = Arc::new(MemoryFirewall::new("a firewall in memory"));
    let mut builder = Engine::builder().detector(Arc::clone(&index)).firewall(Arc::clone(&firewall));
    if !options.geo.is_empty() {
        // Feeds may list autonomous systems, and only a database says which one an address belongs to.
        let opened = options.geo.iter().map(|file| match GeoDatabase::open(file) {
            Ok(database) => Ok(GeoSource::from(database)),
            Err(error) => Err(format!("{}: {error}", file.display())),
        });
        builder = builder.enricher(Geo::new(opened.collect::<Result<Vec<_>, _>>()?));
    }
    let engine = builder.build()?;
    let mut report = Report::default();
    for file in options.logs() {
        let (name, opened) = options.open(&file);
        let Some(mut log) = opened.map_or_else(|error| report.broken(&name, &error), Some) else { continue };
        while let Some(line) = log.read().unwrap_or_else(|error| report.broken(&name, &error)) {
            // What is no event is counted by the log itself.
            let Ok(event) = line else { continue };
            let verdict = engine.process(event);
            for decision in verdict.decisions() {
                report.enforced(engine.enforce(decision).await);
            }
            report.judged(&verdict);
        }
        report.read(name, log.summary());
    }
    let blocked = firewall.blocked().await?;
    let complete = intake.is_complete() && report.is_complete();
    Ok((format!("{}{}", intake.render(), report.render(&blocked)), complete))
}
