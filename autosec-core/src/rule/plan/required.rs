//! Texts that every match of a regular expression contains.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A shorter text is in too many values to be worth a look.
const SHORTEST: usize = 4;
/// The most texts of which a match must have one.
const ALTERNATIVES: usize = 32;
/// The most ways to write one of a few characters that stand in the middle of a text.
const WAYS: usize = 3;
/// The most texts that such characters may multiply one text to.
const PRODUCT: usize = 8;
/// No text is longer.
const LONGEST: usize = 24;

/// Texts, in lower case as far as ASCII goes, of which every text that the expression matches has one in lower case;
/// nothing if there are none, or none long enough to be looked for.
pub(super) fn texts(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let parsed = regex_syntax::Parser::new().parse(pattern).ok()?;
    let mut walk = Walk::default();
    walk.visit(&parsed);
    walk.flush();
    walk.best.map(|set| set.texts)
}

/// Texts of which one must be there.
#[derive(Debug)]
struct Set {
    texts: Vec<Vec<u8>>,
    worth: usize,
}

impl Set {
    fn new(texts: Vec<Vec<u8>>) -> Option<Self> {
        worth(&texts).map(|worth| Self { texts, worth })
    }
}

/// What it is worth to look for these texts, if that is worth it.
fn worth(texts: &[Vec<u8>]) -> Option<usize> {
    let shortest = texts.iter().map(Vec::len).min()?;
    // Each doubling of the texts costs about as much as a character brings.
    let worth = (4 * shortest).saturating_sub(4 * texts.len().ilog2() as usize).max(1);
    (shortest >= SHORTEST && texts.len() <= ALTERNATIVES).then_some(worth)
}

/// Goes through what follows each other in an expression.
#[derive(Debug, Default)]
struct Walk {
    /// Characters that follow each other directly, each with all ways it may be written.
    run: Vec<Vec<Vec<u8>>>,
    best: Option<Set>,
}

impl Walk {
    fn visit(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                self.run.extend(literal.0.iter().map(|byte| vec![vec![byte.to_ascii_lowercase()]]));
            }
            HirKind::Class(class) => match ways(class) {
                Some(ways) => self.run.push(ways),
                None => self.flush(),
            },
            HirKind::Capture(capture) => self.visit(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.visit(part)),
            HirKind::Repetition(repetition) => {
                self.flush();
                if repetition.min > 0 {
                    self.visit(&repetition.sub);
                    self.flush();
                }
            }
            HirKind::Alternation(parts) => {
                self.flush();
                let sets = parts.iter().map(|part| {
                    let mut walk = Walk::default();
                    walk.visit(part);
                    walk.flush();
                    walk.best.map(|set| set.texts)
                });
                if let Some(texts) = sets.collect::<Option<Vec<_>>>() {
                    self.offer(Set::new(texts.concat()));
                }
            }
        }
    }

    /// Ends the run and keeps the best text in it.
    fn flush(&mut self) {
        let run = std::mem::take(&mut self.run);
        for start in 0..run.len() {
            let mut texts = vec![Vec::new()];
            for ways in run.iter().skip(start) {
                let shortest = texts.iter().map(Vec::len).min().unwrap_or(0);
                if texts.len() * ways.len() > PRODUCT || shortest >= LONGEST {
                    break;
                }
                if let [only] = ways.as_slice() {
                    texts.iter_mut().for_each(|text| text.extend_from_slice(only));
                } else {
                    let longer = |text: &Vec<u8>| -> Vec<Vec<u8>> {
                        ways.iter().map(|way| [text.as_slice(), way].concat()).collect()
                    };
                    texts = texts.iter().flat_map(longer).collect();
                }
                if shortest + 1 >= SHORTEST && self.is_better(&texts) {
                    self.offer(Set::new(texts.clone()));
                }
            }
        }
    }

    fn offer(&mut self, set: Option<Set>) {
        self.best = set.filter(|set| self.is_better(&set.texts)).or(self.best.take());
    }

    fn is_better(&self, texts: &[Vec<u8>]) -> bool {
        worth(texts).is_some_and(|worth| self.best.as_ref().is_none_or(|best| best.worth < worth))
    }
}

/// All ways to write a character of the class, if they are few.
fn ways(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut ways: Vec<Vec<u8>> = Vec::new();
    let mut add = |way: Vec<u8>| {
        if !ways.contains(&way) {
            ways.push(way);
        }
    };
    // The letters of both cases fall together, so the class may be a little larger than its ways are many.
    match class {
        Class::Unicode(class) => {
            let many: usize = class.ranges().iter().map(|range| range.len()).sum();
            if many > 2 * WAYS {
                return None;
            }
            for c in class.ranges().iter().flat_map(|range| range.start()..=range.end()) {
                add(c.to_ascii_lowercase().to_string().into_bytes());
            }
        }
        Class::Bytes(class) => {
            let many: usize = class.ranges().iter().map(|range| range.len()).sum();
            if many > 2 * WAYS {
                return None;
            }
            for byte in class.ranges().iter().flat_map(|range| range.start()..=range.end()) {
                add(vec![byte.to_ascii_lowercase()]);
            }
        }
    }
    (!ways.is_empty() && ways.len() <= WAYS).then_some(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str) -> Vec<String> {
        let found = texts(pattern).unwrap_or_default();
        found.into_iter().map(|text| String::from_utf8(text).unwrap()).collect()
    }

    #[test]
    fn finds_what_every_match_contains() {
        assert_eq!(found(r"^.*\\Temp\\x+"), [r"\temp\"]);
        assert_eq!(found("(?:certutil|bitsadmin)[0-9]+"), ["certutil", "bitsadmin"]);
        assert_eq!(found("(abcde)?fghij?"), ["fghi"]);
        assert_eq!(found("a{2,}bc-[/-]enc"), ["bc--enc", "bc-/enc"]);
        assert_eq!(found("(?i)invoice"), ["invoice"]);
        assert_eq!(found("(?i)b\u{e4}umen"), ["b\u{c4}umen", "b\u{e4}umen"]);
    }

    #[test]
    fn knows_of_letters_that_fold_to_others() {
        // The sign for kelvin and the long s are a `k` and an `s` where case does not matter.
        assert_eq!(found("(?i)akte"), ["akte", "a\u{212a}te"]);
        assert!(found("(?i)sks").is_empty());
    }

    #[test]
    fn finds_nothing_where_nothing_is_sure() {
        for pattern in ["abc", "a.b.c.d", "(abcd|x)", "(abcd)*", "[a-z]{8}", "", "(?i)sssssss"] {
            assert_eq!(texts(pattern), None, "{pattern}");
        }
    }
}
