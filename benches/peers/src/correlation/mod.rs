//! Counting over a window of ten minutes, for each source address: failed logins, and different users among them.
//!
//! Both sides count the same events under the same condition and say so once a window: the peer that the bars are about
//! is given a suppression of ten minutes and does not report the single logins, which both make it faster. Each side gets
//! events of its own kind: addresses are addresses for ours and texts for the peer, which makes texts of all keys. State
//! grows while it runs, so the sides cannot repeat a round: they take turns, in batches of events made
//! beforehand, and what is compared is the CPU time of all batches together.

mod flat;
mod logins;
pub(crate) mod memory;
mod sides;

use std::hint::black_box;

use crate::bar::{self, Asks, LaneBar, bar};
use crate::clock::cpu;
use logins::Logins;
use sides::{Kind, Ours, Peer, Voice};

/// Events a run, at a thousand a second of event time.
const EVENTS: u32 = 400_000;
/// Events a turn: enough that a side's state is soon back in the cache that the others have had meanwhile.
const TURN: usize = 20_000;
/// Events made at once, outside the clock: few enough to still be in the cache when they are looked at.
const BATCH: usize = 200;
/// Kind, source addresses, and the bar.
const LANES: [(Kind, u32, LaneBar); 4] = [
    (Kind::Count, 1_000, Some(("rules/event-count-vs-rsigma", 10.0))),
    (Kind::Count, 100_000, None),
    (Kind::Distinct, 1_000, Some(("rules/value-count-vs-rsigma", 100.0))),
    (Kind::Distinct, 100_000, None),
];

/// CPU seconds and findings of a side.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    seconds: f64,
    findings: usize,
}

pub(crate) fn run() {
    for (kind, keys, asked) in LANES {
        match against(kind, keys) {
            Ok(sides) => report(kind, keys, sides, asked),
            Err(why) => asked.into_iter().for_each(|(name, _)| bar::skipped(name, &why)),
        }
    }
    flat::run();
    memory::run();
}

/// What ours took, the peer saying as much as ours does, and the peer saying what it says by default.
fn against(kind: Kind, keys: u32) -> Result<[Spent; 3], String> {
    let ours = Ours::new(kind);
    let mut peers = [Peer::new(kind, Voice::Quiet)?, Peer::new(kind, Voice::Default)?];
    let mut spent = [Spent::default(); 3];
    let logins: Vec<_> = Logins::new(keys).take(EVENTS as usize).collect();
    for (round, logins) in logins.chunks(TURN).enumerate() {
        let [mine, quiet, default] = &mut spent;
        let [quiet_peer, default_peer] = &mut peers;
        let mut turns: [(&mut Spent, &mut dyn FnMut() -> Spent); 3] = [
            (mine, &mut || ours.turn(logins)),
            (quiet, &mut || quiet_peer.turn(logins)),
            (default, &mut || default_peer.turn(logins)),
        ];
        turns.rotate_left(round % 3);
        for (spent, side) in turns {
            spent.add(side());
        }
    }
    Ok(spent)
}

fn report(kind: Kind, keys: u32, [ours, quiet, default]: [Spent; 3], asked: LaneBar) {
    let shown = |spent: Spent| {
        format!("{:.0} ns an event, {} findings", spent.seconds / f64::from(EVENTS) * 1e9, spent.findings)
    };
    let ratio = quiet.seconds / ours.seconds;
    println!(
        "{kind:?}, {keys} keys, {EVENTS} events: ours {}; rsigma {}, ratio {ratio:.1}; rsigma as it comes {}, ratio {:.1}",
        shown(ours),
        shown(quiet),
        shown(default),
        default.seconds / ours.seconds
    );
    if let Some((name, least)) = asked {
        bar(name, ratio, "ratio", Asks::AtLeast(least));
    }
}

impl Spent {
    fn add(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.findings += other.findings;
    }
}

/// Runs a side over a batch that is made already.
fn clocked<E>(events: &[E], mut each: impl FnMut(&E) -> usize) -> Spent {
    let begin = cpu();
    let findings = events.iter().map(|event| black_box(each(event))).sum();
    Spent { seconds: cpu() - begin, findings }
}
