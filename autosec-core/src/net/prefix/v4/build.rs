//! From sorted prefixes to lines.

use super::super::flatten::{NONE, flatten};
use super::super::table::NO_LENGTH;
use super::{CROWDED, KEY, KEY_BITS, Line, Lines, PLACES, Prefix, SHIFT_BITS};

/// How many prefixes a line holds.
const MOST_INSIDE: usize = PLACES - 1;

/// The fewest and the most bits of an address that name its region: 2^10 regions take 4 KiB, 2^17 take 512 KiB.
const LEAST_TOP: u32 = 10;
const MOST_TOP: u32 = 32 - KEY_BITS;

/// The fewest bits of an address that a line leaves over.
const LEAST_SHIFT: u32 = 3;

/// How many bits of an address had best name its region. A region with any prefix inside has lines of 2^15 addresses at
/// most: the larger the regions, the fewer they are, and the more lines each of them takes.
fn top_bits(prefixes: usize) -> u32 {
    ((21 + prefixes.max(1).ilog2()) / 2).clamp(LEAST_TOP, MOST_TOP)
}

/// The lines of `prefixes`, which are distinct, sorted by first address and then by length.
pub(super) fn lines(prefixes: &[Prefix]) -> Lines {
    if prefixes.is_empty() {
        return Lines::default();
    }
    let region_bits = 32 - top_bits(prefixes.len());
    let mut building = Building {
        lines: Lines { region_bits, ..Lines::default() },
        rest: prefixes,
        open: Vec::new(),
        plain: None,
    };
    for region in 0..1u32 << (32 - region_bits) {
        building.add_region(region << region_bits);
    }
    building.finish()
}

struct Building<'a> {
    lines: Lines,
    /// The prefixes that begin after the last line.
    rest: &'a [Prefix],
    /// The prefixes that cover the last line, each with its last address.
    open: Vec<(u32, Prefix)>,
    /// The last region without prefixes inside it: what is around it, and its entry in `regions`.
    plain: Option<(Option<(u32, u8)>, u32)>,
}

impl Building<'_> {
    /// Adds the region that begins at `first`.
    fn add_region(&mut self, first: u32) {
        let region_bits = self.lines.region_bits;
        let count =
            self.rest.iter().take_while(|prefix| prefix.first >> region_bits == first >> region_bits).count();
        let inside = self.rest.get(..count).unwrap_or_default();
        let shift = shift(inside, region_bits);
        let entry = number(self.lines.lines.len()) << SHIFT_BITS | shift;
        for line in 0..1 << (region_bits - shift) {
            self.add_line(first + (line << shift), shift);
        }
        let entry = self.shared(shift, entry);
        self.lines.regions.push(entry);
    }

    /// `entry`, or if the region just added is plain and like the last plain one, the entry of that.
    fn shared(&mut self, shift: u32, entry: u32) -> u32 {
        if shift != self.lines.region_bits || self.lines.lines.last().is_none_or(|line| line.masks != [0; 2])
        {
            return entry;
        }
        let around = self.open.last().map(|(_, prefix)| (prefix.value, prefix.length));
        match self.plain {
            Some((last, shared)) if last == around => {
                self.lines.lines.pop();
                shared
            }
            _ => {
                self.plain = Some((around, entry));
                entry
            }
        }
    }

    /// Adds the line that begins at `first`.
    fn add_line(&mut self, first: u32, shift: u32) {
        while self.open.pop_if(|(last, _)| *last < first).is_some() {}
        let last = first | ((1 << shift) - 1);
        while let Some((prefix, rest)) = self.rest.split_first()
            && prefix.first == first
            && last_address(prefix) >= last
        {
            self.open.push((last_address(prefix), *prefix));
            self.rest = rest;
        }
        let count = self.rest.iter().take_while(|prefix| prefix.first <= last).count();
        let (inside, rest) = self.rest.split_at_checked(count).unwrap_or_default();
        self.rest = rest;
        let around = self.open.last().map(|(_, prefix)| *prefix);
        let line =
            if inside.len() > MOST_INSIDE { self.crowded(inside, around) } else { simple(inside, around) };
        self.lines.lines.push(line);
    }

    /// The line of more prefixes than it holds, whose boundaries go to the side arrays.
    fn crowded(&mut self, inside: &[Prefix], around: Option<Prefix>) -> Line {
        let lines = &mut self.lines;
        let begin = lines.lows.len();
        let low = |address: u32| address & KEY;
        let ranges = inside.iter().map(|prefix| (low(prefix.first), low(last_address(prefix))));
        for (at, slot) in flatten(ranges) {
            // What ends with the last line of 2^15 addresses has a boundary beyond it, which nothing asks for.
            let Ok(at) = u16::try_from(at) else { continue };
            let found = if slot == NONE { around } else { inside.get(slot as usize).copied() };
            lines.lows.push(at);
            lines.values.push(found.map_or(0, |prefix| prefix.value));
            lines.lengths.push(found.map_or(NO_LENGTH, |prefix| prefix.length));
        }
        // At most two boundaries a prefix and one more a line: both numbers fit.
        let mut line = Line { keys: [0, CROWDED << 48], ..Line::default() };
        line.values[0] = number(begin);
        line.values[1] = number(lines.lows.len() - begin);
        line
    }

    fn finish(mut self) -> Lines {
        let lines = &mut self.lines;
        lines.lines.shrink_to_fit();
        lines.lows.shrink_to_fit();
        lines.values.shrink_to_fit();
        lines.lengths.shrink_to_fit();
        self.lines
    }
}

/// The line of at most as many prefixes as it holds.
fn simple(inside: &[Prefix], around: Option<Prefix>) -> Line {
    let known = if around.is_some() { PLACES } else { inside.len() } as u64;
    let length = u64::from(around.map_or(NO_LENGTH, |prefix| prefix.length));
    let mut line = Line {
        keys: [0, known << 48 | length << 55],
        masks: [0; 2],
        values: [around.map_or(0, |prefix| prefix.value); PLACES],
    };
    for ((place, value), prefix) in line.values.iter_mut().enumerate().zip(inside.iter().rev()) {
        let lane = |bits: u32| u64::from(bits & KEY) << (place / 2 * 16);
        if let (Some(keys), Some(masks)) = (line.keys.get_mut(place % 2), line.masks.get_mut(place % 2)) {
            *keys |= lane(prefix.first);
            *masks |= lane(!u32::MAX.checked_shr(u32::from(prefix.length)).unwrap_or(0));
        }
        *value = prefix.value;
    }
    line
}

/// How many bits of an address the lines of a region had best leave over: the fewer lines the better, but a crowded prefix
/// costs as much as a line.
fn shift(prefixes: &[Prefix], region_bits: u32) -> u32 {
    if prefixes.iter().all(|prefix| u32::from(prefix.length) <= 32 - region_bits) {
        return region_bits;
    }
    let (mut best, mut least) = (region_bits.min(KEY_BITS), usize::MAX);
    for shift in (LEAST_SHIFT..=best).rev() {
        let lines = 1 << (region_bits - shift);
        if lines >= least {
            break;
        }
        let crowded: usize = prefixes
            .chunk_by(|a, b| a.first >> shift == b.first >> shift)
            .map(|run| run.iter().filter(|prefix| u32::from(prefix.length) > 32 - shift).count())
            .filter(|count| *count > MOST_INSIDE)
            .sum();
        if lines + crowded < least {
            (best, least) = (shift, lines + crowded);
        }
    }
    best
}

fn last_address(prefix: &Prefix) -> u32 {
    prefix.first | u32::MAX.checked_shr(u32::from(prefix.length)).unwrap_or(0)
}

/// The number of a line or a boundary as it is kept. 2^26 prefixes take at most 2^26 lines and one more a region, or a line
/// of 2^15 addresses each, which is less than 2^27.
fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(first: u32, length: u8, value: u32) -> Prefix {
        let mask = !u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
        Prefix { first: first & mask, length, value }
    }

    fn sorted(mut prefixes: Vec<Prefix>) -> Vec<Prefix> {
        prefixes.sort_by_key(|prefix| (prefix.first, prefix.length));
        prefixes.dedup_by_key(|prefix| (prefix.first, prefix.length));
        prefixes
    }

    /// Prefixes close to each other, so that they nest and crowd, at the beginning of regions and anywhere.
    fn prefixes() -> impl Strategy<Value = Vec<Prefix>> {
        let address = prop_oneof![
            (0u32..64, 6u32..24).prop_map(|(high, shift)| high << shift),
            0x0A00_0000u32..0x0A00_0040,
            0x0A00_0000u32..0x0A02_0000,
            any::<u32>(),
        ];
        let one = (address, prop_oneof![0u8..=32, 14u8..=18, 28u8..=32], any::<u32>());
        let one = one.prop_map(|(address, length, value)| prefix(address, length, value));
        prop::collection::vec(one, 0..120).prop_map(sorted)
    }

    fn naive(prefixes: &[Prefix], address: u32) -> Option<(u32, u8)> {
        let covering = prefixes.iter().filter(|one| one.first <= address && address <= last_address(one));
        covering.max_by_key(|one| one.length).map(|one| (one.value, one.length))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn agrees_with_a_look_at_every_prefix(
            prefixes in prefixes(),
            random in prop::collection::vec(any::<u32>(), 16),
        ) {
            let lines = lines(&prefixes);
            let near = prefixes.iter().flat_map(|one| {
                let (first, last) = (one.first, last_address(one));
                [first, last, first.wrapping_sub(1), last.wrapping_add(1), first + (last - first) / 2]
            });
            for address in near.chain(random) {
                let expected = naive(&prefixes, address);
                prop_assert_eq!(lines.value(address), expected.map(|(value, _)| value), "{:x}", address);
                prop_assert_eq!(lines.length(address), expected.map(|(_, length)| length), "{:x}", address);
            }
        }
    }

    #[test]
    fn cuts_the_space_by_the_number_of_prefixes() {
        assert_eq!([0, 1, 1_000, 8_192, 1_000_000, usize::MAX].map(top_bits), [10, 10, 15, 17, 17, 17]);
    }

    #[test]
    fn gives_crowded_prefixes_lines_or_side_arrays_whichever_is_smaller() {
        let spread = sorted((0..4_096).map(|n| prefix(n << 10, 32, n)).collect());
        let spread_lines = lines(&spread);
        assert!(spread_lines.lows.is_empty(), "{} boundaries", spread_lines.lows.len());
        // Nine nested prefixes at one address: no number of lines parts them.
        let nested = sorted((24..=32).map(|length| prefix(0x0A00_0000, length, u32::from(length))).collect());
        let nested_lines = lines(&nested);
        assert_eq!((nested_lines.lows.len(), nested_lines.lengths.len()), (10, 10));
        for (prefixes, lines) in [(spread, spread_lines), (nested, nested_lines)] {
            for address in (0..1 << 22).step_by(512).chain(0x0A00_0000..0x0A00_0200) {
                let expected = naive(&prefixes, address);
                assert_eq!(lines.value(address).zip(lines.length(address)), expected, "{address:x}");
            }
        }
    }

    #[test]
    fn keeps_regions_alike_once() {
        let wide = sorted(vec![prefix(0, 1, 7), prefix(0x8000_0000, 2, 8)]);
        assert_eq!(lines(&wide).lines.len(), 3, "two values and none");
    }
}
