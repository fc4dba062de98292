//! What an engine takes for events that are there already: `cargo bench --bench prepared -- --figures EVENTS RULES`.
//!
//! `benches/peers/python/wheel.py` takes it off what the wheel takes for the same events and rules, so that what is left is
//! what it costs to hand them over. It prints the nanoseconds an event with the rules and without any, CPU time.

use std::env;
use std::fs;
use std::hint::black_box;
use std::time::Duration;

use autosec_core::engine::Engine;
use autosec_core::event::{Event, JsonReader, Schema};
use autosec_core::rule::RuleSet;
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 41;

fn main() {
    let mut arguments = env::args().skip_while(|argument| argument != "--figures").skip(1);
    let (Some(events), Some(rules)) = (arguments.next(), arguments.next()) else {
        return println!("note prepared is for benches/peers/python: give `--figures EVENTS RULES`");
    };
    let lines = fs::read_to_string(events).expect("the events can be read");
    let rules = fs::read_to_string(rules).expect("the rules can be read");
    let set = RuleSet::builder(&Schema::ecs()).source("rules.yaml", rules).build().expect("the rules build");
    let engine = Engine::builder().detector(set).build().expect("the engine builds");
    let bare = Engine::builder().build().expect("the engine builds");
    println!("{:.1} {:.1}", taken(&engine, &lines), taken(&bare, &lines));
}

/// Nanoseconds an event, without the copy that each event is handed over as.
fn taken<'l>(engine: &Engine, lines: &'l str) -> f64 {
    let reader = JsonReader::new(&Schema::ecs(), engine.fields());
    let read = |line: &'l str| reader.read(line.as_bytes()).expect("it is an event");
    let events: Vec<Event<'l>> = lines.lines().map(read).collect();
    let round = || {
        let copied = spent(|| events.iter().for_each(|event| drop(black_box(event.clone()))));
        let both = spent(|| events.iter().for_each(|event| drop(black_box(engine.process(event.clone())))));
        (both.as_nanos() as f64 - copied.as_nanos() as f64) / events.len() as f64
    };
    round();
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

fn spent(work: impl FnOnce()) -> Duration {
    let begin = cpu_time();
    work();
    cpu_time() - begin
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
