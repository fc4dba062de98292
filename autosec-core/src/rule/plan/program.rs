use std::cell::Cell;

use super::index::marks::{Mark, Marks};
use super::index::{Builder, Index, Kind};
use super::intern::Questions;
use super::need::{Key, Need};
use super::predicate::{Atom, Predicate};
use super::rarity::Rarity;
use super::witness::{self, NONE, Witness};
use crate::event::{Event, FieldId};
use crate::rule::lang::condition::Condition;

/// A field with an atom of more texts than this is indexed even if no condition waits for it.
const MANY: usize = 8;

/// All conditions of a rule set, which are asked of an event at once.
#[derive(Debug)]
pub(crate) struct Program {
    conditions: Box<[Predicate]>,
    atoms: Box<[Atom]>,
    index: Index,
    /// For each atom where its waiting conditions begin in `waiting`; one more for the end.
    starts: Box<[u32]>,
    waiting: Box<[Waiting]>,
    /// Conditions that can be true of an event in which the index finds nothing.
    always: Box<[u32]>,
}

/// A condition that is worth a look once an atom was found.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    condition: u32,
    /// Not if this atom is known to be false.
    guard: u32,
}

/// What asking needs of memory, so that an event allocates nothing. It serves any number of programs.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    marks: Marks,
    /// For each condition the number of the event it was looked at for.
    seen: Vec<u32>,
    event: u32,
    text: Vec<u8>,
    matching: Vec<u32>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// The largest value whose copy in lower case is kept for the next event.
    const KEPT: usize = 1 << 18;

    /// Lends `run` the scratch of this thread, which is kept from event to event: so threads share nothing.
    pub(crate) fn with<T>(run: impl FnOnce(&mut Self) -> T) -> T {
        // Taken out and not borrowed: whoever asks while it is in use gets another.
        let mut scratch = SCRATCH.take().unwrap_or_default();
        let result = run(&mut scratch);
        if scratch.text.capacity() > Self::KEPT {
            scratch.text = Vec::new();
        }
        SCRATCH.set(Some(scratch));
        result
    }

    fn begin(&mut self, program: &Program) {
        self.marks.begin(program.atoms.len());
        self.matching.clear();
        if self.seen.len() < program.conditions.len() {
            self.seen.resize(program.conditions.len(), 0);
        }
        self.event = self.event.wrapping_add(1);
        if self.event == 0 {
            self.seen.fill(0);
            self.event = 1;
        }
    }

    /// Whether the condition is looked at for the first time.
    fn is_new(&mut self, condition: u32) -> bool {
        let held = self.seen.get_mut(condition as usize);
        held.is_some_and(|held| std::mem::replace(held, self.event) != self.event)
    }
}

impl Program {
    /// A program of these conditions; they are numbered from 0.
    pub(crate) fn new(conditions: Vec<Condition>) -> Self {
        let mut questions = Questions::default();
        let mut conditions: Box<[Predicate]> =
            conditions.into_iter().map(|condition| questions.predicate(condition)).collect();
        let questions = questions.all;
        let needs: Vec<_> = questions.iter().map(Need::of).collect();
        let Plan { rarity, kinds, waiting, always } = Plan::new(&conditions, &needs);
        let mut builder = Builder::default();
        for (atom, need) in (0_u32..).zip(&needs) {
            if let Some(need) = need
                && kinds.get(atom as usize).is_some_and(|kind| kind.indexed || kind.witness)
            {
                builder.add(atom, need);
            }
        }
        let index = builder.build(kinds.into(), &rarity);
        drop(rarity);
        drop(needs);
        let atoms: Box<[Atom]> = questions.into_iter().map(Atom::new).collect();
        let cost = |atom: u32| match index.kind(atom) {
            Kind { indexed: true, enough: true, .. } => 1,
            Kind { indexed: true, .. } => 5,
            _ => atoms.get(atom as usize).map_or(0, |atom| atom.cost().saturating_add(10)),
        };
        conditions.iter_mut().for_each(|condition| {
            condition.sort(&cost);
        });
        let (starts, waiting) = filed(atoms.len(), waiting);
        Self { conditions, atoms, index, starts, waiting, always: always.into() }
    }

    /// The numbers of the conditions that `event` satisfies, in order.
    pub(crate) fn matching<'s>(&self, event: &Event<'_>, scratch: &'s mut Scratch) -> &'s [u32] {
        scratch.begin(self);
        self.index.look(event, &mut scratch.marks, &mut scratch.text);
        for condition in &self.always {
            self.ask(*condition, event, scratch);
        }
        let mut at = 0;
        while let Some(atom) = scratch.marks.found.get(at).copied() {
            at += 1;
            for waiting in self.waiting_for(atom) {
                if self.may_hold(waiting.guard, &scratch.marks) && scratch.is_new(waiting.condition) {
                    self.ask(waiting.condition, event, scratch);
                }
            }
        }
        scratch.matching.sort_unstable();
        &scratch.matching
    }

    /// The condition of this number; nothing if there are not so many.
    pub(crate) fn condition(&self, number: u32) -> Option<&Predicate> {
        self.conditions.get(number as usize)
    }

    /// The atom of this number; nothing if there are not so many.
    pub(crate) fn atom(&self, number: u32) -> Option<&Atom> {
        self.atoms.get(number as usize)
    }

    /// Whether the event satisfies the condition of this number: asked by itself, without the index.
    pub(crate) fn holds(&self, number: u32, event: &Event<'_>) -> bool {
        let mut holds = |atom| self.atom(atom).is_some_and(|atom| atom.matches(event));
        self.condition(number).is_some_and(|condition| condition.holds(&mut holds))
    }

    fn ask(&self, number: u32, event: &Event<'_>, scratch: &mut Scratch) {
        let Some(condition) = self.condition(number) else { return };
        let marks = &mut scratch.marks;
        if condition.holds(&mut |atom| self.is_true(atom, event, marks)) {
            scratch.matching.push(number);
        }
    }

    fn is_true(&self, atom: u32, event: &Event<'_>, marks: &mut Marks) -> bool {
        match marks.of(atom) {
            Mark::True => return true,
            Mark::False => return false,
            Mark::None if self.index.kind(atom).indexed => return false,
            Mark::None | Mark::Perhaps => {}
        }
        let truth = self.atom(atom).is_some_and(|atom| atom.matches(event));
        marks.set(atom, if truth { Mark::True } else { Mark::False });
        truth
    }

    fn may_hold(&self, guard: u32, marks: &Marks) -> bool {
        guard == NONE
            || match marks.of(guard) {
                Mark::True | Mark::Perhaps => true,
                Mark::False => false,
                Mark::None => !self.index.kind(guard).indexed,
            }
    }

    fn waiting_for(&self, atom: u32) -> &[Waiting] {
        let at = atom as usize;
        let (Some(first), Some(end)) = (self.starts.get(at), self.starts.get(at + 1)) else { return &[] };
        self.waiting.get(*first as usize..*end as usize).unwrap_or_default()
    }
}

/// What waits for what, and what the index is to know.
struct Plan<'n, 'q> {
    rarity: Rarity<'n, 'q>,
    kinds: Vec<Kind>,
    waiting: Vec<(u32, Waiting)>,
    always: Vec<u32>,
}

impl<'n, 'q> Plan<'n, 'q> {
    fn new(conditions: &[Predicate], needs: &'n [Option<Need<'q>>]) -> Self {
        let mut asked = vec![0_u32; needs.len()];
        for condition in conditions {
            condition
                .atoms(&mut |atom| asked.get_mut(atom as usize).into_iter().for_each(|times| *times += 1));
        }
        let rarity =
            Rarity::new(needs.iter().zip(&asked).filter_map(|(need, asked)| Some((need.as_ref()?, *asked))));
        let shares: Vec<_> = needs.iter().map(|need| need.as_ref().map(|need| rarity.of(need))).collect();
        let share = |atom: u32| shares.get(atom as usize).copied().flatten();
        let (mut waiting, mut always) = (Vec::new(), Vec::new());
        for (number, condition) in (0_u32..).zip(conditions) {
            let Some(witnesses) = witness::choose(condition, &share) else {
                always.push(number);
                continue;
            };
            let wait = |Witness { atom, guard }| (atom, Waiting { condition: number, guard });
            waiting.extend(witnesses.atoms.into_iter().map(wait));
        }
        let kinds = kinds(needs, &waiting);
        Self { rarity, kinds, waiting, always }
    }
}

/// The index knows all atoms of a field in which a condition waits for one, or where one has many texts. All others are
/// asked when a condition needs them, which is cheaper than to look for them in every event.
fn kinds(needs: &[Option<Need<'_>>], waiting: &[(u32, Waiting)]) -> Vec<Kind> {
    let mut kinds = vec![Kind::default(); needs.len()];
    for (atom, _) in waiting {
        kinds.get_mut(*atom as usize).into_iter().for_each(|kind| kind.witness = true);
    }
    let present = |need: &Need<'_>| need.keys.iter().any(|key| *key == Key::Present);
    let held = needs.iter().zip(&kinds).filter_map(|(need, kind)| Some((need.as_ref()?, kind)));
    let watched = held.filter(|(need, kind)| (kind.witness && !present(need)) || need.keys.len() > MANY);
    let watched: hashbrown::HashSet<Option<FieldId>> = watched.map(|(need, _)| need.field).collect();
    for (need, kind) in needs.iter().zip(&mut kinds) {
        let Some(need) = need else { continue };
        kind.typed = need.typed;
        kind.enough = need.enough;
        kind.indexed =
            if present(need) { need.enough && kind.witness } else { watched.contains(&need.field) };
    }
    kinds
}

/// The waiting conditions of each atom side by side, and where each atom's begin.
fn filed(atoms: usize, mut waiting: Vec<(u32, Waiting)>) -> (Box<[u32]>, Box<[Waiting]>) {
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
    (starts.into(), waiting.into_iter().map(|(_, waiting)| waiting).collect())
}
