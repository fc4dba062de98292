//! How much of the heap loaded rules keep, each side in a process of its own.

use std::any::Any;

use autosec_core::event::JsonReader;
use autosec_core::finding::{Detector, Findings};
use autosec_core::time::Timestamp;
use rsigma_eval::JsonEvent;

use super::corpus::{self, Corpus};
use super::sides;
use crate::bar::{self, Asks, bar};
use crate::heap::in_child;

/// What the child can be asked for. Warm is a side after it has seen the events, which fills caches of regular expressions.
const SIDES: [&str; 6] = ["ours", "ours-warm", "rsigma", "rsigma-warm", "rsigma-lean", "rsigma-parsed"];
const MEBIBYTE: f64 = 1024.0 * 1024.0;

pub(super) fn run() {
    let name = "rules/sigma-memory-vs-rsigma";
    let weighed: Result<Vec<f64>, String> =
        SIDES.iter().map(|side| in_child("sigma-heap", &[side]).map(|bytes| bytes / MEBIBYTE)).collect();
    let [ours, ours_warm, engine, engine_warm, lean, parsed] = match weighed.map(<[f64; 6]>::try_from) {
        Ok(Ok(sides)) => sides,
        Ok(Err(_)) => return bar::skipped(name, "a side is missing"),
        Err(why) => return bar::skipped(name, why),
    };
    println!(
        "kept on the heap: ours {ours:.1} MiB, rsigma's engine {engine:.1} MiB (made of compiled rules, so that it cannot save \
         them, {lean:.1} MiB; with its syntax trees {parsed:.1} MiB); after the events: ours {ours_warm:.1} MiB, rsigma's \
         engine {engine_warm:.1} MiB"
    );
    bar(name, ours / engine, "ratio", Asks::AtMost(0.2));
}

/// In the child: what the side keeps once the texts, and all that the loading needed besides, are gone.
pub(crate) fn load(arguments: &[String]) -> Box<dyn Any> {
    make(arguments.first().map_or("", String::as_str)).unwrap_or_else(|why| panic!("{why}"))
}

fn make(side: &str) -> Result<Box<dyn Any>, String> {
    let files = corpus::rules()?;
    Ok(match side {
        "ours" => Box::new(sides::ours(files).map_err(|errors| errors.to_string())?),
        "ours-warm" => {
            let rules = sides::ours(files).map_err(|errors| errors.to_string())?;
            let reader = JsonReader::new(rules.schema(), &rules.fields());
            for line in Corpus::read()?.events {
                if let Ok(event) = reader.read_at(line.as_bytes(), Timestamp::EPOCH) {
                    rules.detect(&event, &mut Findings::default());
                }
            }
            Box::new(rules)
        }
        "rsigma" => Box::new(sides::rsigma(&files)?),
        "rsigma-warm" => {
            let engine = sides::rsigma(&files)?;
            let values = Corpus::read()?.events;
            for value in values.iter().filter_map(|line| serde_json::from_str(line).ok()) {
                engine.evaluate(&JsonEvent::owned(value));
            }
            Box::new(engine)
        }
        "rsigma-lean" => Box::new(sides::rsigma_lean(&files)?),
        _ => {
            let parsed = sides::rsigma_parsed(&files)?;
            let engine = sides::rsigma_compiled(&parsed)?;
            Box::new((parsed, engine))
        }
    })
}
