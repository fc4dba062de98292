//! What all patterns hold together stays within its budget, at the cost of those that hold most.

use super::entry::Entry;

/// Frees what is too old, and an eighth of the budget if that is not enough. Gives how many observations left that a match
/// might have needed.
///
/// It looks at every pattern, but then there is room for an eighth of the budget before it has to look again: so a flood
/// costs each of its events little.
pub(super) fn shrink(entries: &[Entry], newest: i64, budget: usize) -> u64 {
    for entry in entries {
        entry.state.keep(newest, usize::MAX);
    }
    let target = budget - budget / 8;
    let held: Vec<usize> = entries.iter().map(|entry| entry.state.bytes()).collect();
    let Some(most) = share(held, target) else { return 0 };
    entries.iter().map(|entry| entry.state.keep(newest, most / entry.state.weight)).sum()
}

/// The largest share such that all fit if none has more; none if they fit anyway.
fn share(mut held: Vec<usize>, target: usize) -> Option<usize> {
    held.sort_unstable();
    let (mut left, mut sharing) = (target, held.len());
    for bytes in held {
        let share = left / sharing;
        if bytes > share {
            return Some(share);
        }
        left -= bytes;
        sharing -= 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_at_the_cost_of_those_that_hold_most() {
        assert_eq!(share(vec![1, 2, 3], 6), None);
        assert_eq!(share(vec![100, 1, 2], 13), Some(10));
        assert_eq!(share(vec![100, 1, 50], 41), Some(20));
        assert_eq!(share(vec![], 0), None);
        assert_eq!(share(vec![5, 0], 0), Some(0));
    }
}
