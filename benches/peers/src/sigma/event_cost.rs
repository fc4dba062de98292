//! What an event costs. JSON is read beforehand on every side; findings are made and dropped on every side.

use std::hint::black_box;

use autosec_core::event::{Event, JsonReader};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use rsigma_eval::{Engine, EvaluationResult, JsonEvent};
use rsigma_parser::LogSource;
use serde_json::Value;

use super::agreement::{self, Pairs};
use super::corpus::Corpus;
use super::{logsource, sides};
use crate::bar::{self, Asks, bar};
use crate::clock::{time, turns};

/// Rounds over all events.
const ROUNDS: usize = 5;
/// sigma-rust sees one event of so many.
const SAMPLE: usize = 100;

/// What the peer is asked for one event.
type Evaluate<'e> = dyn Fn(&JsonEvent<'_>, &LogSource) -> Vec<EvaluationResult> + 'e;

pub(super) fn run(corpus: &Corpus) {
    let rules = sides::ours(corpus.rules.clone()).unwrap_or_else(|errors| panic!("{errors}"));
    let engine = match sides::rsigma(&corpus.rules) {
        Ok(engine) => engine,
        Err(why) => return super::BARS.iter().take(2).for_each(|name| bar::skipped(name, &why)),
    };
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let events: Vec<Event<'_>> = corpus.events.iter().filter_map(|line| read(&reader, line)).collect();
    let values: Vec<Value> =
        corpus.events.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    println!("{} events read by ours, {} by serde_json", events.len(), values.len());
    let theirs: Vec<_> =
        values.iter().map(|value| (JsonEvent::borrow(value), logsource::of(value))).collect();
    let sources: Vec<_> = theirs.iter().map(|(_, source)| source).collect();
    let routed = [false, true].map(|strict| Routed::new(corpus, &sources, strict));
    found((&rules, &events), &routed, &engine, &theirs);
    timed((&rules, &events), &routed, &engine, &theirs);
    beside_sigma_rust(&rules, &events, corpus);
}

/// Our rules of the event's log source alone, by the same look-up beforehand as the peer's: its result is in the events.
struct Routed<'e> {
    rules: RuleSet,
    events: Vec<Event<'e>>,
}

impl<'e> Routed<'e> {
    fn new(corpus: &'e Corpus, sources: &[&LogSource], strict: bool) -> Self {
        let rules =
            sides::ours_routed(corpus.rules.clone(), strict).unwrap_or_else(|errors| panic!("{errors}"));
        let reader = JsonReader::new(rules.schema(), &rules.fields());
        let fields = sides::SOURCE_FIELDS.map(|name| rules.schema().field(name));
        let events = corpus.events.iter().zip(sources).filter_map(|(line, source)| {
            let mut event = read(&reader, line)?;
            let told = [&source.category, &source.product, &source.service];
            for (field, told) in fields.iter().zip(told) {
                if let (Some(field), Some(told)) = (field, told) {
                    event.set(*field, told.clone());
                }
            }
            Some(event)
        });
        let events = events.collect();
        Self { rules, events }
    }
}

fn read<'e>(reader: &JsonReader, line: &'e str) -> Option<Event<'e>> {
    reader.read_at(line.as_bytes(), Timestamp::EPOCH).ok()
}

/// The same work? Counts (rule, event) pairs, and names the rules that differ.
fn found(
    (rules, events): (&RuleSet, &[Event<'_>]),
    routed: &[Routed<'_>; 2],
    engine: &Engine,
    theirs: &[(JsonEvent<'_>, LogSource)],
) {
    let ours = our_pairs(rules, events);
    let all = pairs(theirs, &|event, _| engine.evaluate(event));
    let pruned = pairs(theirs, &|event, source| engine.evaluate_pruned(event, source));
    let required = pairs(theirs, &|event, source| engine.evaluate_with_logsource(event, source));
    println!(
        "findings: ours {}, rsigma {}; routed: rsigma {} without rules of a conflicting log source, {} with those alone \
         whose whole log source is the event's",
        ours.len(),
        all.len(),
        pruned.len(),
        required.len()
    );
    agreement::print_loudest(&ours);
    agreement::print(&ours, &all);
    for (routed, theirs) in routed.iter().zip([&pruned, &required]) {
        let ours = our_pairs(&routed.rules, &routed.events);
        println!("routed: ours {}, rsigma {}", ours.len(), theirs.len());
        agreement::print(&ours, theirs);
    }
}

fn our_pairs(rules: &RuleSet, events: &[Event<'_>]) -> Pairs {
    let mut pairs = Pairs::new();
    for (at, event) in events.iter().enumerate() {
        let mut findings = Findings::default();
        rules.detect(event, &mut findings);
        pairs.extend(findings.found().iter().map(|finding| (finding.analytic.id.to_string(), at)));
    }
    pairs
}

fn pairs(events: &[(JsonEvent<'_>, LogSource)], evaluate: &Evaluate<'_>) -> Pairs {
    let mut pairs = Pairs::new();
    for (at, (event, source)) in events.iter().enumerate() {
        let ids = evaluate(event, source).into_iter().filter_map(|result| result.header.rule_id);
        pairs.extend(ids.map(|id| (id, at)));
    }
    pairs
}

fn timed(
    (rules, events): (&RuleSet, &[Event<'_>]),
    [loose, strict]: &[Routed<'_>; 2],
    engine: &Engine,
    theirs: &[(JsonEvent<'_>, LogSource)],
) {
    let rsigma = |evaluate: &Evaluate<'_>| {
        time(|| {
            for (event, source) in theirs {
                black_box(evaluate(event, source));
            }
        })
    };
    let turns = turns(
        ROUNDS,
        [
            &mut || detect(rules, events),
            &mut || rsigma(&|event, _| engine.evaluate(event)),
            &mut || rsigma(&|event, source| engine.evaluate_pruned(event, source)),
            &mut || rsigma(&|event, source| engine.evaluate_with_logsource(event, source)),
            &mut || detect(&loose.rules, &loose.events),
            &mut || detect(&strict.rules, &strict.events),
        ],
    );
    let [ours, all, pruned, required, our_pruned, our_required] =
        [0, 1, 2, 3, 4, 5].map(|side| turns.median(side) / events.len() as f64 * 1e6);
    println!(
        "an event: ours {ours:.1} µs, rsigma {all:.1} µs; routed, with log sources looked up beforehand: rsigma {pruned:.1} µs \
         without rules of a conflicting one, {required:.1} µs with those alone whose whole log source is the event's; ours in \
         the same two ways {our_pruned:.1} µs and {our_required:.1} µs; all our rules {:.2} and {:.2} times as fast as that",
        turns.ratio(2, 0),
        turns.ratio(3, 0)
    );
    bar("rules/sigma-vs-rsigma", turns.ratio(1, 0), "ratio", Asks::AtLeast(10.0));
    // Each way of routing beside the same way, which finds the same; the lesser counts.
    let routed = turns.ratio(2, 4).min(turns.ratio(3, 5));
    bar("rules/sigma-vs-rsigma-routed", routed, "ratio", Asks::AtLeast(4.0));
}

fn detect(rules: &RuleSet, events: &[Event<'_>]) -> f64 {
    time(|| {
        for event in events {
            let mut findings = Findings::default();
            rules.detect(event, &mut findings);
            black_box(findings);
        }
    })
}

/// A comparison without a bar: this peer is two orders of magnitude slower than the other.
fn beside_sigma_rust(rules: &RuleSet, events: &[Event<'_>], corpus: &Corpus) {
    let loaded: Vec<_> =
        corpus.rules.iter().filter_map(|(_, text)| sigma_rust::rule_from_yaml(text).ok()).collect();
    let sample = corpus.events.iter().step_by(SAMPLE);
    let theirs: Vec<_> = sample.filter_map(|line| sigma_rust::event_from_json(line).ok()).collect();
    let ours: Vec<_> = events.iter().step_by(SAMPLE).cloned().collect();
    let mut found = 0;
    let turns = turns(
        1,
        [&mut || detect(rules, &ours), &mut || {
            time(|| {
                let matches = |event| loaded.iter().filter(|rule| rule.is_match(event)).count();
                found = theirs.iter().map(matches).sum();
            })
        }],
    );
    let [ours, theirs] = [turns.median(0) / ours.len() as f64, turns.median(1) / theirs.len() as f64];
    println!(
        "every {SAMPLE}th event: ours {:.1} µs, sigma-rust with {} of the rules {:.0} µs ({:.0} times as much, {found} findings)",
        ours * 1e6,
        loaded.len(),
        theirs * 1e6,
        theirs / ours
    );
}
