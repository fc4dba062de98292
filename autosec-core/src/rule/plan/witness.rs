use super::predicate::Predicate;

/// For "no other atom".
pub(super) const NONE: u32 = u32::MAX;

/// Atoms of which at least one is true whenever a condition is, and how many events they lead to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Witnesses {
    pub(super) atoms: Vec<Witness>,
    /// The share of events that have one.
    pub(super) share: f32,
}

/// An atom that makes a condition worth a look, if its guard does not say no.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Witness {
    pub(super) atom: u32,
    /// Another atom that must be true besides; [`NONE`] if there is none.
    pub(super) guard: u32,
}

/// Chooses the witnesses of a condition that the fewest events have; nothing if the condition can be true of an event
/// that has nothing at all. `share` gives the share of events for which an atom may be true, nothing for one that needs
/// nothing of the event.
pub(super) fn choose(condition: &Predicate, share: &impl Fn(u32) -> Option<f32>) -> Option<Witnesses> {
    of(condition, false, share)
}

fn of(condition: &Predicate, negated: bool, share: &impl Fn(u32) -> Option<f32>) -> Option<Witnesses> {
    match (condition, negated) {
        (Predicate::Not(part), _) => of(part, !negated, share),
        (Predicate::All(parts), false) | (Predicate::Any(parts), true) => {
            rarest(parts.iter().filter_map(|part| of(part, negated, share)))
        }
        (Predicate::Any(parts), false) | (Predicate::All(parts), true) => {
            let parts = parts.iter().map(|part| of(part, negated, share));
            parts.collect::<Option<Vec<_>>>().map(together)
        }
        (Predicate::Atom(atom), false) => {
            share(*atom).map(|share| Witnesses { atoms: vec![Witness { atom: *atom, guard: NONE }], share })
        }
        (Predicate::Atom(_), true) => None,
    }
}

/// The rarest of several, all of which must be there; the next one, if it is a single atom, becomes its guard.
fn rarest(parts: impl Iterator<Item = Witnesses>) -> Option<Witnesses> {
    let mut parts: Vec<_> = parts.collect();
    parts.sort_by(|left, right| left.share.total_cmp(&right.share));
    let mut parts = parts.into_iter();
    let mut best = parts.next()?;
    let guard = parts.find_map(|part| match part.atoms.as_slice() {
        [Witness { atom, .. }] => Some(*atom),
        _ => None,
    });
    for witness in best.atoms.iter_mut().filter(|witness| witness.guard == NONE) {
        witness.guard = guard.unwrap_or(NONE);
    }
    Some(best)
}

fn together(parts: Vec<Witnesses>) -> Witnesses {
    let share = parts.iter().map(|part| part.share).sum::<f32>().min(1.0);
    Witnesses { atoms: parts.into_iter().flat_map(|part| part.atoms).collect(), share }
}
