//! The smallest set of tests that would have to turn out otherwise.
//!
//! Where no test stands twice, the cost of a clause follows from those of its parts: `all` wants every part true and one
//! false, `any` the other way round. A test that stands twice turns in both places or in none: every combination of such
//! tests is tried, and for each the rest is as before. So the answer is exact up to [`SHARED_LIMIT`] of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::clause::{Clause, Says};

/// Of so many tests that stand in several places every combination is tried. Others then stay as they are.
const SHARED_LIMIT: usize = 10;

/// A test that would have to turn out otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The test, as in [`Tested::test`](super::Tested::test).
    pub test: String,
    /// How it would have to turn out.
    pub holds: bool,
}

/// What would have to change for the clause to turn out otherwise, and whether nothing less would do. Nothing if no
/// change does.
pub(super) fn smallest(clause: &Clause) -> (Vec<Change>, bool) {
    let mut places: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
    for (id, holds) in clause.tests().into_iter().filter_map(|test| Some((test.id()?, test.holds))) {
        places.entry(id).or_insert((0, holds)).0 += 1;
    }
    let shared: Vec<(usize, bool)> =
        places.iter().filter(|(_, (count, _))| *count > 1).map(|(id, (_, holds))| (*id, *holds)).collect();
    let (tried, left) = shared.split_at(shared.len().min(SHARED_LIMIT));
    let mut best: Option<(u32, BTreeMap<usize, bool>)> = None;
    for turned in 0..1_u32 << tried.len() {
        let bit = |at: usize| turned >> at & 1 == 1;
        let mut fixed: BTreeMap<usize, bool> = left.iter().copied().collect();
        fixed.extend(tried.iter().enumerate().map(|(at, (id, holds))| (*id, *holds != bit(at))));
        let Some(cost) = cost(clause, !clause.holds, &fixed) else { continue };
        let cost = cost + turned.count_ones();
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, fixed));
        }
    }
    let Some((_, fixed)) = best else { return (Vec::new(), left.is_empty()) };
    let mut turned: BTreeSet<usize> =
        shared.iter().filter(|(id, holds)| fixed.get(id) != Some(holds)).map(|(id, _)| *id).collect();
    collect(clause, !clause.holds, &fixed, &mut turned);
    (named(clause, &turned), left.is_empty())
}

/// How many tests have to turn for the clause to come out as `wanted`, those aside that are fixed. `None` if none do it.
fn cost(clause: &Clause, wanted: bool, fixed: &BTreeMap<usize, bool>) -> Option<u32> {
    let each =
        |parts: &[Clause]| parts.iter().try_fold(0_u32, |sum, part| Some(sum + cost(part, wanted, fixed)?));
    let one = |parts: &[Clause]| parts.iter().filter_map(|part| cost(part, wanted, fixed)).min();
    match (&clause.says, wanted) {
        (Says::All(parts), true) | (Says::Any(parts), false) => each(parts),
        (Says::All(parts), false) | (Says::Any(parts), true) => one(parts),
        (Says::Not(part), _) => cost(part, !wanted, fixed),
        (Says::Test(test), _) => match fixed.get(&test.id) {
            Some(truth) => (*truth == wanted).then_some(0),
            None => Some(u32::from(clause.holds != wanted)),
        },
    }
}

fn collect(clause: &Clause, wanted: bool, fixed: &BTreeMap<usize, bool>, turned: &mut BTreeSet<usize>) {
    match (&clause.says, wanted) {
        (Says::All(parts), true) | (Says::Any(parts), false) => {
            parts.iter().for_each(|part| collect(part, wanted, fixed, turned));
        }
        (Says::All(parts), false) | (Says::Any(parts), true) => {
            let possible = parts.iter().filter_map(|part| Some((cost(part, wanted, fixed)?, part)));
            if let Some((_, part)) = possible.min_by_key(|(cost, _)| *cost) {
                collect(part, wanted, fixed, turned);
            }
        }
        (Says::Not(part), _) => collect(part, !wanted, fixed, turned),
        (Says::Test(test), _) => {
            if clause.holds != wanted && !fixed.contains_key(&test.id) {
                turned.insert(test.id);
            }
        }
    }
}

fn named(clause: &Clause, turned: &BTreeSet<usize>) -> Vec<Change> {
    let mut seen = BTreeSet::new();
    let tests = clause.tests().into_iter().filter_map(|part| match &part.says {
        Says::Test(test) if turned.contains(&test.id) && seen.insert(test.id) => {
            Some(Change { test: test.test.clone(), holds: !part.holds })
        }
        _ => None,
    });
    tests.collect()
}

impl Clause {
    fn id(&self) -> Option<usize> {
        match &self.says {
            Says::Test(test) => Some(test.id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::clause::Tested;
    use super::*;

    #[derive(Clone, Debug)]
    enum Shape {
        All(Vec<Shape>),
        Any(Vec<Shape>),
        Not(Box<Shape>),
        Test(usize),
    }

    fn shape() -> impl Strategy<Value = Shape> {
        let leaf = (0_usize..7).prop_map(Shape::Test);
        leaf.prop_recursive(4, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Shape::All),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Shape::Any),
                inner.prop_map(|inner| Shape::Not(Box::new(inner))),
            ]
        })
    }

    fn clause(shape: &Shape, truths: u32) -> Clause {
        let each = |parts: &[Shape]| parts.iter().map(|part| clause(part, truths)).collect::<Vec<_>>();
        match shape {
            Shape::All(parts) => {
                let parts = each(parts);
                Clause { holds: parts.iter().all(|part| part.holds), says: Says::All(parts) }
            }
            Shape::Any(parts) => {
                let parts = each(parts);
                Clause { holds: parts.iter().any(|part| part.holds), says: Says::Any(parts) }
            }
            Shape::Not(part) => {
                let part = clause(part, truths);
                Clause { holds: !part.holds, says: Says::Not(Box::new(part)) }
            }
            Shape::Test(id) => {
                let tested = Tested { test: id.to_string(), values: Vec::new(), id: *id };
                Clause { holds: truths >> id & 1 == 1, says: Says::Test(tested) }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn nothing_less_would_do(shape in shape(), truths in 0_u32..128) {
            let now = clause(&shape, truths);
            let (changes, exact) = smallest(&now);
            prop_assert!(exact);
            let least = (0_u32..128)
                .filter(|flipped| clause(&shape, truths ^ flipped).holds != now.holds)
                .map(u32::count_ones)
                .min();
            let flipped = changes.iter().fold(0, |flipped, change| flipped | 1 << change.test.parse::<u32>().unwrap());
            match least {
                None => prop_assert_eq!(changes.len(), 0),
                Some(least) => {
                    prop_assert_eq!(changes.len(), least as usize);
                    prop_assert_ne!(clause(&shape, truths ^ flipped).holds, now.holds);
                }
            }
        }
    }
}
