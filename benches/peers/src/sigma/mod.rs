//! The Sigma corpus on real Windows events: what an event costs, what loading costs, what is kept.

mod agreement;
mod corpus;
mod event_cost;
mod load_cost;
mod logsource;
pub(crate) mod memory;
mod sides;

use crate::bar;
use corpus::Corpus;

/// Every bar of this area.
const BARS: [&str; 4] = [
    "rules/sigma-vs-rsigma",
    "rules/sigma-vs-rsigma-routed",
    "rules/sigma-load-vs-rsigma",
    "rules/sigma-memory-vs-rsigma",
];

pub(crate) fn run() {
    let corpus = match Corpus::read() {
        Ok(corpus) => corpus,
        Err(why) => return BARS.iter().for_each(|name| bar::skipped(name, &why)),
    };
    println!("{} rule files, {} events", corpus.rules.len(), corpus.events.len());
    event_cost::run(&corpus);
    load_cost::run(&corpus);
    memory::run();
}
