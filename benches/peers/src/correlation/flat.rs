//! Does what an event costs depend on how many lie in the window? One key, so that nothing but the window is looked at;
//! the first half of the events fills the window, the second half is timed.

use std::hint::black_box;
use std::net::Ipv4Addr;

use autosec_core::event::Event;
use autosec_core::finding::{Detector, Findings};
use autosec_core::time::Timestamp;

use super::logins::Login;
use super::sides::{Kind, Ours, event, user};
use crate::bar::{Asks, bar};
use crate::clock::{cpu, turns};

/// Events timed, after as many that fill the window.
const EVENTS: i64 = 1_000_000;
/// How long a window is, in microseconds.
const WINDOW: i64 = 600_000_000;
const ROUNDS: usize = 7;

pub(super) fn run() {
    for (kind, name) in [(Kind::Count, "rules/event-count-flat"), (Kind::Distinct, "rules/value-count-flat")]
    {
        let turns = turns(
            ROUNDS,
            [&mut || seconds(kind, 10), &mut || seconds(kind, 1_000), &mut || seconds(kind, 1_000_000)],
        );
        let [few, some, many] = [0, 1, 2].map(|side| turns.median(side) / EVENTS as f64 * 1e9);
        println!(
            "{kind:?}, one key: {few:.1} ns an event at 10 events a window, {some:.1} at 1,000, {many:.1} at 1,000,000"
        );
        bar(name, turns.ratio(2, 0), "ratio", Asks::Within(0.8, 1.2));
    }
}

/// CPU seconds of the second half of the events, so many of which fall into a window.
fn seconds(kind: Kind, in_window: i64) -> f64 {
    let ours = Ours::new(kind);
    let users: Vec<String> = (0..50).map(|user_number| user(&login(user_number))).collect();
    let mut events: Vec<Event<'_>> = (0..50).zip(&users).map(|(at, user)| event(&login(at), user)).collect();
    let mut begin = 0.0;
    let mut done = 0;
    while done < 2 * EVENTS {
        if done == EVENTS {
            begin = cpu();
        }
        for event in &mut events {
            event.set_time(Timestamp::from_micros(1_800_000_000_000_000 + done * WINDOW / in_window));
            let mut findings = Findings::default();
            ours.0.detect(event, &mut findings);
            black_box(findings);
            done += 1;
        }
    }
    cpu() - begin
}

fn login(user: u32) -> Login {
    Login { millis: 0, address: Ipv4Addr::new(10, 0, 0, 1), user }
}
