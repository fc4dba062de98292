//! A source file in which code, comments and literals are told apart, so that a word in a comment is never taken for code.

use std::ops::Range;

/// One source file, read once.
#[derive(Debug)]
pub struct Source<'a> {
    /// The path from the root of the repository, with `/` between its parts.
    pub path: &'a str,
    /// The text as it stands.
    pub text: &'a str,
    /// The text, byte for byte as long, without comments and with `"___"` in the place of each literal.
    pub code: String,
    /// The text, byte for byte as long, with nothing but comments left.
    pub comments: String,
    /// The inline test module with its attribute; empty, at the end of the text, if there is none.
    pub tests: Range<usize>,
}

impl<'a> Source<'a> {
    /// Tells the parts of `text` apart.
    pub fn new(path: &'a str, text: &'a str) -> Self {
        let (code, comments) = masks(text);
        let tests = inline_tests(&code).unwrap_or(text.len()..text.len());
        Self { path, text, code, comments, tests }
    }

    /// The code without the inline tests, which stand last.
    pub fn product(&self) -> &str {
        &self.code[..self.tests.start]
    }

    /// The lines of the product that hold code.
    pub fn code_lines(&self) -> usize {
        filled_lines(self.product())
    }

    /// The lines of the product that hold a comment and no code.
    pub fn comment_lines(&self) -> usize {
        let comments = self.comments[..self.tests.start].lines();
        let both = comments.zip(self.product().lines());
        both.filter(|(comment, code)| !comment.trim().is_empty() && code.trim().is_empty()).count()
    }

    /// `path:line` of a byte.
    pub fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, line(self.text, at))
    }
}

/// The number, from 1, of the line that byte `at` stands in.
pub fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The lines that are not blank.
pub fn filled_lines(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Where `word` stands as a whole word.
pub fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The word at the start of `rest`, maybe empty, and what follows it.
pub fn split_word(rest: &str) -> (&str, &str) {
    rest.split_at(rest.find(|character| !is_word(character)).unwrap_or(rest.len()))
}

/// What stands between the brace at `open` and its partner.
pub fn braced(code: &str, open: usize) -> Option<Range<usize>> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(open + 1..at);
        }
    }
    None
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// `#[cfg(test)] mod tests { … }`, from the attribute to the closing brace.
fn inline_tests(code: &str) -> Option<Range<usize>> {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    code.match_indices(ATTRIBUTE).find_map(|(at, _)| {
        let module = code[at + ATTRIBUTE.len()..].trim_start().strip_prefix("mod ")?;
        let body = split_word(module.trim_start()).1.trim_start();
        let open = body.starts_with('{').then_some(code.len() - body.len())?;
        Some(at..braced(code, open)?.end + 1)
    })
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// The code mask and the comment mask.
fn masks(text: &str) -> (String, String) {
    let (mut code, mut comments) = (String::new(), String::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, length) = token(rest);
        let (token, after) = rest.split_at(length);
        code.push_str(&match kind {
            Kind::Code => token.to_owned(),
            Kind::Comment => filled(token, ' '),
            Kind::Literal => format!("\"{}\"", filled(&token[1..length - 1], '_')),
        });
        comments.push_str(&if kind == Kind::Comment { token.to_owned() } else { filled(token, ' ') });
        rest = after;
    }
    (code, comments)
}

/// `token` with `with` for every byte but the line ends.
fn filled(token: &str, with: char) -> String {
    token.bytes().map(|byte| if byte == b'\n' { '\n' } else { with }).collect()
}

/// What `rest` starts with, and its length in bytes.
fn token(rest: &str) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if rest.starts_with('"') {
        return (Kind::Literal, string(rest));
    }
    if let Some(length) = character(rest) {
        return (Kind::Literal, length);
    }
    let (word, after) = split_word(rest);
    match raw_string(word, after) {
        Some(length) => (Kind::Literal, length),
        None => (Kind::Code, word.len().max(rest.chars().next().map_or(0, char::len_utf8))),
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at + 1 < rest.len() {
        match &rest.as_bytes()[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal; none if the quote begins a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    if inside.starts_with('\\') {
        return Some(rest.get(3..)?.find('\'')? + 4);
    }
    let end = 1 + inside.chars().next()?.len_utf8();
    rest[end..].starts_with('\'').then_some(end + 1)
}

fn raw_string(prefix: &str, after: &str) -> Option<usize> {
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"').filter(|_| ["r", "br", "cr"].contains(&prefix))?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(prefix.len() + hashes + 1 + inside.find(&end)? + end.len())
}

mod tests {
    use super::*;

    #[test]
    fn tells_code_from_comments_and_literals() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"x("a\"}b", y)"#, r#"x("_____", y)"#),
            (r##"x(r#"a"}b"#, y)"##, r#"x("_______", y)"#),
            (r"f::<'a>('}', '\'', b'\n')", r#"f::<'a>("_", "__", b"__")"#),
            ("r#fn", "r#fn"),
            ("'é' + a", r#""__" + a"#),
        ];
        for (text, code) in cases {
            assert_eq!(Source::new("a.rs", text).code, code, "of {text}");
        }
    }

    #[test]
    fn cuts_the_inline_tests_off() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        let source = Source::new("a.rs", text);
        assert_eq!(source.product(), "fn a() {}\n\n");
        assert_eq!(source.code_lines(), 1);
        let outside = Source::new("a.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!(outside.product(), outside.text);
    }

    #[test]
    fn counts_lines_of_comments_alone() {
        let source = Source::new("a.rs", "/// One.\n\n//! Two.\nfn a() {} // not this\n/* three\nfour */\n");
        assert_eq!((source.comment_lines(), source.code_lines()), (4, 1));
    }
}
