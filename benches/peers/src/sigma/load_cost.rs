//! What it costs to make rules of texts in memory.

use super::corpus::Corpus;
use super::sides;
use crate::bar::{self, Asks, bar};
use crate::clock::{time, turns};

const ROUNDS: usize = 5;

pub(super) fn run(corpus: &Corpus) {
    let name = "rules/sigma-load-vs-rsigma";
    if let Err(why) = sides::rsigma(&corpus.rules) {
        return bar::skipped(name, why);
    }
    let turns = turns(
        ROUNDS,
        [
            &mut || {
                let texts = corpus.rules.clone();
                time(|| sides::ours(texts))
            },
            &mut || time(|| sides::rsigma(&corpus.rules)),
            &mut || time(|| sides::rsigma_parsed(&corpus.rules)),
        ],
    );
    let [ours, rsigma, parsed] = [0, 1, 2].map(|side| turns.median(side) * 1e3);
    println!("load: ours {ours:.0} ms, rsigma {rsigma:.0} ms (of which it parses {parsed:.0} ms)");
    bar(name, turns.ratio(1, 0), "ratio", Asks::AtLeast(4.0));
}
