use memchr::memchr2;

use super::text::same;

/// Bytes from the commonest to rarer ones, as command lines and paths have them; all others are rarer still.
const COMMON: &[u8] = b" e\\tsaionrlcdmpu.wh-/:0g1\"f2y3b4,5678=9vk_x";

/// Finds a text in another: looks for its rarest byte and compares there.
///
/// Takes no memory beside the text, where an automaton over one text of twenty bytes takes kilobytes.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    text: Box<[u8]>,
    rare_at: usize,
    rare: [u8; 2],
    fold: bool,
}

impl Needle {
    /// `fold` says that the case of ASCII letters does not matter.
    pub(super) fn new(text: &[u8], fold: bool) -> Self {
        let common = |byte: u8| COMMON.iter().position(|common| *common == byte.to_ascii_lowercase());
        let rarest = text.iter().enumerate().max_by_key(|(_, byte)| common(**byte).unwrap_or(COMMON.len()));
        let (rare_at, byte) = rarest.map_or((0, 0), |(at, byte)| (at, *byte));
        let rare = if fold { [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] } else { [byte; 2] };
        Self { text: text.into(), rare_at, rare, fold }
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Where the text begins in `hay` first.
    pub(super) fn find(&self, hay: &[u8]) -> Option<usize> {
        if self.text.is_empty() {
            return Some(0);
        }
        let [lower, upper] = self.rare;
        let mut from = self.rare_at;
        loop {
            let rare = from + memchr2(lower, upper, hay.get(from..)?)?;
            let start = rare - self.rare_at;
            let here = hay.get(start..start + self.text.len())?;
            if same(here, &self.text, self.fold) {
                return Some(start);
            }
            from = rare + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_the_standard_library_finds(
            needle in "[aAbB\\\\ ]{0,4}", hay in "[aAbBcC\\\\ ]{0,24}", fold: bool,
        ) {
            let found = Needle::new(needle.as_bytes(), fold).find(hay.as_bytes());
            let case = |text: &str| if fold { text.to_ascii_lowercase() } else { text.to_owned() };
            prop_assert_eq!(found, case(&hay).find(&case(&needle)));
        }
    }
}
