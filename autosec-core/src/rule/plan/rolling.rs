use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

/// Many texts that are looked for anywhere in another one.
///
/// The text is gone through once for each length that they have: n bytes have at most √(2n) lengths. An automaton would go
/// through it once, but the well-kept one (`aho-corasick` 1.1) takes time quadratic in the number of texts to build: 25 s for
/// 100,000 (2026-11-22, 2-core x86-64 VM), and these texts come from an event.
pub(super) struct Parts<'t> {
    base: u64,
    by_length: BTreeMap<usize, HashMap<u64, Vec<&'t [u8]>>>,
}

/// Residues of this Mersenne prime: for hashes modulo a power of two, texts that collide under every base are known.
const PRIME: u64 = (1 << 61) - 1;

impl<'t> Parts<'t> {
    pub(super) fn new(parts: &'t [Vec<u8>]) -> Self {
        // Nobody who writes an event knows the base.
        let base = 256 + RandomState::new().hash_one(0_u8) % (PRIME - 256);
        let mut by_length: BTreeMap<usize, HashMap<u64, Vec<&[u8]>>> = BTreeMap::new();
        for part in parts {
            let same = by_length.entry(part.len()).or_default().entry(hash(base, part)).or_default();
            if !same.contains(&part.as_slice()) {
                same.push(part);
            }
        }
        Self { base, by_length }
    }

    pub(super) fn any_in(&self, text: &[u8]) -> bool {
        self.by_length.iter().any(|(length, parts)| match length {
            0 => true,
            length => self.any_of_one_length(text, *length, parts),
        })
    }

    fn any_of_one_length(&self, text: &[u8], length: usize, parts: &HashMap<u64, Vec<&[u8]>>) -> bool {
        let Some(first) = text.get(..length) else { return false };
        let highest = (1..length).fold(1, |power, _| times(power, self.base));
        let mut here = hash(self.base, first);
        let mut places =
            text.windows(length).zip(text.get(length..).unwrap_or_default().iter().map(Some).chain([None]));
        places.any(|(place, next)| {
            let found = parts.get(&here).is_some_and(|parts| parts.contains(&place));
            if let (Some(next), Some(leaving)) = (next, place.first()) {
                let gone = times(code(*leaving), highest);
                here = (times((here + PRIME - gone) % PRIME, self.base) + code(*next)) % PRIME;
            }
            found
        })
    }
}

fn hash(base: u64, text: &[u8]) -> u64 {
    text.iter().fold(0, |hash, byte| (times(hash, base) + code(*byte)) % PRIME)
}

fn code(byte: u8) -> u64 {
    u64::from(byte) + 1
}

/// The product of two residues.
fn times(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    u64::try_from(product % u128::from(PRIME)).unwrap_or_default()
}
