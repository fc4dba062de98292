//! From tokens to a tree. Operators of observations bind, from loose to tight: `FOLLOWEDBY`, `OR`, `AND`, qualifiers.

use std::ops::Range;

use super::Version;
use super::ast::{Check, Compare, Comparison, Expr, Literal, Number, Path, Spanned, Step, Test};
use super::error::{Code, Issue, quoted};
use super::lexer;
use super::token::{Token, TokenKind, WORDS};

/// The longest pattern, in bytes.
pub(super) const LENGTH_LIMIT: usize = 256 << 10;
/// How deep brackets and qualifiers may nest.
const DEPTH_LIMIT: usize = 64;
/// The most qualifiers that may follow each other.
const QUALIFIERS_LIMIT: usize = 8;
/// The most tests of a pattern, and the most members of a set.
const PARTS_LIMIT: usize = 10_000;
/// The most steps of an object path.
const STEPS_LIMIT: usize = 64;

/// Reads a whole pattern.
pub(super) fn parse(text: &str, version: Version) -> Result<Expr, Issue> {
    if text.len() > LENGTH_LIMIT {
        let title = format!("the pattern is longer than {LENGTH_LIMIT} bytes");
        return Err(Issue::new(Code::LongPattern, title, 0..0).help("split it into several indicators"));
    }
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { text, tokens: &tokens, version, tests: 0 };
    let expr = parser.chain(0)?;
    match parser.kind() {
        TokenKind::End => Ok(expr),
        _ => Err(parser.unexpected("an operator, a qualifier or the end of the pattern")),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    version: Version,
    tests: usize,
}

impl<'t> Parser<'t> {
    fn chain(&mut self, depth: usize) -> Result<Expr, Issue> {
        self.separated("FOLLOWEDBY", Expr::Then, |parser| {
            parser.separated("OR", Expr::Any, |parser| {
                parser.separated("AND", Expr::All, |parser| parser.qualified(depth))
            })
        })
    }

    /// One or more parts with `word` between them.
    fn separated<T>(
        &mut self,
        word: &str,
        join: fn(Vec<T>) -> T,
        mut part: impl FnMut(&mut Self) -> Result<T, Issue>,
    ) -> Result<T, Issue> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_word(word) {
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn qualified(&mut self, depth: usize) -> Result<Expr, Issue> {
        self.check_depth(depth)?;
        let mut expr = match self.kind() {
            TokenKind::OpenBracket => {
                self.advance();
                let compare = self.compare(depth + 1)?;
                self.expect(&TokenKind::CloseBracket, "`]`")?;
                Expr::Observation(compare)
            }
            TokenKind::Open => {
                self.advance();
                let inner = self.chain(depth + 1)?;
                self.expect(&TokenKind::Close, "`)`")?;
                Expr::Group(Box::new(inner))
            }
            _ => {
                return Err(self
                    .unexpected("`[`")
                    .help("an observation is written [type:property = 'value']"));
            }
        };
        let mut qualifiers = 0;
        while ["START", "WITHIN", "REPEATS"].into_iter().any(|word| self.is_word(word)) {
            qualifiers += 1;
            if qualifiers > QUALIFIERS_LIMIT {
                return Err(
                    self.too_many(format!("an observation has at most {QUALIFIERS_LIMIT} qualifiers"))
                );
            }
            expr = self.qualifier(Box::new(expr))?;
        }
        Ok(expr)
    }

    fn qualifier(&mut self, inner: Box<Expr>) -> Result<Expr, Issue> {
        if self.take_word("START") {
            let start = self.bound()?;
            self.expect_word("STOP")?;
            return Ok(Expr::During(inner, start, self.bound()?));
        }
        if self.take_word("WITHIN") {
            let span = self.amount("a number that is not negative", |_| true)?;
            self.expect_word("SECONDS")?;
            return Ok(Expr::Within(inner, span));
        }
        self.advance();
        let times = self.amount("a whole number that is not negative", |text| !text.contains('.'))?;
        self.expect_word("TIMES")?;
        Ok(Expr::Repeats(inner, times))
    }

    /// The operand of START or STOP: a timestamp, in STIX 2.0 a text.
    fn bound(&mut self) -> Result<Spanned<String>, Issue> {
        match (self.version, self.kind().clone()) {
            (Version::V21, TokenKind::Time(node)) | (Version::V20, TokenKind::Text(node)) => {
                Ok(Spanned { node, span: self.advance() })
            }
            (Version::V21, _) => Err(self.unexpected("a timestamp such as t'2026-11-22T14:02:11Z'")),
            (Version::V20, _) => Err(self.unexpected("a text such as '2026-11-22T14:02:11Z'")),
        }
    }

    fn amount(&mut self, wanted: &str, fits: fn(&str) -> bool) -> Result<Spanned<Number>, Issue> {
        let span = self.span();
        let written = self.slice(&span);
        match self.kind() {
            TokenKind::Number(number) if !written.starts_with('-') && fits(written) => {
                let node = *number;
                Ok(Spanned { node, span: self.advance() })
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    fn compare(&mut self, depth: usize) -> Result<Compare, Issue> {
        self.check_depth(depth)?;
        self.separated("OR", Compare::Any, |parser| {
            parser.separated("AND", Compare::All, |parser| {
                if parser.kind() != &TokenKind::Open {
                    return parser.test().map(Compare::Test);
                }
                parser.advance();
                let inner = parser.compare(depth + 1)?;
                parser.expect(&TokenKind::Close, "`)`")?;
                Ok(inner)
            })
        })
    }

    fn test(&mut self) -> Result<Test, Issue> {
        self.tests += 1;
        if self.tests > PARTS_LIMIT {
            return Err(self.too_many(format!("a pattern has at most {PARTS_LIMIT} tests")));
        }
        if self.version == Version::V21 && self.take_word("EXISTS") {
            return Ok(Test { path: self.path()?, negated: false, check: Check::Exists });
        }
        let path = self.path()?;
        let negated = self.take_word("NOT");
        Ok(Test { path, negated, check: self.check()? })
    }

    fn path(&mut self) -> Result<Path, Issue> {
        let object = self.name("an object type", true)?;
        self.expect(&TokenKind::Colon, "`:`")?;
        let mut steps = vec![Step::Key(self.key()?)];
        loop {
            let step = match self.kind() {
                TokenKind::Dot => {
                    self.advance();
                    Step::Key(self.key()?)
                }
                TokenKind::OpenBracket => {
                    self.advance();
                    let step = self.index()?;
                    self.expect(&TokenKind::CloseBracket, "`]`")?;
                    step
                }
                _ => return Ok(Path { object, steps }),
            };
            steps.push(step);
            if steps.len() > STEPS_LIMIT {
                return Err(self.too_many(format!("a path has at most {STEPS_LIMIT} steps")));
            }
        }
    }

    fn key(&mut self) -> Result<String, Issue> {
        match self.kind().clone() {
            TokenKind::Text(text) => {
                self.advance();
                Ok(text)
            }
            _ => self.name("a property", false),
        }
    }

    fn index(&mut self) -> Result<Step, Issue> {
        let step = match self.kind() {
            TokenKind::Star => Step::Any,
            TokenKind::Number(Number::Integer(index)) => Step::Index(usize::try_from(*index).ok()),
            TokenKind::Number(Number::Float(_)) if !self.slice(&self.span()).contains('.') => {
                Step::Index(None)
            }
            _ => return Err(self.unexpected("`*` or a whole number")),
        };
        self.advance();
        Ok(step)
    }

    fn check(&mut self) -> Result<Check, Issue> {
        if let TokenKind::Comparison(comparison) = *self.kind() {
            self.advance();
            let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            if ordered && (self.is_word("true") || self.is_word("false")) {
                return Err(self.unexpected("a value that has an order"));
            }
            return Ok(Check::Compare(comparison, self.literal()?));
        }
        if self.take_word("IN") {
            return self.set().map(Check::In);
        }
        let word = self.slice(&self.span());
        let make = match (self.kind(), word) {
            (TokenKind::Word, "LIKE") => Check::Like,
            (TokenKind::Word, "MATCHES") => Check::Matches,
            (TokenKind::Word, "ISSUBSET") => Check::IsSubset,
            (TokenKind::Word, "ISSUPERSET") => Check::IsSuperset,
            _ => return Err(self.no_operator()),
        };
        self.advance();
        self.plain_text().map(make)
    }

    fn no_operator(&self) -> Issue {
        self.unexpected("an operator")
            .help("the operators are = != < <= > >= IN LIKE MATCHES ISSUBSET ISSUPERSET, in capital letters")
    }

    fn set(&mut self) -> Result<Spanned<Vec<Spanned<Literal>>>, Issue> {
        let start = self.span().start;
        self.expect(&TokenKind::Open, "`(`")?;
        let mut node = Vec::new();
        if self.kind() != &TokenKind::Close {
            node.push(self.literal()?);
            while self.kind() == &TokenKind::Comma {
                self.advance();
                node.push(self.literal()?);
                if node.len() > PARTS_LIMIT {
                    return Err(self.too_many(format!("a set has at most {PARTS_LIMIT} members")));
                }
            }
        }
        let end = self.expect(&TokenKind::Close, "`,` or `)`")?.end;
        Ok(Spanned { node, span: start..end })
    }

    fn literal(&mut self) -> Result<Spanned<Literal>, Issue> {
        let node = match self.kind().clone() {
            TokenKind::Text(text) => Literal::Text(text),
            TokenKind::Number(number) => Literal::Number(number),
            TokenKind::Bytes(bytes) => Literal::Bytes(bytes),
            TokenKind::Time(time) => Literal::Time(time),
            TokenKind::Word if self.is_word("true") => Literal::Boolean(true),
            TokenKind::Word if self.is_word("false") => Literal::Boolean(false),
            TokenKind::End => return Err(self.unexpected("a value")),
            _ => return Err(self.unexpected("a value").help("texts stand in single quotes")),
        };
        Ok(Spanned { node, span: self.advance() })
    }

    fn plain_text(&mut self) -> Result<Spanned<String>, Issue> {
        match self.kind().clone() {
            TokenKind::Text(node) => Ok(Spanned { node, span: self.advance() }),
            _ => Err(self.unexpected("a text in single quotes")),
        }
    }

    fn name(&mut self, wanted: &str, hyphens: bool) -> Result<String, Issue> {
        let span = self.span();
        let name = self.slice(&span);
        if self.kind() != &TokenKind::Word {
            return Err(self.unexpected(wanted));
        }
        if self.is_reserved(name) {
            return Err(self
                .unexpected(wanted)
                .help("words of the language stand in quotes as property names"));
        }
        if !hyphens && name.contains('-') {
            return Err(self
                .unexpected(wanted)
                .help("names with a hyphen stand in quotes: hashes.'SHA-256'"));
        }
        self.advance();
        Ok(name.to_owned())
    }

    fn is_reserved(&self, name: &str) -> bool {
        WORDS.contains(&name) && (name != "EXISTS" || self.version == Version::V21)
    }

    fn check_depth(&self, depth: usize) -> Result<(), Issue> {
        if depth <= DEPTH_LIMIT {
            return Ok(());
        }
        let title = format!("the pattern is nested deeper than {DEPTH_LIMIT} levels");
        Err(Issue::new(Code::DeepPattern, title, self.span()))
    }

    fn too_many(&self, title: String) -> Issue {
        Issue::new(Code::ManyParts, title, self.span())
    }

    fn expect(&mut self, kind: &TokenKind, shown: &str) -> Result<Range<usize>, Issue> {
        if self.kind() == kind { Ok(self.advance()) } else { Err(self.unexpected(shown)) }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Issue> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn is_word(&self, word: &str) -> bool {
        self.kind() == &TokenKind::Word && self.slice(&self.span()) == word
    }

    fn unexpected(&self, wanted: &str) -> Issue {
        let found = match self.kind() {
            TokenKind::End => "the end of the pattern".to_owned(),
            _ => quoted(self.slice(&self.span())),
        };
        Issue::new(Code::Syntax, format!("expected {wanted}, found {found}"), self.span())
    }

    fn kind(&self) -> &'t TokenKind {
        self.tokens.first().map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Range<usize> {
        self.tokens.first().map_or(self.text.len()..self.text.len(), |token| token.span.clone())
    }

    /// Steps over the next token and gives its place; stays at the end.
    fn advance(&mut self) -> Range<usize> {
        let span = self.span();
        if let [_, rest @ ..] = self.tokens
            && !rest.is_empty()
        {
            self.tokens = rest;
        }
        span
    }

    fn slice(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }
}
