//! How much of the heap loaded rules keep, each side in a process of its own.

use std::any::Any;

use super::{corpus, sides};
use crate::bar::{self, Asks, bar};
use crate::heap::in_child;

/// What the child can be asked for.
const SIDES: [&str; 4] = ["ours", "rsigma", "rsigma-lean", "rsigma-parsed"];
const MEBIBYTE: f64 = 1024.0 * 1024.0;

pub(super) fn run() {
    let name = "rules/sigma-memory-vs-rsigma";
    let weighed: Result<Vec<f64>, String> =
        SIDES.iter().map(|side| in_child("sigma-heap", &[side]).map(|bytes| bytes / MEBIBYTE)).collect();
    let [ours, engine, lean, parsed] = match weighed.map(<[f64; 4]>::try_from) {
        Ok(Ok(sides)) => sides,
        Ok(Err(_)) => return bar::skipped(name, "a side is missing"),
        Err(why) => return bar::skipped(name, why),
    };
    println!(
        "kept on the heap: ours {ours:.1} MiB, rsigma's engine {engine:.1} MiB (made of compiled rules, so that it cannot save \
         them, {lean:.1} MiB; with its syntax trees {parsed:.1} MiB)"
    );
    bar(name, ours / engine, "ratio", Asks::AtMost(0.2));
}

/// In the child: what the side keeps once the texts, and all that the loading needed besides, are gone.
pub(crate) fn load(arguments: &[String]) -> Box<dyn Any> {
    let files = corpus::rules().unwrap_or_else(|why| panic!("{why}"));
    match arguments.first().map(String::as_str) {
        Some("ours") => Box::new(sides::ours(files).unwrap_or_else(|errors| panic!("{errors}"))),
        Some("rsigma-lean") => Box::new(sides::rsigma_lean(&files).unwrap_or_else(|why| panic!("{why}"))),
        Some("rsigma") => Box::new(sides::rsigma(&files).unwrap_or_else(|why| panic!("{why}"))),
        _ => {
            let parsed = sides::rsigma_parsed(&files).unwrap_or_else(|why| panic!("{why}"));
            let engine = sides::rsigma_compiled(&parsed).unwrap_or_else(|why| panic!("{why}"));
            Box::new((parsed, engine))
        }
    }
}
