use super::search::Needle;
use super::text::same;
use crate::rule::lang::condition::Piece;

/// A pattern with wildcards, asked of a whole text.
///
/// It is cut at each `*`. The first segment stands at the start, the last at the end, and each of the others at the first
/// place behind the one before it: what matches earliest leaves most to the rest, so that nothing is ever tried twice
/// and the cost is at most the text's length times the longest segment's.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    segments: Box<[Segment]>,
    /// The pattern begins, ends with `*`.
    open: [bool; 2],
}

/// Pieces that follow each other.
#[derive(Clone, Debug)]
struct Segment {
    atoms: Box<[Atom]>,
    /// How many characters it takes.
    length: usize,
    fold: bool,
    /// For a segment that is one text.
    finder: Option<Needle>,
}

#[derive(Clone, Debug)]
enum Atom {
    Text(Box<str>),
    One,
    Dash,
}

impl Glob {
    pub(super) fn new(pieces: Vec<Piece>, fold: bool) -> Self {
        let open = [pieces.first(), pieces.last()].map(|piece| piece == Some(&Piece::Many));
        let mut segments: Vec<Vec<Atom>> = vec![Vec::new()];
        for piece in pieces {
            let atom = match piece {
                Piece::Many => {
                    segments.push(Vec::new());
                    continue;
                }
                Piece::Text(text) => Atom::Text(text.into_boxed_str()),
                Piece::One => Atom::One,
                Piece::Dash => Atom::Dash,
            };
            if let Some(segment) = segments.last_mut() {
                segment.push(atom);
            }
        }
        segments.retain(|atoms| !atoms.is_empty());
        Self { segments: segments.into_iter().map(|atoms| Segment::new(atoms, fold)).collect(), open }
    }

    /// Whether the whole text is as the pattern says.
    pub(super) fn matches(&self, text: &str) -> bool {
        let [open_start, open_end] = self.open;
        let mut segments = &*self.segments;
        let mut from = 0;
        if !open_start {
            let Some((first, rest)) = segments.split_first() else { return text.is_empty() };
            let Some(end) = first.at(text, 0) else { return false };
            if rest.is_empty() && !open_end {
                return end == text.len();
            }
            (segments, from) = (rest, end);
        }
        let last = if open_end { None } else { segments.split_last() };
        for segment in last.map_or(segments, |(_, middle)| middle) {
            let Some(end) = segment.find(text, from) else { return false };
            from = end;
        }
        last.is_none_or(|(last, _)| last.ends(text, from))
    }
}

impl Segment {
    fn new(atoms: Vec<Atom>, fold: bool) -> Self {
        let length = |atom: &Atom| if let Atom::Text(text) = atom { text.chars().count() } else { 1 };
        let finder = match atoms.as_slice() {
            [Atom::Text(text)] => Some(Needle::new(text.as_bytes(), fold)),
            _ => None,
        };
        Self { length: atoms.iter().map(length).sum(), atoms: atoms.into_boxed_slice(), fold, finder }
    }

    /// Where it ends if it begins at `at`.
    fn at(&self, text: &str, at: usize) -> Option<usize> {
        let mut at = at;
        for atom in &self.atoms {
            let rest = text.get(at..)?;
            at += match atom {
                Atom::Text(wanted) => {
                    let here = rest.as_bytes().get(..wanted.len())?;
                    same(here, wanted.as_bytes(), self.fold).then_some(wanted.len())?
                }
                Atom::One => rest.chars().next()?.len_utf8(),
                Atom::Dash => rest.chars().next().filter(|c| is_dash(*c))?.len_utf8(),
            };
        }
        Some(at)
    }

    /// Where the first one from `from` on ends.
    fn find(&self, text: &str, from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        if let Some(finder) = &self.finder {
            return finder.find(rest.as_bytes()).map(|at| from + at + finder.len());
        }
        rest.char_indices().find_map(|(at, _)| self.at(text, from + at))
    }

    /// Whether the text ends with it, from `from` on.
    fn ends(&self, text: &str, from: usize) -> bool {
        let start = text.char_indices().rev().nth(self.length.saturating_sub(1)).map(|(at, _)| at);
        start.is_some_and(|start| start >= from && self.at(text, start) == Some(text.len()))
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '/' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By trying everything.
    fn obvious(pieces: &[Piece], text: &str) -> bool {
        let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
        let mut chars = text.chars();
        match first {
            Piece::Text(wanted) => {
                let (wanted, text) = (wanted.to_ascii_lowercase(), text.to_ascii_lowercase());
                text.strip_prefix(&*wanted).is_some_and(|text| obvious(rest, text))
            }
            Piece::One => chars.next().is_some() && obvious(rest, chars.as_str()),
            Piece::Dash => chars.next().is_some_and(is_dash) && obvious(rest, chars.as_str()),
            Piece::Many => {
                let mut tails = text.char_indices().map(|(at, _)| &text[at..]).chain(std::iter::once(""));
                tails.any(|tail| obvious(rest, tail))
            }
        }
    }

    #[test]
    fn never_uses_a_character_twice() {
        let pieces = || vec![Piece::Text("ab".into()), Piece::Many, Piece::Text("ba".into())];
        let matches = |text| Glob::new(pieces(), true).matches(text);
        assert!(!matches("aba") && matches("abba") && matches("abxba") && !matches("ab"));
    }

    proptest! {
        #[test]
        fn matches_what_trying_everything_matches(
            pieces in prop::collection::vec(
                prop_oneof![
                    "[abA]{1,2}|\u{e4}".prop_map(Piece::Text),
                    Just(Piece::One),
                    Just(Piece::Many),
                    Just(Piece::Dash),
                ],
                0..7,
            ),
            text in "[abA/\u{e4}\u{2013}-]{0,10}",
        ) {
            prop_assert_eq!(Glob::new(pieces.clone(), true).matches(&text), obvious(&pieces, &text));
        }
    }
}
