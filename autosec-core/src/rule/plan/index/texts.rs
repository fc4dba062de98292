use hashbrown::HashTable;

use super::Atoms;
use super::grams::{Grams, MARGIN};
use crate::rule::lang::ast::Place;

/// The plan of texts that are looked for in every field.
pub(super) const ANY: u16 = u16::MAX;

/// Texts that are looked for in values, and the atoms each of them is found for.
#[derive(Debug)]
pub(super) struct Texts {
    /// The bytes of all texts.
    pub(super) bytes: Box<[u8]>,
    pub(super) whole: HashTable<Text>,
    /// Some whole values are looked for in every field.
    pub(super) any_whole: bool,
    pub(super) within: Box<[Text]>,
    pub(super) grams: Grams,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    pub(super) first: u32,
    pub(super) length: u32,
    pub(super) plan: u16,
    pub(super) place: Option<Place>,
    /// It must be written like that; else its letters are lower case.
    pub(super) cased: bool,
    pub(super) atoms: Atoms,
}

impl Texts {
    /// Tells `found` of the texts that are all of a value, which is in lower case unless `cased`.
    #[inline]
    pub(super) fn whole(&self, plan: u16, cased: bool, value: &[u8], mut found: impl FnMut(Atoms)) {
        for plan in [Some(plan), self.any_whole.then_some(ANY)].into_iter().flatten() {
            let is_it = |text: &Text| text.plan == plan && text.cased == cased && self.bytes(text) == value;
            if let Some(text) = self.whole.find(hash(plan, value), is_it) {
                found(text.atoms);
            }
        }
    }

    /// Tells `found` of the texts that stand in a value; `padded` is `raw` in lower case between margins.
    #[inline]
    pub(super) fn within(
        &self,
        plan: u16,
        groups: u16,
        padded: &[u8],
        raw: &[u8],
        mut found: impl FnMut(Atoms),
    ) {
        let folded = inside(padded);
        self.grams.scan(plan, padded, groups, |text, begin| {
            let Some(text) = self.within.get(text as usize) else { return };
            let end = begin + text.length as usize;
            let placed = match text.place {
                Some(Place::Start) => begin == 0,
                Some(Place::End) => end == folded.len(),
                _ => true,
            };
            let value = if text.cased { raw } else { folded };
            if placed && value.get(begin..end) == Some(self.bytes(text)) {
                found(text.atoms);
            }
        });
    }

    fn bytes(&self, text: &Text) -> &[u8] {
        let first = text.first as usize;
        self.bytes.get(first..first + text.length as usize).unwrap_or_default()
    }
}

/// A value without its margins.
pub(super) fn inside(padded: &[u8]) -> &[u8] {
    padded.get(MARGIN.len()..padded.len().saturating_sub(MARGIN.len())).unwrap_or_default()
}

/// The hash of a text, in lower case unless its case matters. The table's contents come from rules alone, so that no event can make it slow.
pub(super) fn hash(plan: u16, text: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = text.as_chunks::<8>();
    let hash = words.iter().fold(u64::from(plan), |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let hash = mix(mix(hash, u64::from_le_bytes(last)), text.len() as u64);
    hash ^ (hash >> 32)
}
