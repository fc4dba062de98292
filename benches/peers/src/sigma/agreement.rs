//! Where two sides found different things.

use std::collections::{BTreeMap, BTreeSet};

/// Which rule found something in which event.
pub(super) type Pairs = BTreeSet<(String, usize)>;

/// Prints a line for each rule that did not find the same events on both sides.
pub(super) fn print(ours: &Pairs, theirs: &Pairs) {
    let mut rules: BTreeMap<&str, [Vec<usize>; 2]> = BTreeMap::new();
    for (id, event) in ours.difference(theirs) {
        rules.entry(id).or_default()[0].push(*event);
    }
    for (id, event) in theirs.difference(ours) {
        rules.entry(id).or_default()[1].push(*event);
    }
    println!("rules that differ from rsigma's: {}", rules.len());
    for (id, [only_ours, only_theirs]) in rules {
        let first = only_ours.iter().chain(&only_theirs).min().copied().unwrap_or_default();
        println!(
            "  {id}: {} events only ours, {} only rsigma's; the first is line {}",
            only_ours.len(),
            only_theirs.len(),
            first + 1
        );
    }
}

/// Prints which rules find the most.
pub(super) fn print_loudest(pairs: &Pairs) {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, _) in pairs {
        *rules.entry(id).or_default() += 1;
    }
    let mut rules: Vec<_> = rules.into_iter().map(|(id, count)| (count, id)).collect();
    rules.sort_unstable_by(|one, other| other.cmp(one));
    let loudest: Vec<_> = rules.iter().take(5).map(|(count, id)| format!("{id} {count}")).collect();
    println!("{} rules find something; most: {}", rules.len(), loudest.join(", "));
}
