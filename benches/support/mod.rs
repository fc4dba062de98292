//! What the benches share: timing two sides in turn, and the line a bar is printed as.
//!
//! The clock is wall time of a single thread, since `std` has no CPU time; what else runs on the machine falls on
//! both sides alike because they take turns, and on neither much because medians are taken.

#![allow(dead_code, reason = "each bench uses a part, and which is different in each")]

use std::fmt;
use std::time::{Duration, Instant};

/// Rounds before the clock counts.
const WARM_UP: usize = 10;
/// Rounds measured; odd, so that a median exists.
const ROUNDS: usize = 101;

/// What a bar asks for.
#[derive(Clone, Copy, Debug)]
pub enum Asks {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// From the first to the second.
    Within(f64, f64),
}

impl Asks {
    fn met_by(self, measured: f64) -> bool {
        match self {
            Asks::AtLeast(bound) => measured >= bound,
            Asks::AtMost(bound) => measured <= bound,
            Asks::Within(low, high) => (low..=high).contains(&measured),
        }
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asks::AtLeast(bound) => write!(f, ">={bound}"),
            Asks::AtMost(bound) => write!(f, "<={bound}"),
            Asks::Within(low, high) => write!(f, "{low}..={high}"),
        }
    }
}

/// Prints a bar: `bar <area>/<name> measured <number> <unit> asks <bound> ok|missed`.
pub fn bar(area_name: &str, measured: f64, unit: &str, asks: Asks) {
    let answer = if asks.met_by(measured) { "ok" } else { "missed" };
    println!("bar {area_name} measured {measured:.2} {unit} asks {asks} {answer}");
}

/// How two sides compare.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    /// Median of the rounds' `peer / ours`: above 1 where ours is faster.
    pub ratio: f64,
    /// Median time of a call of the peer.
    pub peer: Duration,
    /// Median time of a call of ours.
    pub ours: Duration,
}

/// Times both sides in turn, warm. A call should take a millisecond or so: let it do a batch.
pub fn ratio(mut peer: impl FnMut(), mut ours: impl FnMut()) -> Ratio {
    for _ in 0..WARM_UP {
        peer();
        ours();
    }
    let rounds: Vec<(Duration, Duration)> = (0..ROUNDS)
        .map(|round| {
            // Who goes first alternates, so that neither always finds the other's cache.
            if round % 2 == 0 {
                let peer = time(&mut peer);
                (peer, time(&mut ours))
            } else {
                let ours = time(&mut ours);
                (time(&mut peer), ours)
            }
        })
        .collect();
    let ratios = rounds.iter().map(|(peer, ours)| peer.as_secs_f64() / ours.as_secs_f64().max(1e-9));
    Ratio {
        ratio: median(ratios.collect(), f64::total_cmp),
        peer: median(rounds.iter().map(|(peer, _)| *peer).collect(), Ord::cmp),
        ours: median(rounds.iter().map(|(_, ours)| *ours).collect(), Ord::cmp),
    }
}

fn time(run: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median<T: Copy>(mut values: Vec<T>, order: impl Fn(&T, &T) -> std::cmp::Ordering) -> T {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, order).1
}
