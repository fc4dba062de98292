//! The line a bar is printed as.

use std::fmt;

/// What a bar asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asks {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// Neither less than the first nor more than the second.
    Within(f64, f64),
}

/// Prints a bar: `bar <area>/<name> measured <number> <unit> asks <bound> ok|missed`.
pub(crate) fn bar(name: &str, measured: f64, unit: &str, asks: Asks) {
    let answer = if asks.met_by(measured) { "ok" } else { "missed" };
    println!("bar {name} measured {measured:.2} {unit} asks {asks} {answer}");
}

/// Says that a bar could not be measured.
pub(crate) fn skipped(name: &str, why: impl fmt::Display) {
    println!("bar {name} skipped ({why})");
}

impl Asks {
    fn met_by(self, measured: f64) -> bool {
        match self {
            Self::AtLeast(bound) => measured >= bound,
            Self::AtMost(bound) => measured <= bound,
            Self::Within(least, most) => (least..=most).contains(&measured),
        }
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, ">={bound}"),
            Self::AtMost(bound) => write!(f, "<={bound}"),
            Self::Within(least, most) => write!(f, "{least}..={most}"),
        }
    }
}
