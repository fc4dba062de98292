use hashbrown::HashMap;

use super::block::Family;
use super::index::grams::{self, GRAM};
use super::need::{Key, Need, TextKey};
use crate::event::FieldId;

/// Slots for counts of grams.
const SLOTS: usize = 1 << 16;
/// How likely it is that an event has a field of which no more is known.
pub(super) const PRESENT: f32 = 0.9;

/// Estimates how many events have a key, from the rules alone: what many rules look for is common (`powershell.exe`,
/// `\Windows\`), and so is what looks like it; long texts are rarer than short ones.
///
/// The estimates order the parts of a condition and decide nothing else, so that a wrong one costs time and no answer.
#[derive(Debug)]
pub(super) struct Rarity<'n, 'q> {
    /// How many conditions ask for a text in a field.
    uses: HashMap<(Option<FieldId>, &'n TextKey<'q>), u32>,
    /// How many texts have a gram that falls into a slot.
    grams: Box<[u32]>,
    texts: u32,
}

impl<'n, 'q> Rarity<'n, 'q> {
    /// Counts the keys of all questions, each with how often it is asked.
    pub(super) fn new(needs: impl Iterator<Item = (&'n Need<'q>, u32)>) -> Self
    where
        'q: 'n,
    {
        let mut rarity = Self { uses: HashMap::new(), grams: vec![0; SLOTS].into_boxed_slice(), texts: 0 };
        for (need, asked) in needs {
            for key in &need.keys {
                let Key::Text(text) = key else { continue };
                let uses = rarity.uses.entry((need.field, text)).or_insert(0);
                let is_new = *uses == 0;
                *uses += asked;
                let Some(place) = text.place.filter(|_| is_new) else { continue };
                rarity.texts += 1;
                for gram in grams::known(&text.folded, place).windows(GRAM) {
                    rarity.grams.get_mut(slot(gram)).into_iter().for_each(|count| *count += 1);
                }
            }
        }
        rarity
    }

    /// The share of events, 0..=1, that have one of the keys.
    pub(super) fn of(&self, need: &Need<'_>) -> f32 {
        need.keys.iter().map(|key| self.key(need.field, key)).sum::<f32>().min(1.0)
    }

    /// How many texts have a gram.
    pub(super) fn count(&self, gram: &[u8]) -> u32 {
        self.grams.get(slot(gram)).copied().unwrap_or(0)
    }

    fn key(&self, field: Option<FieldId>, key: &Key<'_>) -> f32 {
        match key {
            Key::Present => PRESENT,
            Key::Block(block) => match block.family {
                Family::Integer if block.length == 64 => 0.01,
                Family::Integer => 0.3,
                // Addresses are anywhere in a part of their space only.
                Family::V4 => 0.001 + (block.share() as f32 / 2.0).exp2(),
                Family::V6 => 0.001 + (block.share() as f32 / 4.0).exp2(),
            },
            Key::Text(text) => self.text(field, text),
        }
    }

    fn text(&self, field: Option<FieldId>, text: &TextKey<'_>) -> f32 {
        let uses = self.uses.get(&(field, text)).copied().unwrap_or(1) as f32;
        if text.place.is_none() {
            return 0.002 + 0.0005 * uses;
        }
        let longer = text.folded.len() as f32 - GRAM as f32;
        let like = text.folded.windows(GRAM).map(|gram| self.count(gram)).min().unwrap_or(0);
        let like = like.saturating_sub(1) as f32 / self.texts.max(1) as f32;
        let anywhere = if field.is_none() { 2.0 } else { 1.0 };
        anywhere * (0.0005 + 0.08 * 0.75_f32.powf(longer) + 0.0005 * uses + 0.5 * like)
    }
}

fn slot(gram: &[u8]) -> usize {
    grams::slot(grams::gram(gram))
}
