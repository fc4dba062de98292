use std::sync::Arc;

use hashbrown::HashTable;

/// Up to so many texts are compared one by one: no dearer than hashing the value.
const LINEAR: usize = 4;

/// A set of texts, shared with the list it came from, asked without allocating.
#[derive(Clone, Debug)]
pub(crate) struct TextSet {
    texts: Arc<[Box<str>]>,
    /// Positions in `texts`; empty when they are few enough to compare one by one.
    table: HashTable<usize>,
    longest: usize,
    fold: bool,
}

impl TextSet {
    pub(super) fn new(texts: Arc<[Box<str>]>, fold: bool) -> Self {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let mut set = Self { texts, table: HashTable::new(), longest, fold };
        if set.texts.len() > LINEAR {
            let hash_at = |at: &usize| set.texts.get(*at).map_or(0, |text| hash(text.as_bytes(), fold));
            let mut table = HashTable::with_capacity(set.texts.len());
            for at in 0..set.texts.len() {
                table.insert_unique(hash_at(&at), at, hash_at);
            }
            set.table = table;
        }
        set
    }

    pub(super) fn contains(&self, value: &[u8]) -> bool {
        // Paths and agents of strangers may be long; no member is, so they are not even hashed.
        if value.len() > self.longest {
            return false;
        }
        if self.table.is_empty() {
            return self.texts.iter().any(|text| same(text.as_bytes(), value, self.fold));
        }
        let is_it =
            |at: &usize| self.texts.get(*at).is_some_and(|text| same(text.as_bytes(), value, self.fold));
        self.table.find(hash(value, self.fold), is_it).is_some()
    }
}

/// Texts that a value may start or end with: one look-up for each length among them.
#[derive(Clone, Debug)]
pub(crate) struct Affixes {
    set: TextSet,
    lengths: Box<[usize]>,
}

impl Affixes {
    pub(super) fn new(texts: Vec<String>, fold: bool) -> Self {
        let texts: Arc<[Box<str>]> = texts.into_iter().map(String::into_boxed_str).collect();
        let mut lengths: Vec<_> = texts.iter().map(|text| text.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Self { set: TextSet::new(texts, fold), lengths: lengths.into_boxed_slice() }
    }

    pub(super) fn start(&self, value: &[u8]) -> bool {
        self.lengths.iter().map_while(|length| value.get(..*length)).any(|head| self.set.contains(head))
    }

    pub(super) fn end(&self, value: &[u8]) -> bool {
        let tails = self.lengths.iter().map_while(|length| value.get(value.len().checked_sub(*length)?..));
        tails.into_iter().any(|tail| self.set.contains(tail))
    }
}

/// Whether two texts are the same, the case of ASCII letters aside if `fold` says so.
pub(super) fn same(left: &[u8], right: &[u8], fold: bool) -> bool {
    if fold { left.eq_ignore_ascii_case(right) } else { left == right }
}

/// FNV-1a, with a last multiplication for the table's upper bits. The table's contents come from rules alone, so that no
/// event can make it slow.
fn hash(bytes: &[u8], fold: bool) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let seed = 0xcbf2_9ce4_8422_2325;
    let hash = if fold {
        bytes.iter().map(u8::to_ascii_lowercase).fold(seed, mix)
    } else {
        bytes.iter().copied().fold(seed, mix)
    };
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_a_linear_scan(
            texts in prop::collection::vec("[aAbBä]{0,3}", 1..12), value in "[aAbBä]{0,5}", fold: bool,
        ) {
            let boxed: Arc<[Box<str>]> = texts.iter().map(|text| text.clone().into_boxed_str()).collect();
            let case = |text: &str| if fold { text.to_ascii_lowercase() } else { text.to_owned() };
            let any = |is: fn(&str, &str) -> bool| texts.iter().any(|text| is(&case(&value), &case(text)));
            let affixes = Affixes::new(texts.clone(), fold);
            prop_assert_eq!(TextSet::new(boxed, fold).contains(value.as_bytes()), any(|value, text| value == text));
            prop_assert_eq!(affixes.start(value.as_bytes()), any(|value, text| value.starts_with(text)));
            prop_assert_eq!(affixes.end(value.as_bytes()), any(|value, text| value.ends_with(text)));
        }
    }
}
