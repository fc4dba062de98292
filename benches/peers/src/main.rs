//! AutoSec beside its peers, in one process, on the same events.
//!
//! ```text
//! cargo run --release --ignore-rust-version --manifest-path benches/peers/Cargo.toml            # all areas
//! cargo run --release --ignore-rust-version --manifest-path benches/peers/Cargo.toml -- sigma   # one of them
//! ```
//!
//! | area | what | beside |
//! |---|---|---|
//! | `sigma` | 3,754 Sigma rules on 2,000 Windows events; loading and memory | rsigma, sigma-rust |
//! | `filters` | 100, 1,000 and 10,000 one-line filters on 500 requests | wirefilter |
//! | `correlation` | counts and distinct counts over a window | rsigma |
//! | `prefix` | which of a million prefixes an address belongs to | iptrie, prefix-trie |
//! | `threads` | two threads on one rule set | one thread |
//!
//! `--ignore-rust-version` is for a dependency of rsigma that declares a newer compiler than it needs. The Sigma rules
//! and events are looked for in `../shared/corpora` beside the repository.
//!
//! Time is the CPU time of the thread, except in `threads`. Both sides run warm and take turns, and medians are
//! compared; `correlation` keeps state, and says itself how it takes turns. Memory is measured in child processes, where
//! an allocator counts, so that nothing counts while time is measured. A bar is a line
//! `bar <area>/<name> measured <number> <unit> asks <bound> ok|missed`, or `bar <area>/<name> skipped (<why>)`.

mod bar;
mod clock;
mod correlation;
mod filters;
mod heap;
mod prefix;
mod random;
mod sigma;
mod threads;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// Every area with what runs it.
const AREAS: [(&str, fn()); 5] = [
    ("sigma", sigma::run),
    ("filters", filters::run),
    ("correlation", correlation::run),
    ("prefix", prefix::run),
    ("threads", threads::run),
];

/// What the areas ask of child processes of this program, see [`heap::in_child`].
const LOADS: [(&str, heap::Load); 2] =
    [("sigma-heap", sigma::memory::load), ("correlation-heap", correlation::memory::load)];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((name, rest)) = arguments.split_first()
        && let Some((_, load)) = LOADS.iter().find(|(held, _)| held == name)
    {
        heap::report(*load, rest);
        return ExitCode::SUCCESS;
    }
    let unknown = arguments.iter().find(|name| AREAS.iter().all(|(held, _)| held != name));
    if let Some(name) = unknown {
        let known: Vec<_> = AREAS.iter().map(|(name, _)| *name).collect();
        eprintln!("there is no area `{name}`; the areas are {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    for (name, run) in AREAS {
        if arguments.is_empty() || arguments.iter().any(|asked| asked == name) {
            println!("# {name}");
            run();
        }
    }
    ExitCode::SUCCESS
}
