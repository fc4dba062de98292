/// A regular expression of Perl's flavour, as Sigma has it, in the flavour of our engine.
///
/// `\w`, `\d`, `\s` and `\b` are about ASCII there, which also keeps `\w{1,64}` small: with all of Unicode's letters it
/// compiles to more than 1 MiB. A `[` within a class and a brace that counts nothing are the characters themselves.
pub(super) fn from_perl(pattern: &str) -> String {
    let mut reading =
        Reading { rest: pattern, out: String::with_capacity(pattern.len() + 16), in_class: false };
    while reading.step() {}
    reading.out
}

struct Reading<'p> {
    rest: &'p str,
    out: String,
    in_class: bool,
}

impl Reading<'_> {
    /// Takes the next character or escape sequence; false at the end.
    fn step(&mut self) -> bool {
        let Some(c) = self.rest.chars().next() else { return false };
        match c {
            '\\' => self.escape(),
            '[' if self.in_class => self.bracket(),
            '[' => self.open(),
            ']' => {
                self.in_class = false;
                self.copy(1);
            }
            '&' | '~' if self.in_class => self.quote(c),
            '{' if !self.in_class && !is_count(self.rest) => self.quote(c),
            _ => self.copy(c.len_utf8()),
        }
        true
    }

    fn escape(&mut self) {
        let posix = match self.rest.chars().nth(1) {
            Some('w') => ":word:",
            Some('W') => ":^word:",
            Some('d') => ":digit:",
            Some('D') => ":^digit:",
            Some('s') => ":space:",
            Some('S') => ":^space:",
            Some('b') if !self.in_class => {
                self.out.push_str(r"(?-u:\b)");
                return self.skip(2);
            }
            Some(kind @ ('x' | 'p' | 'P' | 'u'))
                if self.rest.get(2..).is_some_and(|rest| rest.starts_with('{')) =>
            {
                let length = self.rest.find('}').map_or(1 + kind.len_utf8(), |end| end + 1);
                return self.copy(length);
            }
            next => return self.copy(1 + next.map_or(0, char::len_utf8)),
        };
        let (open, close) = if self.in_class { ("[", "]") } else { ("[[", "]]") };
        self.out.extend([open, posix, close]);
        self.skip(2);
    }

    /// A `[` outside of a class opens one; a `]` right behind it is a character of the class.
    fn open(&mut self) {
        self.in_class = true;
        self.copy(1);
        if self.rest.starts_with('^') {
            self.copy(1);
        }
        if self.rest.starts_with(']') {
            self.quote(']');
        }
    }

    /// A `[` within a class is a character, unless it begins something like `[:alpha:]`.
    fn bracket(&mut self) {
        match self.rest.find(":]") {
            Some(end) if self.rest.starts_with("[:") => self.copy(end + 2),
            _ => self.quote('['),
        }
    }

    fn quote(&mut self, c: char) {
        self.out.push('\\');
        self.copy(c.len_utf8());
    }

    fn copy(&mut self, length: usize) {
        self.out.push_str(self.rest.get(..length).unwrap_or(self.rest));
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }
}

/// Whether a `{` begins a count: `{3}`, `{3,}`, `{3,5}`.
fn is_count(rest: &str) -> bool {
    let inside = rest.get(1..).and_then(|rest| rest.split_once('}')).map(|(inside, _)| inside);
    inside.is_some_and(|inside| {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        match inside.split_once(',') {
            Some((least, most)) => !least.is_empty() && digits(least) && digits(most),
            None => !inside.is_empty() && digits(inside),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_differences() {
        let cases = [
            (r"\w+[\d.]\S", r"[[:word:]]+[[:digit:].][[:^space:]]"),
            (r"\bx\\b", r"(?-u:\b)x\\b"),
            (r"[[]a[]b]", r"[\[]a[\]b]"),
            (r"[^]&&x]", r"[^\]\&\&x]"),
            (r"[[:alpha:]]", r"[[:alpha:]]"),
            (r"a{2}b{1,}c{d}{", r"a{2}b{1,}c\{d}\{"),
            (r"\x{41}\p{L}\{\[", r"\x{41}\p{L}\{\["),
        ];
        for (perl, ours) in cases {
            assert_eq!(from_perl(perl), ours, "{perl}");
            assert!(regex::Regex::new(ours).is_ok(), "{ours}");
        }
        assert!(!regex::Regex::new(&from_perl(r"^\w$")).unwrap().is_match("\u{e4}"));
        assert_eq!(from_perl("\\"), "\\");
    }
}
