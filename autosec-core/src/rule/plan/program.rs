use std::cell::Cell;

use super::index::marks::{Mark, Marks};
use super::index::{Builder, Index, Kind};
use super::intern::Questions;
use super::need::Need;
use super::predicate::{Atom, Predicate};
use super::waiting::{Plan, WaitingList};
use super::witness::NONE;
use crate::event::Event;
use crate::rule::lang::condition::Condition;

/// Conditions of more questions than this have an index whatever they cost.
const FEW: usize = 32;
/// Up to this cost conditions are asked one after the other, which takes less time than to look for anything in an event.
const CHEAP: u32 = 120;
/// What it costs to get at the field that a question is about.
const ASKING: u32 = 5;

/// All conditions of a rule set, which are asked of an event at once.
#[derive(Debug, Default)]
pub(crate) struct Program {
    conditions: Box<[Predicate]>,
    atoms: Box<[Atom]>,
    /// None of conditions that are few and cheap.
    finder: Option<Finder>,
}

/// Finds the conditions that are worth a look.
#[derive(Debug)]
struct Finder {
    index: Index,
    waiting: WaitingList,
    /// Conditions that can be true of an event in which the index finds nothing.
    always: Box<[u32]>,
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
        Self::watched(conditions, &|| false).unwrap_or_default()
    }

    /// The same, for as long as it is not over: that of 100,000 conditions takes seconds.
    pub(crate) fn watched(conditions: Vec<Condition>, is_over: &dyn Fn() -> bool) -> Option<Self> {
        let mut questions = Questions::default();
        let predicates =
            conditions.into_iter().map(|condition| (!is_over()).then(|| questions.predicate(condition)));
        let mut conditions = predicates.collect::<Option<Box<[Predicate]>>>()?;
        let questions = questions.all;
        if questions.len() <= FEW {
            let atoms: Box<[Atom]> = questions.iter().cloned().map(Atom::new).collect();
            if is_cheap(&mut conditions, &atoms) {
                return Some(Self { conditions, atoms, finder: None });
            }
        }
        let needs = questions.iter().map(|question| (!is_over()).then(|| Need::of(question)));
        let needs = needs.collect::<Option<Vec<_>>>()?;
        let Plan { rarity, kinds, waiting, always } = Plan::new(&conditions, &needs);
        if is_over() {
            return None;
        }
        let mut builder = Builder::default();
        for (atom, need) in (0_u32..).zip(&needs) {
            if let Some(need) = need
                && kinds.get(atom as usize).is_some_and(|kind| kind.indexed || kind.witness || kind.late)
            {
                builder.add(atom, need);
            }
        }
        let index = builder.build(kinds.into(), &rarity);
        drop(rarity);
        drop(needs);
        let atoms = questions.into_iter().map(|question| (!is_over()).then(|| Atom::new(question)));
        let atoms = atoms.collect::<Option<Box<[Atom]>>>()?;
        let cost = |atom: u32| match index.kind(atom) {
            Kind { indexed: true, enough: true, .. } => 1,
            Kind { indexed: true, .. } => 5,
            Kind { late: true, .. } => 8,
            _ => atoms.get(atom as usize).map_or(0, |atom| atom.cost().saturating_add(10)),
        };
        conditions.iter_mut().for_each(|condition| {
            condition.sort(&cost);
        });
        Some(Self { conditions, atoms, finder: Some(Finder { index, waiting, always: always.into() }) })
    }

    /// The numbers of the conditions that `event` satisfies, in order.
    pub(crate) fn matching<'s>(&self, event: &Event<'_>, scratch: &'s mut Scratch) -> &'s [u32] {
        let Some(finder) = &self.finder else {
            scratch.matching.clear();
            let numbers = (0_u32..).zip(&self.conditions).map(|(number, _)| number);
            scratch.matching.extend(numbers.filter(|number| self.holds(*number, event)));
            return &scratch.matching;
        };
        scratch.begin(self);
        finder.index.look(event, &mut scratch.marks, &mut scratch.text);
        for condition in &finder.always {
            self.ask(finder, *condition, event, scratch);
        }
        let mut at = 0;
        while let Some(atom) = scratch.marks.found.get(at).copied() {
            at += 1;
            for waiting in finder.waiting.of(atom) {
                if finder.may_hold(waiting.guard, &scratch.marks) && scratch.is_new(waiting.condition) {
                    self.ask(finder, waiting.condition, event, scratch);
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

    fn ask(&self, finder: &Finder, number: u32, event: &Event<'_>, scratch: &mut Scratch) {
        let Some(condition) = self.condition(number) else { return };
        let (marks, text) = (&mut scratch.marks, &mut scratch.text);
        if condition.holds(&mut |atom| finder.is_true(atom, self.atom(atom), event, marks, text)) {
            scratch.matching.push(number);
        }
    }
}

impl Finder {
    fn is_true(
        &self,
        number: u32,
        atom: Option<&Atom>,
        event: &Event<'_>,
        marks: &mut Marks,
        text: &mut Vec<u8>,
    ) -> bool {
        let Some(atom) = atom else { return false };
        let kind = self.index.kind(number);
        if kind.late
            && marks.of(number) == Mark::None
            && let Some(field) = atom.field()
        {
            self.index.look_late(field, event, marks, text);
        }
        match marks.of(number) {
            Mark::True => return true,
            Mark::False => return false,
            Mark::None if kind.indexed || kind.late => return false,
            Mark::None | Mark::Perhaps => {}
        }
        let truth = atom.matches(event);
        marks.set(number, if truth { Mark::True } else { Mark::False });
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
}

/// Sorts the parts of conditions, and says whether to ask all of them costs less than an index.
fn is_cheap(conditions: &mut [Predicate], atoms: &[Atom]) -> bool {
    let cost = |atom: u32| atoms.get(atom as usize).map_or(0, |atom| atom.cost().saturating_add(ASKING));
    let costs = conditions.iter_mut().map(|condition| condition.sort(&cost));
    costs.fold(0, u32::saturating_add) <= CHEAP
}
