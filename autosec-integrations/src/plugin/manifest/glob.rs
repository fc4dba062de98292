use std::fmt;

/// The longest pattern, in bytes.
const LONGEST: usize = 512;

/// A pattern of texts made of parts: `*` stands for anything within a part, also nothing, `**` for anything at all.
///
/// Parts are set apart by a byte: `/` in paths, `.` in names of hosts. There is no way to write a `*` that stands for itself,
/// but a `*` of a text is matched like every other character.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Glob {
    symbols: Vec<Symbol>,
    separator: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Symbol {
    Byte(u8),
    /// `*`
    Part,
    /// `**`
    All,
}

impl Glob {
    /// A pattern that stands for nothing yet but the empty text.
    pub(crate) fn empty(separator: u8) -> Self {
        Self { symbols: Vec::new(), separator }
    }

    /// Adds text in which stars are wildcards.
    pub(crate) fn push_pattern(&mut self, text: &str) {
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            let symbol = match byte {
                b'*' if bytes.next_if_eq(&b'*').is_some() => Symbol::All,
                b'*' => Symbol::Part,
                byte => Symbol::Byte(byte),
            };
            match (self.symbols.last_mut(), symbol) {
                (Some(Symbol::Part | Symbol::All), Symbol::Part) => {}
                (Some(last @ (Symbol::Part | Symbol::All)), Symbol::All) => *last = Symbol::All,
                _ => self.symbols.push(symbol),
            }
        }
    }

    /// Adds text that stands for itself.
    pub(crate) fn push_literal(&mut self, text: &str) {
        self.symbols.extend(text.bytes().map(Symbol::Byte));
    }

    pub(crate) fn is_too_long(&self) -> bool {
        self.symbols.len() > LONGEST
    }

    pub(crate) fn matches(&self, text: impl AsRef<[u8]>) -> bool {
        self.takes(text.as_ref().iter().copied().map(Symbol::Byte))
    }

    /// Whether this pattern matches all that the other one matches.
    ///
    /// A `*` of the other is covered by a `*` or `**` of this one as a whole; where that is not enough the answer is no, so
    /// it may be no for a pattern that is covered, and is never yes for one that is not.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.separator == other.separator && self.takes(other.symbols.iter().copied())
    }

    /// Runs the pattern as an automaton whose states are the places in it; work is at most text times pattern.
    fn takes(&self, text: impl Iterator<Item = Symbol>) -> bool {
        let mut here = vec![false; self.symbols.len() + 1];
        let mut next = here.clone();
        self.enter(&mut here, 0);
        for seen in text {
            next.fill(false);
            let places = here.iter().zip(&self.symbols).enumerate().filter(|(_, (is_here, _))| **is_here);
            for (at, (_, wanted)) in places {
                match (wanted, seen) {
                    (Symbol::Byte(wanted), Symbol::Byte(byte)) if *wanted == byte => {
                        self.enter(&mut next, at + 1);
                    }
                    (Symbol::All, _) | (Symbol::Part, Symbol::Part) => self.enter(&mut next, at),
                    (Symbol::Part, Symbol::Byte(byte)) if byte != self.separator => self.enter(&mut next, at),
                    _ => {}
                }
            }
            std::mem::swap(&mut here, &mut next);
        }
        here.last() == Some(&true)
    }

    /// Marks a place, and those behind it that need no text.
    fn enter(&self, places: &mut [bool], at: usize) {
        let symbols = self.symbols.iter().skip(at).map(Some).chain([None]);
        for (place, symbol) in places.iter_mut().skip(at).zip(symbols) {
            *place = true;
            if !matches!(symbol, Some(Symbol::Part | Symbol::All)) {
                return;
            }
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::new();
        for symbol in &self.symbols {
            match symbol {
                Symbol::Byte(byte) => bytes.push(*byte),
                Symbol::Part => bytes.push(b'*'),
                Symbol::All => bytes.extend(b"**"),
            }
        }
        f.write_str(&String::from_utf8_lossy(&bytes))
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str) -> Glob {
        let mut glob = Glob::empty(b'/');
        glob.push_pattern(pattern);
        glob
    }

    #[test]
    fn stars_stand_for_parts_and_pairs_of_them_for_all() {
        for (pattern, matched, refused) in [
            ("/api", &["/api"][..], &["/api/", "/apis", "/API", ""][..]),
            ("/api/*", &["/api/", "/api/x", "/api/*"], &["/api", "/api/x/y", "/api/x/"]),
            ("/api/**", &["/api/", "/api/x/y/"], &["/api", "/apx/"]),
            ("/a*c/*/d", &["/ac//d", "/abc/x/d"], &["/a/c/x/d", "/abc/x/y/d"]),
            ("**", &["", "/", "a/b"], &[]),
            ("***", &["", "a/b"], &[]),
        ] {
            for text in matched {
                assert!(glob(pattern).matches(text), "{pattern} {text}");
            }
            for text in refused {
                assert!(!glob(pattern).matches(text), "{pattern} {text}");
            }
        }
    }

    #[test]
    fn a_literal_star_is_no_wildcard() {
        let mut literal = Glob::empty(b'/');
        literal.push_literal("/*");
        assert!(literal.matches("/*") && !literal.matches("/a"));
        assert!(glob("/*").covers(&literal) && !literal.covers(&glob("/*")));
    }

    #[test]
    fn covers_what_is_narrower() {
        for (wide, narrow) in
            [("**", "/a/*"), ("/a/*", "/a/b"), ("/a/*", "/a/*"), ("/a/**", "/a/*/c/**"), ("/*/x", "/a*/x")]
        {
            assert!(glob(wide).covers(&glob(narrow)), "{wide} {narrow}");
            assert_eq!(glob(narrow).covers(&glob(wide)), wide == narrow, "{narrow} {wide}");
        }
        assert!(!glob("/a/*").covers(&glob("/a/**")));
    }

    #[test]
    fn work_stays_bounded() {
        let pattern = glob(&"*a".repeat(250));
        assert!(!pattern.matches("a".repeat(8_000)[..7_999].replace('a', "ab")));
    }

    /// The plain definition: try every way.
    fn tried(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([b'*', b'*', rest @ ..], _) => (0..=text.len()).any(|at| tried(rest, &text[at..])),
            ([b'*', rest @ ..], _) => {
                let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
                (0..=end).any(|at| tried(rest, &text[at..]))
            }
            ([wanted, rest @ ..], [byte, text @ ..]) => wanted == byte && tried(rest, text),
            ([], []) => true,
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matches_as_defined(pattern in "[ab/*]{0,8}", text in "[ab/]{0,8}") {
            prop_assert_eq!(glob(&pattern).matches(&text), tried(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn what_is_covered_matches_nothing_more(wide in "[a/*]{0,5}", narrow in "[a/*]{0,4}", text in "[a/]{0,4}") {
            let (wide, narrow) = (glob(&wide), glob(&narrow));
            prop_assert!(!wide.covers(&narrow) || !narrow.matches(&text) || wide.matches(&text));
        }
    }
}
