use hashbrown::{HashMap, HashTable};

use super::grams::{self, ANYWHERE, Found, GROUPS, Grams, Looked};
use super::texts::{ANY, Text, Texts, hash};
use super::{Atoms, Field, Index, Kind};
use crate::event::FieldId;
use crate::rule::plan::block::Block;
use crate::rule::plan::need::{Key, Need, TextKey};
use crate::rule::plan::rarity::Rarity;

/// Up to so many fields are looked up in an event; if there are more, the event's fields are gone through.
const FEW: usize = 12;

/// Gathers what is to be looked for, and for which atoms.
#[derive(Debug, Default)]
pub(in super::super) struct Builder<'n, 'q> {
    /// Fields in the order of their plans, which are numbered from 1.
    fields: Vec<FieldId>,
    plans: HashMap<FieldId, u16>,
    present: HashMap<u16, Vec<u32>>,
    texts: HashMap<(u16, &'n TextKey<'q>), Vec<u32>>,
    blocks: HashMap<(u16, Block), Vec<u32>>,
    spelled: Vec<u16>,
}

impl<'n, 'q> Builder<'n, 'q> {
    /// Looks for what the atom needs.
    pub(in super::super) fn add(&mut self, atom: u32, need: &'n Need<'q>) {
        let plan = need.field.map_or(ANY, |field| self.plan(field));
        for key in &need.keys {
            let atoms = match key {
                Key::Present => self.present.entry(plan).or_default(),
                Key::Text(text) => {
                    if !need.typed && !self.spelled.contains(&plan) {
                        self.spelled.push(plan);
                    }
                    self.texts.entry((plan, text)).or_default()
                }
                Key::Block(block) => self.blocks.entry((plan, *block)).or_default(),
            };
            if atoms.last() != Some(&atom) {
                atoms.push(atom);
            }
        }
    }

    fn plan(&mut self, field: FieldId) -> u16 {
        *self.plans.entry(field).or_insert_with(|| {
            self.fields.push(field);
            // A schema holds 4,096 fields.
            u16::try_from(self.fields.len()).unwrap_or(ANY - 1)
        })
    }

    /// The index; `kinds` says what it does about each atom.
    pub(in super::super) fn build(self, kinds: Box<[Kind]>, rarity: &Rarity<'n, 'q>) -> Index {
        let texts = in_order(self.texts);
        let mut fields = vec![Field::default(); self.fields.len() + 1];
        let mut lists = Lists::default();
        for (plan, atoms) in self.present {
            fields.get_mut(usize::from(plan)).into_iter().for_each(|field| field.present = lists.add(&atoms));
        }
        let mut blocks = HashTable::new();
        for ((plan, block), atoms) in self.blocks {
            let entry = (plan, block, lists.add(&atoms));
            blocks.insert_unique(super::hash(plan, block), entry, |(plan, block, _)| {
                super::hash(*plan, *block)
            });
            if let Some(field) = fields.get_mut(usize::from(plan))
                && !field.blocks.contains(&(block.family, block.length))
            {
                let lengths = std::mem::take(&mut field.blocks).into_vec();
                field.blocks = lengths.into_iter().chain([(block.family, block.length)]).collect();
            }
        }
        let texts = filed(&texts, &mut fields, &mut lists, rarity, &kinds);
        let any = self.spelled.contains(&ANY);
        for (plan, field) in (0_u16..).zip(&mut fields) {
            field.spelled = any || self.spelled.contains(&plan);
            let texts = field.groups != 0 || field.longest.iter().any(Option::is_some);
            field.has_values = texts || !field.blocks.is_empty();
        }
        let last = self.fields.iter().map(|field| field.index() + 1).max().unwrap_or(0);
        let mut plans = vec![0; last].into_boxed_slice();
        for (field, plan) in self.plans {
            plans.get_mut(field.index()).into_iter().for_each(|held| *held = plan);
        }
        let is_looked_at = |field: &Field| field.has_values || field.present.many > 0;
        let looked_at = self
            .fields
            .iter()
            .zip(1_u16..)
            .filter(|(_, plan)| fields.get(usize::from(*plan)).is_some_and(is_looked_at));
        let few: Box<[_]> = looked_at.map(|(field, plan)| (*field, plan)).collect();
        let few = Some(few).filter(|few| few.len() <= FEW && !any);
        Index { few, plans, fields: fields.into(), texts, blocks, atoms: lists.atoms.into(), kinds }
    }
}

/// Texts in an order that does not depend on hashes, so that the same rules always give the same index: by plan, place and
/// what they are.
fn in_order<'n, 'q>(
    texts: HashMap<(u16, &'n TextKey<'q>), Vec<u32>>,
) -> Vec<((u16, &'n TextKey<'q>), Vec<u32>)> {
    // The first bytes of nearly all texts tell them apart, without a look at where the texts are.
    let rank = |(plan, key): (u16, &TextKey<'_>)| {
        let mut bytes = [0; 16];
        let [plan_high, plan_low] = plan.to_be_bytes();
        let begin = [plan_high, plan_low, key.place.map_or(0, |place| place as u8 + 1)];
        bytes.iter_mut().zip(begin.iter().chain(&*key.folded)).for_each(|(to, from)| *to = *from);
        u128::from_be_bytes(bytes)
    };
    let mut ranked: Vec<_> = texts.into_iter().map(|(text, atoms)| (rank(text), text, atoms)).collect();
    ranked.sort_unstable_by(|(left_rank, (_, left), _), (right_rank, (_, right), _)| {
        let rest = || (&left.folded, left.cased).cmp(&(&right.folded, right.cased));
        left_rank.cmp(right_rank).then_with(rest)
    });
    ranked.into_iter().map(|(_, text, atoms)| (text, atoms)).collect()
}

/// Lists of atoms, one behind the other.
#[derive(Debug, Default)]
struct Lists {
    atoms: Vec<u32>,
}

impl Lists {
    fn add(&mut self, atoms: &[u32]) -> Atoms {
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (first, many) = (number(self.atoms.len()), number(atoms.len()));
        self.atoms.extend_from_slice(atoms);
        Atoms { first, many }
    }
}

/// Files texts, and says in the fields what to look for.
fn filed(
    texts: &[((u16, &TextKey<'_>), Vec<u32>)],
    fields: &mut [Field],
    lists: &mut Lists,
    rarity: &Rarity<'_, '_>,
    kinds: &[Kind],
) -> Texts {
    let groups = groups(texts, fields.len());
    let (mut bytes, mut whole, mut within, mut looked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((plan, key), atoms) in texts {
        let written = key.cased.unwrap_or(&key.folded);
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let text = Text {
            first: number(bytes.len()),
            length: number(written.len()),
            plan: *plan,
            place: key.place,
            cased: key.cased.is_some(),
            atoms: lists.add(atoms),
        };
        bytes.extend_from_slice(written);
        let Some(place) = key.place else {
            whole.push((hash(*plan, written), text));
            concerned(fields, *plan, |field| {
                let [cased, folded] = &mut field.longest;
                let longest = if text.cased { cased } else { folded };
                *longest = (*longest).max(Some(text.length));
            });
            continue;
        };
        let group = groups.get(usize::from(*plan)).copied().unwrap_or(ANYWHERE);
        let found = |behind| Found { text: number(within.len()), behind, plan: *plan };
        let filed = grams::of(&key.folded, place, |gram| rarity.count(gram));
        looked.extend(filed.into_iter().map(|(gram, behind)| Looked {
            gram,
            groups: group,
            found: found(behind),
        }));
        let late = |atom: &u32| kinds.get(*atom as usize).is_some_and(|kind| kind.late);
        let is_late = atoms.first().is_some_and(late);
        concerned(fields, *plan, |field| {
            *(if is_late { &mut field.late } else { &mut field.groups }) |= group
        });
        within.push(text);
    }
    let mut table = HashTable::with_capacity(whole.len());
    for (hash, text) in whole {
        table.insert_unique(hash, text, |_| hash);
    }
    let any_whole = table.iter().any(|text| text.plan == ANY);
    Texts { bytes: bytes.into(), whole: table, any_whole, within: within.into(), grams: Grams::new(looked) }
}

/// Changes the field of a plan, or all fields.
fn concerned(fields: &mut [Field], plan: u16, change: impl Fn(&mut Field)) {
    if plan == ANY {
        fields.iter_mut().for_each(change);
    } else {
        fields.get_mut(usize::from(plan)).into_iter().for_each(change);
    }
}

/// For each plan its bit of the filter: one each for the fields with most texts, one for all others together.
fn groups(texts: &[((u16, &TextKey<'_>), Vec<u32>)], plans: usize) -> Vec<u16> {
    let mut many = vec![(0_u32, 0_usize); plans];
    many.iter_mut().enumerate().for_each(|(plan, (_, held))| *held = plan);
    for ((plan, key), _) in texts {
        if key.place.is_some() {
            many.get_mut(usize::from(*plan)).into_iter().for_each(|(many, _)| *many += 1);
        }
    }
    many.sort_by_key(|(many, plan)| (std::cmp::Reverse(*many), *plan));
    let mut groups = vec![0; plans];
    for (rank, (_, plan)) in many.into_iter().enumerate() {
        groups.get_mut(plan).into_iter().for_each(|group| *group = 1 << rank.min(GROUPS - 2));
    }
    groups
}
