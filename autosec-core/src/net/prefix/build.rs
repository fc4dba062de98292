//! From sorted prefixes to nodes and lines.

use super::forest::{Forest, Match, Node};
use super::line::{HELD, Key, Line, key};

/// A prefix of 32 bits and its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) first: u32,
    /// 1 to 32.
    pub(super) length: u8,
    pub(super) slot: u32,
}

impl Entry {
    /// Its last address.
    pub(super) fn last(&self) -> u32 {
        self.first | below(self.length)
    }
}

/// Builds tables whose 32 bits come after `above` others.
pub(super) struct Builder<'a> {
    pub(super) forest: &'a mut Forest,
    pub(super) above: u8,
}

impl Builder<'_> {
    /// The table of `entries`, which are distinct, sorted by first address and then by length; `around` holds elsewhere.
    pub(super) fn table(&mut self, entries: &[Entry], around: Match) -> Node {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Node { around, ..Node::default() };
        };
        let common = common(first.first, last.first).min(first.length);
        let bits = bits(entries, common);
        let node = Node {
            first: first.first & !below(common),
            mask: !below(common),
            around,
            shift: 32 - common - bits,
            above: self.above,
            lines: number(self.forest.lines.len()),
        };
        self.lines(&node, entries, 1 << bits);
        node
    }

    /// Adds the lines of a node that has this many `parts`.
    fn lines(&mut self, node: &Node, mut rest: &[Entry], parts: usize) {
        let begin = self.forest.lines.len();
        self.forest.lines.resize(begin + parts, Line::default());
        let known = 32 - node.shift;
        let mut open: Vec<Entry> = Vec::new();
        let firsts = (0..).map(|part: u32| node.first | part.checked_shl(u32::from(node.shift)).unwrap_or(0));
        for (at, first) in (begin..begin + parts).zip(firsts) {
            let ended = open.iter().rev().take_while(|entry| entry.last() < first).count();
            open.truncate(open.len() - ended);
            let (here, after) =
                rest.split_at(rest.iter().take_while(|entry| entry.first <= first | below(known)).count());
            let (covers, inside) =
                here.split_at(here.iter().take_while(|entry| entry.length <= known).count());
            open.extend(covers);
            rest = after;
            let line = self.line(node, inside, open.last(), first);
            if let Some(kept) = self.forest.lines.get_mut(at) {
                *kept = line;
            }
        }
    }

    /// The line of a part that begins at `first`, with what is `inside` it and what covers it.
    fn line(&mut self, node: &Node, inside: &[Entry], cover: Option<&Entry>, first: u32) -> Line {
        if inside.len() <= HELD {
            return Line::of(inside.iter().rev().map(place), cover.map_or((0, node.around.slot), place));
        }
        let around =
            cover.map_or(node.around, |entry| Match { slot: entry.slot, length: self.above + entry.length });
        self.crowded(inside, around, first ^ (1 << node.shift))
    }

    /// The line of more prefixes than it holds: the longest, then the node of the others; `elsewhere` is an address that
    /// does not come here.
    fn crowded(&mut self, inside: &[Entry], around: Match, elsewhere: u32) -> Line {
        let mut longest = inside.to_vec();
        longest.sort_by_key(|entry| std::cmp::Reverse(entry.length));
        let mut others = longest.split_off(HELD);
        others.sort_unstable_by_key(|entry| (entry.first, entry.length));
        let node = self.table(&others, around);
        self.forest.nodes.push(node);
        Line::of(longest.iter().map(place), (key(elsewhere, 32), number(self.forest.nodes.len() - 1)))
    }
}

/// How many bits had best cut addresses with `common` bits in common into lines: the fewest that leave at most an eighth
/// of the prefixes crowded, unless most lines would be empty or take more than 24 bytes a prefix. One bit must be known of
/// the addresses of every line, which keys leave out, and two of a line that leads on, so that there is an address
/// elsewhere.
fn bits(entries: &[Entry], common: u8) -> u8 {
    if entries.len() <= HELD {
        return u8::from(common == 0);
    }
    let least = 2u8.saturating_sub(common).max(1).max(logarithm(entries.len() / (HELD + 1)));
    let most = logarithm(entries.len() * 3 / 8).min(32 - common).max(least);
    let mut best = least;
    for bits in least..=most {
        let (used, crowded) = filling(entries, common + bits);
        if bits > least && used * 2 < 1 << bits {
            break;
        }
        best = bits;
        if crowded * 8 <= entries.len() {
            break;
        }
    }
    best
}

/// Of lines whose addresses have `known` bits in common: how many are used, and how many prefixes are in crowded ones.
fn filling(entries: &[Entry], known: u8) -> (usize, usize) {
    let shift = 32 - u32::from(known);
    let lines = entries.chunk_by(|a, b| (u64::from(a.first) >> shift) == (u64::from(b.first) >> shift));
    lines.fold((0, 0), |(used, crowded), line| {
        let inside = line.iter().filter(|entry| entry.length > known).count();
        (used + 1, crowded + if inside > HELD { inside } else { 0 })
    })
}

/// How many bits from the highest two addresses have in common.
#[expect(clippy::cast_possible_truncation, reason = "at most 32")]
fn common(one: u32, other: u32) -> u8 {
    (one ^ other).leading_zeros() as u8
}

/// The logarithm of a number that is not zero, rounded down.
#[expect(clippy::cast_possible_truncation, reason = "below 64")]
fn logarithm(number: usize) -> u8 {
    number.ilog2() as u8
}

fn place(entry: &Entry) -> (Key, u32) {
    (key(entry.first, entry.length), entry.slot)
}

/// The bits after the first `length`.
fn below(length: u8) -> u32 {
    u32::MAX.checked_shr(u32::from(length)).unwrap_or(0)
}

/// The number of a line, a node or a value as it is kept. 2^26 prefixes take fewer than 2^28 lines, however adverse they are
/// (see the tests), so none comes near 2^32, nor a node's near 2^30.
pub(super) fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(first: u32, length: u8, slot: u32) -> Entry {
        Entry { first: first & !below(length), length, slot }
    }

    fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.sort_by_key(|entry| (entry.first, entry.length));
        entries.dedup_by_key(|entry| (entry.first, entry.length));
        entries
    }

    /// Prefixes close to each other, so that they nest and crowd, at the beginning of parts and anywhere.
    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let address = prop_oneof![
            (0u32..64, 6u32..26).prop_map(|(high, shift)| high << shift),
            0x0A00_0000u32..0x0A00_0040,
            0x0A00_0000u32..0x0A02_0000,
            0x8A00_0000u32..0x8A00_0040,
            any::<u32>(),
        ];
        let one = (address, prop_oneof![1u8..=32, 14u8..=18, 28u8..=32], 0u32..1_000);
        let one = one.prop_map(|(address, length, slot)| entry(address, length, slot));
        prop_oneof![prop::collection::vec(one.clone(), 0..16), prop::collection::vec(one, 0..200)]
            .prop_map(sorted)
    }

    const AROUND: Match = Match { slot: 4_000, length: 77 };

    fn naive(entries: &[Entry], address: u32) -> Match {
        let covering = entries.iter().filter(|one| one.first <= address && address <= one.last());
        let longest = covering.max_by_key(|one| one.length);
        longest.map_or(AROUND, |one| Match { slot: one.slot, length: 64 + one.length })
    }

    fn table(entries: &[Entry]) -> (Forest, Node) {
        let mut forest = Forest::default();
        let node = Builder { forest: &mut forest, above: 64 }.table(entries, AROUND);
        (forest, node)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn agrees_with_a_look_at_every_prefix(
            entries in entries(),
            random in prop::collection::vec(any::<u32>(), 16),
        ) {
            let (forest, node) = table(&entries);
            let near = entries.iter().flat_map(|one| {
                let (first, last) = (one.first, one.last());
                [first, last, first.wrapping_sub(1), last.wrapping_add(1), first + (last - first) / 2, first ^ (1 << 31)]
            });
            for address in near.chain(random) {
                prop_assert_eq!(forest.find(&node, address), naive(&entries, address), "{:x}", address);
            }
        }
    }

    #[test]
    fn cuts_the_space_by_the_number_of_prefixes() {
        let spread = |count: u32| (0..count).map(|n| entry(n.wrapping_mul(0x9E37_79B1), 32, n)).collect();
        let bits = |count| bits(&sorted(spread(count)), 0);
        assert_eq!([0, 1, 7, 8, 1_000, 100_000].map(bits), [1, 1, 1, 2, 8, 14]);
    }

    /// How many lines an address takes.
    fn steps(forest: &Forest, node: &Node, address: u32) -> usize {
        let mut next = forest.step(node, address);
        let mut steps = 1;
        while let Err(number) = next {
            next = forest.step(&forest.nodes[number as usize], address);
            steps += 1;
        }
        steps
    }

    /// Prefixes for which a table that only cuts its space evenly has no good cut.
    fn adverse() -> Vec<(&'static str, Vec<Entry>)> {
        let random = |n: u32| n.wrapping_mul(0x9E37_79B1) ^ n.wrapping_mul(0x85EB_CA6B).rotate_left(13);
        let chain = |address: u32| (1..=32).map(move |length| entry(address, length, u32::from(length)));
        let halves = |address: u32| (0..32).map(move |bit| entry(address ^ (1 << bit), 32, bit));
        let all =
            |begin: u32, shift: u32, count: u32| (0..count).map(move |n| entry(begin + (n << shift), 32, n));
        vec![
            ("every address of a /16", all(0x0A00_0000, 0, 1 << 16).collect()),
            ("random in a /8", (0..50_000).map(|n| entry(0x0A00_0000 | random(n) >> 8, 32, n)).collect()),
            ("every other address", all(0, 1, 1 << 15).collect()),
            ("a chain", chain(0x0A0B_0C0D).collect()),
            ("chains", (0..2_000).flat_map(|n| chain(random(n))).collect()),
            (
                "chains of hosts",
                (0..2_000).flat_map(|n| (24..=32).map(move |l| entry(random(n), l, n))).collect(),
            ),
            ("an outlier a bit", halves(0x0A0B_0C0D).collect()),
            ("outliers a bit", (0..2_000).flat_map(|n| halves(random(n))).collect()),
            (
                "pairs",
                (0..8_000).flat_map(|n| [entry(random(n), 32, n), entry(random(n) ^ 1, 32, n)]).collect(),
            ),
            (
                "eights",
                (0..4_000).flat_map(|n| (0..8).map(move |low| entry(random(n) & !7 | low, 32, n))).collect(),
            ),
            ("every length of 128 addresses", {
                (25u8..=32).flat_map(|l| (0..128u32).map(move |n| entry(0x0A00_0000 | n, l, n))).collect()
            }),
            (
                "dense and sparse",
                all(0, 0, 20_000).chain((0..20_000).map(|n| entry(random(n), 32, n))).collect(),
            ),
            ("dense, denser", (0..32).flat_map(|bit| all(1 << bit, 0, 100.min(1 << bit))).collect()),
        ]
    }

    #[test]
    fn takes_few_bytes_and_few_lines_whatever_comes() {
        for (name, entries) in adverse() {
            let entries = sorted(entries);
            let (forest, node) = table(&entries);
            let bytes = forest.bytes() / entries.len();
            let addresses =
                entries.iter().flat_map(|one| [one.first, one.first.wrapping_sub(1), one.last() ^ 1]);
            let most = addresses.map(|address| steps(&forest, &node, address)).max().unwrap();
            for one in entries.iter().step_by(1 + entries.len() / 100) {
                for address in [one.first, one.last(), one.first.wrapping_sub(1), one.last().wrapping_add(1)]
                {
                    assert_eq!(forest.find(&node, address), naive(&entries, address), "{name}: {address:x}");
                }
            }
            assert!(bytes <= 64 && most <= 8, "{name}: {bytes} bytes a prefix, {most} lines");
        }
    }

    #[test]
    fn leads_on_from_either_half_of_the_space() {
        for half in [0, 1 << 31] {
            let crowd = (1..9).map(|n| entry(half | n, 32, n)).chain([entry(half ^ (0xF << 28), 32, 9)]);
            let (forest, node) = table(&sorted(crowd.collect()));
            let answers = [0, 1, 8, 9, 1 << 31].map(|address| forest.find(&node, half ^ address).slot);
            assert_eq!(answers, [AROUND.slot, 1, 8, AROUND.slot, AROUND.slot]);
        }
    }

    #[test]
    fn a_crowd_covered_by_one_prefix_is_not_taken_for_nothing_but_that_prefix() {
        let crowd = sorted(
            (0..12).map(|n| entry(0xC1FD_4A9C + 2 * n, 32, n)).chain([entry(0xC1FD_0000, 16, 99)]).collect(),
        );
        let (forest, node) = table(&crowd);
        assert_eq!(forest.find(&node, 0xC1FD_4A9C), Match { slot: 0, length: 96 });
        assert_eq!(forest.find(&node, 0xC1FD_4A9D), Match { slot: 99, length: 80 });
        assert_eq!(forest.find(&node, 0x41FD_4A9D), AROUND);
    }
}
