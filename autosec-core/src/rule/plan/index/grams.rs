use std::borrow::Cow;

use super::texts::ANY;
use crate::rule::lang::ast::Place;

/// Fields fall into so many groups; each has a bit of the filter's words.
pub(super) const GROUPS: usize = 16;
const SLOTS: usize = 1 << 16;

/// Bytes of a gram, so many of which fewer than all are read at either end of a value.
pub(in super::super) const GRAM: usize = 4;
/// Zeros before and behind every value that is scanned, so that its first and last bytes are in grams too.
pub(super) const MARGIN: [u8; GRAM - 1] = [0; GRAM - 1];
/// So many grams of a text are thought of.
const FARTHEST: usize = 1 << 12;
/// The bits of a gram that are looked at: of its first and its last byte five, which tell letters apart.
const BITS: u32 = 0x1fff_ff1f;
/// So many values do five bits have.
const LETTERS: u32 = 1 << 5;

/// Finds texts within values, each by one of its grams: four bytes that stand at a known place in it and that few other
/// texts have.
///
/// Every second four bytes of a value are looked up in a [`Filter`], and only if that says so in a table, whose texts are
/// then compared: the same few instructions for each place, whatever the number of texts, where an automaton waits for
/// memory at every byte. So a text is filed under two neighbours, one of which stands at an even place wherever the text
/// does; only one that begins a value has its places known.
///
/// A text of three bytes is filed under the 32 grams that begin with it and the 32 that end with it. At the start and the
/// end of a value shorter ones have grams as well, which reach into the zeros around it.
#[derive(Debug)]
pub(super) struct Grams {
    filter: Filter,
    /// Open addressing, a power of two long; half of it at least is free.
    table: Box<[Slot]>,
    /// Texts of a gram stand side by side.
    texts: Box<[Found]>,
}

/// For two hashes of a gram the groups of fields in which one of that hash is looked for.
///
/// What it lets through wrongly costs more than a hundred bytes that it does not: the processor expects a no, and then waits
/// for memory. A Windows event of 3.2 KB of values takes 46 looks at the table; with one hash and eight groups it took 132
/// (3,752 Sigma rules, 2026-11-23). To scan for a field's texts and for those of all fields one after the other, each
/// filed by its field, takes fewer looks and more time.
#[derive(Debug)]
struct Filter {
    first: Box<[u16; SLOTS]>,
    second: Box<[u16; SLOTS / 2]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    gram: u32,
    first: u32,
    /// 0 in a free slot.
    many: u32,
    /// The bits of the plans of these texts.
    plans: u32,
}

/// A text that has a gram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Its number.
    pub(super) text: u32,
    /// How far behind its begin the gram begins, counted from the begin of the margin.
    pub(super) behind: u16,
    /// The plan of the field it is looked for in.
    pub(super) plan: u16,
}

/// The gram that the bytes begin with; 0 if they are too few.
#[inline]
pub(in super::super) fn gram(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) & BITS)
}

/// What a gram is filed under.
#[inline]
pub(in super::super) fn slot(gram: u32) -> usize {
    // 65,536 slots: the upper half of the product.
    (gram.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

/// All that is known of the bytes around a text, the margin where the value ends with the text among them.
pub(in super::super) fn known(text: &[u8], place: Place) -> Cow<'_, [u8]> {
    match place {
        Place::Start => Cow::Owned([&MARGIN[..], text].concat()),
        Place::End => Cow::Owned([text, &MARGIN[..]].concat()),
        Place::Anywhere => Cow::Borrowed(text),
    }
}

/// Grams by which a text can be found, the rarest of those it has, and how far behind its begin each begins, counted from
/// the begin of the margin; `count` tells how common a gram is. None for a text that is too short for its place.
pub(super) fn of(text: &[u8], place: Place, count: impl Fn(&[u8]) -> u32) -> Vec<(u32, u16)> {
    let known = known(text, place);
    let placed = |at: usize, gram: u32| (gram, u16::try_from(at).unwrap_or(u16::MAX));
    let grams: Vec<&[u8]> = known.windows(GRAM).take(FARTHEST).collect();
    if place == Place::Start {
        let even = grams.iter().enumerate().step_by(2).min_by_key(|(_, gram)| count(gram));
        return even.map(|(at, bytes)| placed(at, gram(bytes))).into_iter().collect();
    }
    let (begin, sum) = (MARGIN.len(), |pair: &[&[u8]]| pair.iter().map(|gram| count(gram)).sum::<u32>());
    if let Some((first, pair)) = grams.windows(2).enumerate().min_by_key(|(_, pair)| sum(pair)) {
        return (begin + first..).zip(pair).map(|(at, bytes)| placed(at, gram(bytes))).collect();
    }
    let Some([a, b, c]) = known.first_chunk::<3>() else { return Vec::new() };
    let before = (0..LETTERS).map(|any| placed(begin - 1, any | u32::from_le_bytes([0, *a, *b, *c]) & BITS));
    let here: Vec<u32> = match grams.first() {
        Some(bytes) => vec![gram(bytes)],
        None => (0..LETTERS).map(|any| any << 24 | u32::from_le_bytes([*a, *b, *c, 0]) & BITS).collect(),
    };
    here.into_iter().map(|gram| placed(begin, gram)).chain(before).collect()
}

/// A gram to be looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked {
    pub(super) gram: u32,
    pub(super) groups: u16,
    pub(super) found: Found,
}

impl Grams {
    pub(super) fn new(mut looked: Vec<Looked>) -> Self {
        looked.sort_by_key(|one| (one.gram, one.found.text));
        let mut filter = Filter::default();
        let distinct = looked.chunk_by(|left, right| left.gram == right.gram).count();
        let mut table = vec![Slot::default(); (2 * distinct).next_power_of_two()].into_boxed_slice();
        let mut first = 0;
        for same in looked.chunk_by(|left, right| left.gram == right.gram) {
            let Some(gram) = same.first().map(|one| one.gram) else { continue };
            let many = u32::try_from(same.len()).unwrap_or(u32::MAX);
            let groups = same.iter().fold(0, |groups, one| groups | one.groups);
            filter.add(gram, groups);
            let mask = table.len() - 1;
            let mut at = start(gram) & mask;
            while table.get(at).is_some_and(|slot| slot.many > 0) {
                at = (at + 1) & mask;
            }
            let plans = same.iter().fold(0, |plans, one| plans | bit(one.found.plan));
            table.get_mut(at).into_iter().for_each(|slot| *slot = Slot { gram, first, many, plans });
            first += many;
        }
        Self { filter, table, texts: looked.into_iter().map(|one| one.found).collect() }
    }

    /// Tells `visit` which texts may stand in a value of the field of `plan` and where they begin, the margin not counted.
    /// `value` is in lower case and between margins, `groups` are those of its field and of all fields.
    #[inline]
    pub(super) fn scan(&self, plan: u16, value: &[u8], groups: u16, mut visit: impl FnMut(u32, usize)) {
        let (pairs, _) = value.as_chunks::<2>();
        for (half, [[a, b], [c, d]]) in pairs.array_windows().enumerate() {
            let gram = u32::from_le_bytes([*a, *b, *c, *d]) & BITS;
            if self.filter.may_hold(gram, groups) {
                self.visit(plan, gram, 2 * half, &mut visit);
            }
        }
    }

    /// Out of line, so that the loop over all bytes has the registers for itself.
    #[inline(never)]
    fn visit(&self, plan: u16, gram: u32, at: usize, visit: &mut impl FnMut(u32, usize)) {
        for found in self.of(gram, bit(plan) | bit(ANY)) {
            if (found.plan == plan || found.plan == ANY)
                && let Some(begin) = at.checked_sub(usize::from(found.behind))
            {
                visit(found.text, begin);
            }
        }
    }

    /// The texts of a gram, if there may be some of these plans: to look at them is to wait for memory.
    #[inline]
    fn of(&self, gram: u32, plans: u32) -> &[Found] {
        let mask = self.table.len().wrapping_sub(1);
        let mut at = start(gram) & mask;
        while let Some(slot) = self.table.get(at) {
            if slot.many == 0 || (slot.gram == gram && slot.plans & plans == 0) {
                return &[];
            }
            if slot.gram == gram {
                let first = slot.first as usize;
                return self.texts.get(first..first + slot.many as usize).unwrap_or_default();
            }
            at = (at + 1) & mask;
        }
        &[]
    }
}

impl Filter {
    fn add(&mut self, gram: u32, groups: u16) {
        let (first, second) = Self::slots(gram);
        self.first.get_mut(first).into_iter().for_each(|held| *held |= groups);
        self.second.get_mut(second).into_iter().for_each(|held| *held |= groups);
    }

    #[inline]
    fn may_hold(&self, gram: u32, groups: u16) -> bool {
        let (first, second) = Self::slots(gram);
        let held = self.first.get(first).zip(self.second.get(second));
        held.is_some_and(|(first, second)| first & second & groups != 0)
    }

    /// Of one product, which is half of the work.
    #[inline]
    fn slots(gram: u32) -> (usize, usize) {
        let product = u64::from(gram).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((product >> 48) as usize, (product >> 32) as usize % (SLOTS / 2))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self { first: Box::new([0; SLOTS]), second: Box::new([0; SLOTS / 2]) }
    }
}

/// One of 32, by which most plans can be told apart.
fn bit(plan: u16) -> u32 {
    1 << (plan % 32)
}

/// Where in the table the search for a gram begins.
fn start(gram: u32) -> usize {
    (gram.wrapping_mul(0x85eb_ca6b) >> 8) as usize
}

/// The bit for texts that are looked for in any field.
pub(super) const ANYWHERE: u16 = 1 << (GROUPS - 1);
