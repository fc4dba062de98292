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
    /// Tells `found` of the texts that are all of a value; `folded` is `raw` in lower case.
    pub(super) fn whole(&self, plan: u16, folded: &[u8], raw: &[u8], mut found: impl FnMut(Atoms)) {
        let hash = hash(plan, folded);
        for text in self.whole.iter_hash(hash) {
            let value = if text.cased { raw } else { folded };
            if text.plan == plan && self.bytes(text) == value {
                found(text.atoms);
            }
        }
    }

    /// Tells `found` of the texts that stand in a value; `padded` is `raw` in lower case between margins.
    #[inline]
    pub(super) fn within(
        &self,
        plan: u16,
        groups: u8,
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

/// The hash of a text in lower case. The table's contents come from rules alone, so that no event can make it slow.
pub(super) fn hash(plan: u16, folded: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = folded.as_chunks::<8>();
    let hash = words.iter().fold(u64::from(plan), |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let hash = mix(mix(hash, u64::from_le_bytes(last)), folded.len() as u64);
    hash ^ (hash >> 32)
}
