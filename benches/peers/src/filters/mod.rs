//! One-line filters on HTTP requests: the same texts on both sides, since both languages have the same roots.

mod shapes;
mod sides;

use std::hint::black_box;

use autosec_core::event::Event;
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use wirefilter::{ExecutionContext, Filter};

use crate::bar::{self, Asks, LaneBar, bar};
use crate::clock::{time, turns};
use crate::random::Random;
use shapes::Request;

/// Requests every filter sees.
const REQUESTS: usize = 500;
/// How many filters, how often both sides run them, and the bar.
const LANES: [(usize, usize, LaneBar); 3] = [
    (100, 101, Some(("rules/filters-100-vs-wirefilter", 1.0))),
    (1_000, 31, None),
    (10_000, 9, Some(("rules/filters-10k-vs-wirefilter", 50.0))),
];

pub(crate) fn run() {
    for (count, rounds, asked) in LANES {
        lane(count, rounds, asked);
    }
}

fn lane(count: usize, rounds: usize, asked: LaneBar) {
    let mut random = Random::new(7);
    let requests: Vec<Request> = (0..REQUESTS).map(|_| Request::random(&mut random)).collect();
    let texts: Vec<String> = (0..count).map(|at| shapes::filter(at, &mut random)).collect();
    let schema = sides::schema();
    let rules = sides::ours(&schema, &texts);
    let scheme = sides::scheme();
    let filters = match sides::wirefilter(&scheme, &texts) {
        Ok(filters) => filters,
        Err(why) => return asked.into_iter().for_each(|(name, _)| bar::skipped(name, &why)),
    };
    let events: Vec<Event<'_>> = requests.iter().map(|request| sides::event(&schema, request)).collect();
    let contexts: Vec<_> = requests.iter().map(|request| sides::context(&scheme, request)).collect();
    let matches = match agreed(&rules, &events, &filters, &contexts) {
        Ok(matches) => matches,
        Err(why) => return asked.into_iter().for_each(|(name, _)| bar::skipped(name, &why)),
    };
    let turns = turns(
        rounds,
        [&mut || time(|| events.iter().map(|event| detect(&rules, event)).sum::<usize>()), &mut || {
            time(|| contexts.iter().map(|context| execute(&filters, context)).sum::<usize>())
        }],
    );
    let [ours, theirs] = [0, 1].map(|side| turns.median(side) / REQUESTS as f64 * 1e9);
    println!(
        "{count} filters: both agree on all {} pairs, {matches} of which match; an event: ours {ours:.0} ns, wirefilter \
         {theirs:.0} ns ({:.1} ns a filter), ratio {:.2}",
        count * REQUESTS,
        theirs / count as f64,
        turns.ratio(1, 0)
    );
    if let Some((name, least)) = asked {
        bar(name, turns.ratio(1, 0), "ratio", Asks::AtLeast(least));
    }
}

/// The buffer is new for each event, as it is in the engine.
fn detect(rules: &RuleSet, event: &Event<'_>) -> usize {
    let mut findings = Findings::default();
    rules.detect(event, &mut findings);
    black_box(findings).found().len()
}

fn execute<'s>(filters: &[Filter<'s>], context: &ExecutionContext<'s>) -> usize {
    filters.iter().filter(|filter| filter.execute(context).unwrap_or_default()).count()
}

/// How many pairs match, if both sides say the same of every pair.
fn agreed<'s>(
    rules: &RuleSet,
    events: &[Event<'_>],
    filters: &[Filter<'s>],
    contexts: &[ExecutionContext<'s>],
) -> Result<usize, String> {
    let mut matches = 0;
    for (at, (event, context)) in events.iter().zip(contexts).enumerate() {
        let mut findings = Findings::default();
        rules.detect(event, &mut findings);
        let ours: Vec<String> =
            findings.found().iter().map(|finding| finding.analytic.id.to_string()).collect();
        let matching = |filter: &Filter<'s>| filter.execute(context).unwrap_or_default();
        let theirs = filters.iter().enumerate().filter(|(_, filter)| matching(filter));
        let theirs: Vec<String> = theirs.map(|(at, _)| sides::id(at)).collect();
        if ours != theirs {
            return Err(format!("the sides differ on request {at}: ours {ours:?}, wirefilter {theirs:?}"));
        }
        matches += ours.len();
    }
    Ok(matches)
}
