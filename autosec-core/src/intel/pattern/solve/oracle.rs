//! The search against every binding there is, on small patterns.

use proptest::prelude::*;

use super::super::limits::MatchLimits;
use super::super::program::Node;
use super::{Seen, bind};

/// Every binding of the node: for each bracket the number of an observation.
fn bindings(node: &Node, seen: &[Seen], admitted: &[Vec<usize>]) -> Vec<Vec<usize>> {
    match node {
        Node::Bracket(number) => admitted[*number].iter().map(|observation| vec![*observation]).collect(),
        Node::All(parts) => joined(parts, seen, admitted, |_, _| true),
        Node::Then(parts) => joined(parts, seen, admitted, |left, right| {
            let first = left.iter().map(|one| seen[*one].first).max();
            first <= right.iter().map(|one| seen[*one].last).min()
        }),
        Node::Any(parts) => parts.iter().flat_map(|part| bindings(part, seen, admitted)).collect(),
        Node::Repeats(inner, times) => {
            let copies = vec![(**inner).clone(); usize::try_from(*times).unwrap()];
            joined(&copies, seen, admitted, |_, _| true)
        }
        Node::Within(inner, span) => {
            let mut kept = bindings(inner, seen, admitted);
            kept.retain(|binding| {
                let end = binding.iter().map(|one| seen[*one].last).min().unwrap();
                binding.iter().all(|one| seen[*one].first <= end + span)
            });
            kept
        }
    }
}

fn joined(
    parts: &[Node],
    seen: &[Seen],
    admitted: &[Vec<usize>],
    fits: impl Fn(&[usize], &[usize]) -> bool,
) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for part in parts {
        let right = bindings(part, seen, admitted);
        let pairs = all.iter().flat_map(|left| right.iter().map(move |right| (left, right)));
        let kept = pairs.filter(|(left, right)| left.is_empty() || fits(left, right));
        let mut next: Vec<Vec<usize>> = kept.map(|(left, right)| [left.as_slice(), right].concat()).collect();
        next.retain(|binding| is_affordable(binding, seen));
        next.dedup();
        all = next;
    }
    all
}

fn is_affordable(binding: &[usize], seen: &[Seen]) -> bool {
    binding.iter().all(|one| {
        let used = binding.iter().filter(|other| *other == one).count();
        u64::try_from(used).unwrap() <= seen[*one].count
    })
}

const BRACKETS: usize = 3;

fn node() -> impl Strategy<Value = Node> {
    let bracket = (0..BRACKETS).prop_map(Node::Bracket);
    bracket.prop_recursive(4, 7, 3, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts().prop_map(Node::All),
            parts().prop_map(Node::Any),
            parts().prop_map(Node::Then),
            (inner.clone(), 2_u64..4).prop_map(|(inner, times)| Node::Repeats(Box::new(inner), times)),
            (inner.clone(), 0_i64..4).prop_map(|(inner, span)| Node::Within(Box::new(inner), span)),
        ]
    })
}

fn brackets(node: &Node) -> u64 {
    match node {
        Node::Bracket(_) => 1,
        Node::All(parts) | Node::Any(parts) | Node::Then(parts) => parts.iter().map(brackets).sum(),
        Node::Repeats(inner, times) => brackets(inner) * times,
        Node::Within(inner, _) => brackets(inner),
    }
}

fn observations() -> impl Strategy<Value = (Vec<Seen>, Vec<Vec<usize>>)> {
    let one = (0_i64..8, 0_i64..3, 1_u64..3, prop::collection::vec(prop::bool::weighted(0.6), BRACKETS));
    prop::collection::vec(one, 1..6).prop_map(|all| {
        let seen = all.iter().map(|(first, length, count, _)| Seen {
            first: *first,
            last: first + length,
            count: *count,
        });
        let admits = |bracket: usize| {
            all.iter().enumerate().filter(|(_, one)| one.3[bracket]).map(|(number, _)| number).collect()
        };
        (seen.collect(), (0..BRACKETS).map(admits).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn finds_a_binding_if_and_only_if_there_is_one(node in node(), (seen, admitted) in observations()) {
        prop_assume!(brackets(&node) <= 7);
        let expected = bindings(&node, &seen, &admitted);
        let found = bind(&node, &seen, &admitted, &MatchLimits::default()).unwrap();
        prop_assert_eq!(found.is_some(), !expected.is_empty());
        if let Some(found) = found {
            let is_one = expected.iter().any(|binding| {
                let mut binding = binding.clone();
                binding.sort_unstable();
                binding.dedup();
                binding == found
            });
            prop_assert!(is_one, "{:?} is none of {:?}", found, expected);
        }
    }

    #[test]
    fn never_says_yes_for_want_of_time(node in node(), (seen, admitted) in observations(), steps in 0_usize..60) {
        prop_assume!(brackets(&node) <= 7);
        let limits = MatchLimits { steps, alternatives: 2, slots: 3, ..MatchLimits::default() };
        let complete = bind(&node, &seen, &admitted, &MatchLimits::default()).unwrap();
        match bind(&node, &seen, &admitted, &limits) {
            Ok(found) => prop_assert_eq!(found.is_some(), complete.is_some()),
            Err(fault) => prop_assert!(fault.is_undecided()),
        }
    }
}
