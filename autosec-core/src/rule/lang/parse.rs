//! From tokens to a syntax tree, by recursive descent. `a and b and c` becomes one `All` of three parts, not a tree of
//! pairs, so that the depth is that of the parentheses and a rule of a thousand alternatives does not recurse.

use std::ops::Range;

use super::ast::{Check, Comparison, Expr, Literal, Place, Spanned, Test};
use super::issue::{Code, Issue, quoted};
use super::lexer;
use super::suggest::did_you_mean;
use super::token::{Token, TokenKind};

/// The longest expression, in bytes.
pub(crate) const LENGTH_LIMIT: usize = 64 * 1024;
/// The deepest nesting of parentheses and `not`.
pub(crate) const DEPTH_LIMIT: usize = 64;
/// The most members of a set.
pub(crate) const SET_LIMIT: usize = 10_000;

const OPERATORS: [&str; 11] =
    ["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts_with", "ends_with", "matches"];

/// Reads an expression.
///
/// `or` binds weaker than `and`, `and` weaker than `not`. The parser recurses only into parentheses and `not`, at most
/// [`DEPTH_LIMIT`] deep.
pub(crate) fn parse(text: &str) -> Result<Expr, Issue> {
    if text.len() > LENGTH_LIMIT {
        let title = format!("the expression is {} bytes long, and the limit is {LENGTH_LIMIT}", text.len());
        return Err(Issue::new(Code::LongExpression, title, 0..1, "")
            .help("put long sets into a named list and write `field in $list`"));
    }
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { text, tokens: &tokens };
    if parser.kind() == &TokenKind::End {
        return Err(Issue::new(Code::EmptyExpression, "the expression is empty", 0..text.len(), "")
            .help("say what an event must satisfy, such as `event.action == \"ssh_login\"`"));
    }
    let expr = parser.any(0)?;
    match parser.kind() {
        TokenKind::End => Ok(expr),
        _ => Err(parser.unexpected("`and`, `or` or the end of the expression")),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl<'t> Parser<'t> {
    fn any(&mut self, depth: usize) -> Result<Expr, Issue> {
        let mut parts = vec![self.all(depth)?];
        while self.kind() == &TokenKind::Or || self.is_word("or") {
            self.advance();
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() > 1 { Expr::Any(parts) } else { parts.remove(0) })
    }

    fn all(&mut self, depth: usize) -> Result<Expr, Issue> {
        let mut parts = vec![self.unary(depth)?];
        while self.kind() == &TokenKind::And || self.is_word("and") {
            self.advance();
            parts.push(self.unary(depth)?);
        }
        Ok(if parts.len() > 1 { Expr::All(parts) } else { parts.remove(0) })
    }

    fn unary(&mut self, depth: usize) -> Result<Expr, Issue> {
        if depth > DEPTH_LIMIT {
            let title = format!("the expression is nested deeper than {DEPTH_LIMIT} levels");
            return Err(Issue::new(Code::DeepExpression, title, self.span(), "one level too many"));
        }
        if self.kind() == &TokenKind::Not || self.is_word("not") {
            self.advance();
            return Ok(Expr::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.kind() != &TokenKind::Open {
            return self.test().map(Expr::Test);
        }
        let open = self.advance();
        let inner = self.any(depth + 1)?;
        self.close(&TokenKind::Close, open, ")")?;
        Ok(inner)
    }

    fn test(&mut self) -> Result<Test, Issue> {
        if self.is_word("exists") && self.is_call() {
            let span = self.span();
            let field = self.call()?;
            return Ok(Test {
                field,
                lower: false,
                operator: Spanned { node: (), span },
                check: Check::Exists,
            });
        }
        let lower = self.is_word("lower") && self.is_call();
        let field = if lower { self.call()? } else { self.field()? };
        let operator = Spanned { node: (), span: self.span() };
        let check = self.check()?;
        Ok(Test { field, lower, operator, check })
    }

    /// Reads `word(field)`.
    fn call(&mut self) -> Result<Spanned<String>, Issue> {
        self.advance();
        let open = self.advance();
        let field = self.field()?;
        self.close(&TokenKind::Close, open, ")")?;
        Ok(field)
    }

    fn field(&mut self) -> Result<Spanned<String>, Issue> {
        match self.kind() {
            TokenKind::Word => {
                let span = self.advance();
                Ok(Spanned { node: self.slice(&span).to_owned(), span })
            }
            _ => Err(self.unexpected("a field name")),
        }
    }

    fn check(&mut self) -> Result<Check, Issue> {
        let kind = self.kind().clone();
        let word = self.slice(&self.span());
        let comparison = match (&kind, word) {
            (TokenKind::Comparison(comparison), _) => Some(*comparison),
            (TokenKind::Word, "eq") => Some(Comparison::Equal),
            (TokenKind::Word, "ne") => Some(Comparison::NotEqual),
            (TokenKind::Word, "lt") => Some(Comparison::Less),
            (TokenKind::Word, "le") => Some(Comparison::LessOrEqual),
            (TokenKind::Word, "gt") => Some(Comparison::Greater),
            (TokenKind::Word, "ge") => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            self.advance();
            return Ok(Check::Compare(comparison, self.literal()?));
        }
        match (kind, word) {
            // No operator follows: the field stands by itself, and the check will see whether it is a boolean.
            (TokenKind::And | TokenKind::Or | TokenKind::Close | TokenKind::End, _)
            | (TokenKind::Word, "and" | "or") => Ok(Check::True),
            (TokenKind::Word, "in") => self.membership(),
            (TokenKind::Word, "contains") => self.find(Place::Anywhere),
            (TokenKind::Word, "starts_with") => self.find(Place::Start),
            (TokenKind::Word, "ends_with") => self.find(Place::End),
            (TokenKind::Word, "matches") => {
                self.advance();
                self.plain_text().map(Check::Matches)
            }
            (TokenKind::Word | TokenKind::Strange | TokenKind::Not, _) => Err(self.unknown_operator(word)),
            _ => Err(self.unexpected("an operator")),
        }
    }

    fn membership(&mut self) -> Result<Check, Issue> {
        self.advance();
        if self.kind() == &TokenKind::List {
            let span = self.advance();
            let node = self.slice(&span).trim_start_matches('$').to_owned();
            return Ok(Check::InList(Spanned { node, span }));
        }
        if self.kind() != &TokenKind::OpenSet {
            return Ok(Check::In(vec![self.literal()?]));
        }
        self.set(Self::literal).map(Check::In)
    }

    fn find(&mut self, place: Place) -> Result<Check, Issue> {
        self.advance();
        let texts = if self.kind() == &TokenKind::OpenSet {
            self.set(Self::plain_text)?
        } else {
            vec![self.plain_text()?]
        };
        Ok(Check::Find(place, texts))
    }

    fn set<T>(
        &mut self,
        member: fn(&mut Self) -> Result<Spanned<T>, Issue>,
    ) -> Result<Vec<Spanned<T>>, Issue> {
        let open = self.advance();
        let mut members = Vec::new();
        while !matches!(self.kind(), TokenKind::CloseSet | TokenKind::End) {
            if members.len() == SET_LIMIT {
                let title = format!("a set holds at most {SET_LIMIT} members");
                return Err(Issue::new(Code::LargeSet, title, self.span(), "one too many")
                    .help("put them into a named list and write `field in $list`"));
            }
            members.push(member(self)?);
            if self.kind() == &TokenKind::Comma {
                self.advance();
            }
        }
        let close = self.close(&TokenKind::CloseSet, open.clone(), "}")?;
        if members.is_empty() {
            return Err(Issue::new(
                Code::EmptySet,
                "the set is empty",
                open.start..close.end,
                "nothing is in it",
            ));
        }
        Ok(members)
    }

    fn literal(&mut self) -> Result<Spanned<Literal>, Issue> {
        let node = match self.kind() {
            TokenKind::Text(text) => Literal::Text(text.clone()),
            TokenKind::Integer(number) => Literal::Integer(*number),
            TokenKind::Float(number) => Literal::Float(*number),
            TokenKind::Network(network) => Literal::Network(*network),
            TokenKind::Range(first, last) => Literal::Range(*first, *last),
            TokenKind::Word if self.is_word("true") => Literal::Boolean(true),
            TokenKind::Word if self.is_word("false") => Literal::Boolean(false),
            TokenKind::Word => return Err(self.unexpected("a value").help("a text needs double quotes")),
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Spanned { node, span: self.advance() })
    }

    fn plain_text(&mut self) -> Result<Spanned<String>, Issue> {
        match self.kind().clone() {
            TokenKind::Text(node) => Ok(Spanned { node, span: self.advance() }),
            _ => Err(self.unexpected("a text in double quotes")),
        }
    }

    fn close(&mut self, kind: &TokenKind, open: Range<usize>, bracket: &str) -> Result<Range<usize>, Issue> {
        match self.kind() {
            found if found == kind => Ok(self.advance()),
            TokenKind::End => Err(Issue::new(Code::UnclosedBracket, "unclosed bracket", open, "opened here")
                .help(format!("close it with `{bracket}`"))),
            _ => Err(self.unexpected(&format!("`{bracket}`"))),
        }
    }

    fn unknown_operator(&self, word: &str) -> Issue {
        let help = match word {
            "=" | "is" | "===" | "like" if word != "like" => Some("did you mean `==`?".to_owned()),
            "~" | "=~" | "~=" | "like" => Some("did you mean `matches` or `contains`?".to_owned()),
            "not" | "!" => Some("put `not` before the field: `not source.ip in $office`".to_owned()),
            "&" => Some("did you mean `&&`?".to_owned()),
            "|" => Some("did you mean `||`?".to_owned()),
            _ => did_you_mean(word, OPERATORS.into_iter()),
        };
        let known = "the operators are == != < <= > >= in contains starts_with ends_with matches";
        Issue::new(Code::UnknownOperator, format!("unknown operator {}", quoted(word)), self.span(), "")
            .help(known)
            .help_if(help)
    }

    fn unexpected(&self, wanted: &str) -> Issue {
        let found = match self.kind() {
            TokenKind::End => "the end of the expression".to_owned(),
            _ => quoted(self.slice(&self.span())),
        };
        Issue::new(
            Code::Syntax,
            format!("expected {wanted}, found {found}"),
            self.span(),
            format!("expected {wanted}"),
        )
    }

    fn kind(&self) -> &'t TokenKind {
        self.tokens.first().map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Range<usize> {
        self.tokens.first().map_or(self.text.len()..self.text.len(), |token| token.span.clone())
    }

    /// Whether the next token is this word.
    fn is_word(&self, word: &str) -> bool {
        self.kind() == &TokenKind::Word && self.slice(&self.span()) == word
    }

    /// Whether the token after the next opens a parenthesis.
    fn is_call(&self) -> bool {
        self.tokens.get(1).is_some_and(|token| token.kind == TokenKind::Open)
    }

    /// Steps over the next token and gives its place; stays at the end.
    fn advance(&mut self) -> Range<usize> {
        let span = self.span();
        // The last token is the end; it stays, so that looking ahead always finds one.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spanned<T>(node: T) -> Spanned<T> {
        Spanned { node, span: 0..0 }
    }

    fn comparison() -> impl Strategy<Value = Comparison> {
        prop::sample::select(vec![
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ])
    }

    fn literal() -> impl Strategy<Value = Literal> {
        prop_oneof![
            any::<bool>().prop_map(Literal::Boolean),
            any::<i64>().prop_map(Literal::Integer),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Literal::Float),
            (any::<i64>(), any::<i64>()).prop_map(|(a, b)| Literal::Range(a.min(b), a.max(b))),
            any::<String>().prop_map(Literal::Text),
            (any::<std::net::IpAddr>(), 0u8..=32).prop_map(|(address, length)| {
                Literal::Network(ipnet::IpNet::new(address.to_canonical(), length).unwrap().trunc())
            }),
        ]
    }

    fn check() -> impl Strategy<Value = Check> {
        let texts = || prop::collection::vec(any::<String>().prop_map(spanned), 1..4);
        let place = prop::sample::select(vec![Place::Anywhere, Place::Start, Place::End]);
        prop_oneof![
            Just(Check::Exists),
            Just(Check::True),
            (comparison(), literal())
                .prop_map(|(comparison, literal)| Check::Compare(comparison, spanned(literal))),
            prop::collection::vec(literal().prop_map(spanned), 1..5).prop_map(Check::In),
            "[a-z][a-z0-9_-]{0,8}".prop_map(|name| Check::InList(spanned(name))),
            (place, texts()).prop_map(|(place, texts)| Check::Find(place, texts)),
            any::<String>().prop_map(|pattern| Check::Matches(spanned(pattern))),
        ]
    }

    fn expr() -> impl Strategy<Value = Expr> {
        let test = ("[a-z_@][a-z0-9_@-]{0,5}(\\.[a-z0-9_-]{1,5}){1,2}", any::<bool>(), check()).prop_map(
            |(field, lower, check)| {
                let lower = lower && check != Check::Exists;
                Expr::Test(Test { field: spanned(field), lower, operator: spanned(()), check })
            },
        );
        test.prop_recursive(5, 40, 4, |inner| {
            let parts = || prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                parts().prop_map(Expr::All),
                parts().prop_map(Expr::Any),
                inner.clone().prop_map(|part| Expr::Not(Box::new(part))),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(expr in expr()) {
            let text = expr.to_string();
            prop_assert_eq!(parse(&text), Ok(expr), "{}", text);
        }

        #[test]
        fn never_panics(text in "[a-z .\"\\\\(){}$=!<>&|0-9:/,#r\n-]{0,60}") {
            let _ = parse(&text);
        }
    }

    #[test]
    fn binds_as_documented() {
        let same = |left: &str, right: &str| assert_eq!(parse(left), parse(right), "{left}");
        same("a.x or b.x and not c.x", "a.x or (b.x and (not c.x))");
        same("not a.x == 1 && b.x", "(not (a.x eq 1)) and b.x");
        same("a.x in {1, 2 3..4}", "a.x in { 1 2 3..4 }");
        same("a.x in 192.0.2.0/24", "a.x in { 192.0.2.7/24 }");
    }

    #[test]
    fn is_bounded() {
        let code = |text: &str| parse(text).unwrap_err().code;
        let nested = |levels: usize| format!("{}a.x{}", "(".repeat(levels), ")".repeat(levels));
        assert!(parse(&nested(DEPTH_LIMIT)).is_ok());
        assert_eq!(code(&nested(DEPTH_LIMIT + 1)), Code::DeepExpression);
        assert_eq!(code(&nested(30_000)), Code::DeepExpression);
        assert_eq!(code(&format!("{}a.x", "not ".repeat(10_000))), Code::DeepExpression);
        assert_eq!(code(&format!("a.x in {{ {} }}", "1 ".repeat(SET_LIMIT + 1))), Code::LargeSet);
        assert_eq!(code(&format!("a.x == \"{}\"", "x".repeat(LENGTH_LIMIT))), Code::LongExpression);
        assert!(parse(&vec!["a.x"; 8_000].join(" or ")).is_ok());
    }
}
