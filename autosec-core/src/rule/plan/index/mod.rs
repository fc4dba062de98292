//! What of many atoms is true of an event, found by looking at each of its values once.

mod build;
pub(super) mod grams;
pub(super) mod marks;
mod texts;

use grams::MARGIN;
use marks::{Mark, Marks};
use texts::Texts;

use crate::event::{Event, FieldId, Value};
use crate::rule::plan::block::{Block, Family};
use crate::rule::plan::spelling::with_spelling;
use hashbrown::HashTable;

pub(super) use build::Builder;

/// The index over the atoms of a program.
#[derive(Debug)]
pub(super) struct Index {
    /// For each field by its position the number of its plan; 0 for the plan of fields that no atom is about.
    plans: Box<[u16]>,
    fields: Box<[Field]>,
    /// The fields that are looked at, with their plans, if they are few and nothing is looked for in every field.
    few: Option<Box<[(FieldId, u16)]>>,
    texts: Texts,
    blocks: HashTable<(u16, Block, Atoms)>,
    atoms: Box<[u32]>,
    kinds: Box<[Kind]>,
}

/// What to do about a field's values.
#[derive(Clone, Debug, Default)]
struct Field {
    /// Atoms to mark because the field is there.
    present: Atoms,
    /// The longest text that is looked for as a whole value: as it is written, and in lower case.
    longest: [Option<u32>; 2],
    /// Groups of texts that are looked for within values.
    groups: u16,
    /// The same for a field that is scanned late.
    late: u16,
    /// Whether values that are no texts are to be spelled out.
    spelled: bool,
    /// Whether anything is looked for in its values.
    has_values: bool,
    /// Lengths of the blocks that are looked for.
    blocks: Box<[(Family, u8)]>,
}

/// A range of the list of atoms.
#[derive(Clone, Copy, Debug, Default)]
struct Atoms {
    first: u32,
    many: u32,
}

/// What the index does about an atom.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kind {
    /// It is false unless the index finds something.
    pub(super) indexed: bool,
    /// What the index finds makes it true.
    pub(super) enough: bool,
    /// Only texts count for it that are texts.
    pub(super) typed: bool,
    /// Conditions wait for it.
    pub(super) witness: bool,
    /// Its field is scanned only once a condition asks for it.
    pub(super) late: bool,
}

impl Index {
    /// Marks every atom that the event's values make true, or may make true. `text` is used up.
    pub(super) fn look(&self, event: &Event<'_>, marks: &mut Marks, text: &mut Vec<u8>) {
        let mut look = Look { index: self, marks, text, late: false };
        match &self.few {
            Some(few) => {
                for (id, plan) in few {
                    event.get(*id).into_iter().for_each(|value| look.field(*plan, value));
                }
            }
            None => {
                for (id, value) in event.fields() {
                    look.field(self.plans.get(id.index()).copied().unwrap_or(0), value);
                }
            }
        }
    }

    /// Scans a field that is scanned late, if that was not done for this event yet.
    pub(super) fn look_late(&self, id: FieldId, event: &Event<'_>, marks: &mut Marks, text: &mut Vec<u8>) {
        let plan = self.plans.get(id.index()).copied().unwrap_or(0);
        if marks.late.contains(&plan) {
            return;
        }
        marks.late.push(plan);
        if let (Some(field), Some(value)) = (self.fields.get(usize::from(plan)), event.get(id)) {
            Look { index: self, marks, text, late: true }.value(plan, field, value, true);
        }
    }

    /// What the index does about the atom.
    #[inline]
    pub(super) fn kind(&self, atom: u32) -> Kind {
        self.kinds.get(atom as usize).copied().unwrap_or_default()
    }

    #[inline]
    fn atoms(&self, atoms: Atoms) -> &[u32] {
        let first = atoms.first as usize;
        self.atoms.get(first..first + atoms.many as usize).unwrap_or_default()
    }
}

/// A look at one event.
struct Look<'l> {
    index: &'l Index,
    marks: &'l mut Marks,
    text: &'l mut Vec<u8>,
    late: bool,
}

impl Look<'_> {
    fn field(&mut self, plan: u16, value: &Value<'_>) {
        let Some(field) = self.index.fields.get(usize::from(plan)) else { return };
        if field.present.many > 0 {
            self.mark(field.present, true);
        }
        if field.has_values {
            self.value(plan, field, value, true);
        }
    }

    /// `outer` is false for values of lists in lists, which only spelled questions are about.
    fn value(&mut self, plan: u16, field: &Field, value: &Value<'_>, outer: bool) {
        match value {
            Value::Text(text) => self.spelled(plan, field, text, outer),
            Value::List(values) => {
                for value in values {
                    self.value(plan, field, value, outer && !matches!(value, Value::List(_)));
                }
            }
            other => {
                if outer && !self.late {
                    self.blocks(plan, field, other);
                }
                if field.spelled {
                    with_spelling(other, |text| {
                        self.spelled(plan, field, text, false);
                        true
                    });
                }
            }
        }
    }

    /// `typed` says that the value is a text and not only spelled like one.
    fn spelled(&mut self, plan: u16, field: &Field, value: &str, typed: bool) {
        let raw = value.as_bytes();
        let (index, texts) = (self.index, &self.index.texts);
        let is_long = |longest: Option<u32>| longest.is_none_or(|most| raw.len() > most as usize);
        let [cased, folded] = field.longest.map(|longest| !self.late && !is_long(longest));
        let groups = if self.late { field.late } else { field.groups };
        if cased {
            texts.whole(plan, true, raw, |atoms| mark(index, self.marks, atoms, typed));
        }
        if !folded && groups == 0 {
            return;
        }
        self.text.clear();
        self.text.extend_from_slice(&MARGIN);
        // In one pass: most values are short, and a copy made first would cost as much as the rest.
        self.text.extend(raw.iter().map(u8::to_ascii_lowercase));
        self.text.extend_from_slice(&MARGIN);
        if folded {
            let inside = texts::inside(self.text);
            texts.whole(plan, false, inside, |atoms| mark(index, self.marks, atoms, typed));
        }
        if groups != 0 {
            texts.within(plan, groups, self.text, raw, |atoms| mark(index, self.marks, atoms, typed));
        }
    }

    fn blocks(&mut self, plan: u16, field: &Field, value: &Value<'_>) {
        let one = match value {
            Value::Integer(number) => Block::integer(*number),
            Value::Address(std::net::IpAddr::V4(address)) => Block::v4((*address).into()),
            Value::Address(std::net::IpAddr::V6(address)) => Block::v6((*address).into()),
            _ => return,
        };
        for (_, length) in field.blocks.iter().filter(|(family, _)| *family == one.family) {
            let block = one.around(*length);
            let found =
                self.index.blocks.find(hash(plan, block), |(of, held, _)| *of == plan && *held == block);
            if let Some((_, _, atoms)) = found {
                self.mark(*atoms, true);
            }
        }
    }

    fn mark(&mut self, atoms: Atoms, typed: bool) {
        mark(self.index, self.marks, atoms, typed);
    }
}

/// Marks atoms for which something was found.
#[inline]
fn mark(index: &Index, marks: &mut Marks, atoms: Atoms, typed: bool) {
    for atom in index.atoms(atoms) {
        let kind = index.kind(*atom);
        if kind.typed && !typed {
            continue;
        }
        let held = marks.of(*atom);
        if held == Mark::None && kind.witness {
            marks.found.push(*atom);
        }
        if held != Mark::True {
            marks.set(*atom, if kind.enough { Mark::True } else { Mark::Perhaps });
        }
    }
}

fn hash(plan: u16, block: Block) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bytes = block.prefix.to_le_bytes();
    let seed = u64::from(plan) << 16 | u64::from(block.length) << 8 | block.family as u64;
    let words = bytes.as_chunks::<8>().0;
    let hash = words.iter().fold(seed, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    hash ^ (hash >> 32)
}
