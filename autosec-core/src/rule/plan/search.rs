use memchr::memchr2;

/// Bytes from the commonest to rarer ones, as command lines and paths have them; all others are rarer still.
const COMMON: &[u8] = b" e\\tsaionrlcdmpu.wh-/:0g1\"f2y3b4,5678=9vk_x";

/// Finds a text in another, the case of ASCII letters aside: looks for its rarest byte and compares there.
///
/// Takes no memory beside the text, where an automaton over one text of twenty bytes takes kilobytes.
#[derive(Clone, Debug)]
pub(crate) struct FoldFinder {
    needle: Box<[u8]>,
    rare: [u8; 2],
    rare_at: usize,
}

impl FoldFinder {
    pub(super) fn new(needle: &[u8]) -> Self {
        let common = |byte: u8| COMMON.iter().position(|common| *common == byte.to_ascii_lowercase());
        let rarest = needle.iter().enumerate().max_by_key(|(_, byte)| common(**byte).unwrap_or(COMMON.len()));
        let (rare_at, byte) = rarest.map_or((0, 0), |(at, byte)| (at, *byte));
        Self { needle: needle.into(), rare: [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()], rare_at }
    }

    /// Where the text begins in `hay` first.
    pub(super) fn find(&self, hay: &[u8]) -> Option<usize> {
        if self.needle.is_empty() {
            return Some(0);
        }
        let [lower, upper] = self.rare;
        let mut from = self.rare_at;
        loop {
            let rare = from + memchr2(lower, upper, hay.get(from..)?)?;
            let start = rare - self.rare_at;
            let here = hay.get(start..start + self.needle.len())?;
            if here.eq_ignore_ascii_case(&self.needle) {
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
        fn finds_what_lower_case_finds(needle in "[aAbB\\\\ ]{0,4}", hay in "[aAbBcC\\\\ ]{0,24}") {
            let found = FoldFinder::new(needle.as_bytes()).find(hay.as_bytes());
            prop_assert_eq!(found, hay.to_ascii_lowercase().find(&needle.to_ascii_lowercase()));
        }
    }
}
