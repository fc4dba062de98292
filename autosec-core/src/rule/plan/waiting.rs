use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};

use super::index::Kind;
use super::need::{Need, Way};
use super::predicate::Predicate;
use super::rarity::{PRESENT, Rarity};
use super::witness::{self, Witness, Witnesses};
use crate::event::FieldId;

/// A field with an atom of more texts than this is indexed even if no condition waits for it.
const MANY: usize = 32;
/// A field with so many texts is scanned late if a condition asks for one of them: that is cheaper than one by one.
const LATE: usize = 8;
/// How many looks at conditions an event must be saved if a field is to be scanned for it.
const SCAN_WORTH: f32 = 0.7;

/// Which conditions wait for which atoms.
#[derive(Debug)]
pub(super) struct WaitingList {
    /// For each atom where its conditions begin; one more for the end.
    starts: Box<[u32]>,
    waiting: Box<[Waiting]>,
}

/// A condition that is worth a look once an atom was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) condition: u32,
    /// Not if this atom is known to be false.
    pub(super) guard: u32,
}

impl WaitingList {
    fn new(atoms: usize, mut waiting: Vec<(u32, Waiting)>) -> Self {
        waiting.sort_by_key(|(atom, waiting)| (*atom, waiting.condition));
        let mut starts = vec![0_u32; atoms + 1];
        for (atom, _) in &waiting {
            starts.get_mut(*atom as usize + 1).into_iter().for_each(|many| *many += 1);
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { starts: starts.into(), waiting: waiting.into_iter().map(|(_, waiting)| waiting).collect() }
    }

    /// What waits for the atom.
    pub(super) fn of(&self, atom: u32) -> &[Waiting] {
        let at = atom as usize;
        let (Some(first), Some(end)) = (self.starts.get(at), self.starts.get(at + 1)) else { return &[] };
        self.waiting.get(*first as usize..*end as usize).unwrap_or_default()
    }
}

/// What waits for what, and what the index is to know.
#[derive(Debug)]
pub(super) struct Plan<'n, 'q> {
    pub(super) rarity: Rarity<'n, 'q>,
    pub(super) kinds: Vec<Kind>,
    pub(super) waiting: WaitingList,
    /// Conditions that wait for nothing.
    pub(super) always: Vec<u32>,
}

impl<'n, 'q> Plan<'n, 'q> {
    /// The plan for conditions about questions with these needs.
    pub(super) fn new(conditions: &[Predicate], needs: &'n [Option<Need<'q>>]) -> Self {
        let mut asked = vec![0_u32; needs.len()];
        for condition in conditions {
            condition
                .atoms(&mut |atom| asked.get_mut(atom as usize).into_iter().for_each(|times| *times += 1));
        }
        let asked = needs.iter().zip(&asked);
        let rarity = Rarity::new(asked.filter_map(|(need, asked)| Some((need.as_ref()?, *asked))));
        let shares = needs.iter().map(|need| need.as_ref().map(|need| rarity.of(need))).collect();
        let (mut waiting, mut always) = (Vec::new(), Vec::new());
        for (number, chosen) in (0_u32..).zip(Choice { conditions, needs, shares }.all()) {
            let wait = |Witness { atom, guard }| (atom, Waiting { condition: number, guard });
            match chosen {
                Some(witnesses) => waiting.extend(witnesses.atoms.into_iter().map(wait)),
                None => always.push(number),
            }
        }
        let kinds = kinds(needs, &waiting);
        Self { rarity, kinds, waiting: WaitingList::new(needs.len(), waiting), always }
    }
}

/// The choice of what conditions wait for.
#[derive(Debug)]
struct Choice<'c, 'n, 'q> {
    conditions: &'c [Predicate],
    needs: &'n [Option<Need<'q>>],
    /// For each atom the share of events for which it may be true.
    shares: Vec<Option<f32>>,
}

impl Choice<'_, '_, '_> {
    /// For each condition the rarest witnesses; but a field that few conditions would wait for is not scanned if they can
    /// wait for something else that is hardly more common.
    fn all(&self) -> Vec<Option<Witnesses>> {
        let mut closed = HashSet::new();
        let mut chosen: Vec<_> = self.conditions.iter().map(|one| self.one(one, &closed)).collect();
        let share = |witnesses: Option<&Witnesses>| witnesses.map_or(1.0, |witnesses| witnesses.share);
        for (field, waiting) in self.scanned(&chosen) {
            closed.insert(field);
            let other = |at: &usize| Some((*at, self.one(self.conditions.get(*at)?, &closed)));
            let others: Vec<_> = waiting.iter().filter_map(other).collect();
            let saved = others
                .iter()
                .map(|(at, other)| share(other.as_ref()) - share(chosen.get(*at).and_then(Option::as_ref)));
            if saved.sum::<f32>() > SCAN_WORTH {
                closed.remove(&field);
                continue;
            }
            for (at, other) in others {
                chosen.get_mut(at).into_iter().for_each(|held| held.clone_from(&other));
            }
        }
        chosen
    }

    fn one(&self, condition: &Predicate, closed: &HashSet<Option<FieldId>>) -> Option<Witnesses> {
        witness::choose(condition, &|atom| {
            let share = self.shares.get(atom as usize).copied().flatten()?;
            let is_closed = self.scan(atom).is_some_and(|field| closed.contains(&field));
            Some(if is_closed { share.max(PRESENT) } else { share })
        })
    }

    /// The fields in which texts are looked for because conditions wait for them, those of fewest conditions first, and
    /// these conditions.
    fn scanned(&self, chosen: &[Option<Witnesses>]) -> Vec<(Option<FieldId>, Vec<usize>)> {
        let mut scanned: BTreeMap<Option<FieldId>, Vec<usize>> = BTreeMap::new();
        for (at, witnesses) in chosen.iter().enumerate() {
            for witness in witnesses.iter().flat_map(|witnesses| &witnesses.atoms) {
                let Some(field) = self.scan(witness.atom) else { continue };
                let held = scanned.entry(field).or_default();
                if held.last() != Some(&at) {
                    held.push(at);
                }
            }
        }
        let mut scanned: Vec<_> = scanned.into_iter().collect();
        scanned.sort_by_key(|(_, conditions)| conditions.len());
        scanned
    }

    /// The field that must be scanned to find the atom, if one must; nothing inside for all fields.
    fn scan(&self, atom: u32) -> Option<Option<FieldId>> {
        let need = self.needs.get(atom as usize)?.as_ref()?;
        (need.way() == Way::Within).then_some(need.field)
    }
}

/// Where a condition waits for an atom, the index knows all atoms that are found in the same way, and where one has many
/// texts. All others are asked when a condition needs them, which is cheaper than to look for them in every event.
fn kinds(needs: &[Option<Need<'_>>], waiting: &[(u32, Waiting)]) -> Vec<Kind> {
    let mut kinds = vec![Kind::default(); needs.len()];
    for (atom, _) in waiting {
        kinds.get_mut(*atom as usize).into_iter().for_each(|kind| kind.witness = true);
    }
    let way = |need: &Need<'_>| (need.field, need.way());
    let held = needs.iter().zip(&kinds).filter_map(|(need, kind)| Some((need.as_ref()?, kind)));
    let watched = held.filter(|(need, kind)| kind.witness || (need.keys.len() > MANY && !need.is_dear()));
    let watched: HashSet<(Option<FieldId>, Way)> = watched.map(|(need, _)| way(need)).collect();
    let mut texts: HashMap<FieldId, usize> = HashMap::new();
    for need in needs.iter().flatten().filter(|need| need.way() == Way::Within) {
        need.field.into_iter().for_each(|field| *texts.entry(field).or_default() += need.keys.len());
    }
    let many =
        |field: Option<FieldId>| field.and_then(|field| texts.get(&field)).is_some_and(|many| *many >= LATE);
    for (need, kind) in needs.iter().zip(&mut kinds) {
        let Some(need) = need else { continue };
        kind.typed = need.typed;
        kind.enough = need.enough;
        kind.indexed = match need.way() {
            // That a field is there is soon asked, and as a rule says little.
            Way::Present => need.enough && kind.witness,
            _ => watched.contains(&way(need)) && (kind.witness || !need.is_dear()),
        };
        let unwatched = need.way() == Way::Within && !watched.contains(&way(need));
        kind.late = unwatched && !need.is_dear() && many(need.field);
    }
    kinds
}
