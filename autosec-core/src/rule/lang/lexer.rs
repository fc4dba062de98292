//! Words are cut first and told apart afterwards: a name, a number, a range and an address share most of their characters
//! (`443`, `1..1024`, `10.0.0.0/8`, `2001:db8::1`, `source.ip`), and an issue about the whole word helps more than one about
//! its first odd character. Words of the language (`and`, `in`, `lower`) are ordinary words here; the parser knows where they
//! mean something.

use std::ops::Range;

use super::ast::Comparison;
use super::issue::{Code, Issue, quoted};
use super::token::{Token, TokenKind};
use crate::net;

/// Cuts an expression into tokens; the last is always [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Issue> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let is_end = token.kind == TokenKind::End;
        tokens.push(token);
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<Token, Issue> {
        self.skip(char::is_whitespace);
        let start = self.at;
        let kind = match self.rest().chars().next() {
            None => TokenKind::End,
            Some('"') => self.text_literal()?,
            Some('r') if self.raw_hashes().is_some() => self.raw_literal()?,
            Some('$') => {
                self.at += 1;
                self.skip(is_word);
                TokenKind::List
            }
            Some(c) if is_word(c) => {
                self.skip(is_word);
                word(self.text.get(start..self.at).unwrap_or_default(), start..self.at)?
            }
            Some(c) => self.symbol(c)?,
        };
        Ok(Token { kind, span: start..self.at })
    }

    fn symbol(&mut self, first: char) -> Result<TokenKind, Issue> {
        const SYMBOLS: [(&str, TokenKind); 14] = [
            ("==", TokenKind::Comparison(Comparison::Equal)),
            ("!=", TokenKind::Comparison(Comparison::NotEqual)),
            ("<=", TokenKind::Comparison(Comparison::LessOrEqual)),
            (">=", TokenKind::Comparison(Comparison::GreaterOrEqual)),
            ("&&", TokenKind::And),
            ("||", TokenKind::Or),
            ("<", TokenKind::Comparison(Comparison::Less)),
            (">", TokenKind::Comparison(Comparison::Greater)),
            ("!", TokenKind::Not),
            ("(", TokenKind::Open),
            (")", TokenKind::Close),
            ("{", TokenKind::OpenSet),
            ("}", TokenKind::CloseSet),
            (",", TokenKind::Comma),
        ];
        let rest = self.rest();
        if let Some((symbol, kind)) = SYMBOLS.into_iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            self.at += symbol.len();
            return Ok(kind);
        }
        if matches!(first, '=' | '~' | '&' | '|') {
            self.skip(|c| matches!(c, '=' | '~' | '&' | '|' | '<' | '>'));
            return Ok(TokenKind::Strange);
        }
        let span = self.at..self.at + first.len_utf8();
        let shown = if first.is_control() { first.escape_debug().to_string() } else { first.to_string() };
        let title = format!("unexpected character `{shown}`");
        let issue = Issue::new(Code::StrangeCharacter, title, span, "nothing in the language starts with it");
        Err(if first == '\'' { issue.help("put texts in double quotes") } else { issue })
    }

    fn text_literal(&mut self) -> Result<TokenKind, Issue> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.rest();
            let stop = plain.find(['"', '\\']).ok_or_else(|| self.unclosed(open..open + 1, "\""))?;
            text.push_str(plain.get(..stop).unwrap_or_default());
            self.at += stop;
            if self.rest().starts_with('"') {
                self.at += 1;
                return Ok(TokenKind::Text(text));
            }
            text.push(self.escape(open)?);
        }
    }

    /// Reads an escape sequence; stands at its backslash.
    fn escape(&mut self, open: usize) -> Result<char, Issue> {
        let start = self.at;
        let tail = self.rest().get(1..).unwrap_or_default();
        let simple = |c| Some((c, 2));
        let read = match tail.chars().next() {
            None => return Err(self.unclosed(open..open + 1, "\"")),
            Some('"') => simple('"'),
            Some('\\') => simple('\\'),
            Some('n') => simple('\n'),
            Some('t') => simple('\t'),
            Some('r') => simple('\r'),
            Some('x') => tail.get(1..3).and_then(|hex| code_point(hex, 0x7f)).map(|c| (c, 4)),
            Some('u') => tail
                .strip_prefix("u{")
                .and_then(|braced| braced.split_once('}'))
                .filter(|(hex, _)| hex.len() <= 6)
                .and_then(|(hex, _)| Some((code_point(hex, 0x0010_ffff)?, hex.len() + 4))),
            Some(_) => None,
        };
        let (c, length) = read.ok_or_else(|| {
            let end = start + 1 + tail.chars().next().map_or(0, char::len_utf8);
            let title = format!("unknown escape sequence {}", quoted(self.text.get(start..end).unwrap_or_default()));
            Issue::new(Code::BadEscape, title, start..end, "this means nothing in a text")
                .help(r#"the escapes are \" \\ \n \r \t \xHH (up to 7f) and \u{…}; for a regular expression write r"…""#)
        })?;
        self.at += length;
        Ok(c)
    }

    /// The number of `#` signs of the raw text that starts here.
    fn raw_hashes(&self) -> Option<usize> {
        let tail = self.rest().strip_prefix('r')?;
        let hashes = tail.len() - tail.trim_start_matches('#').len();
        tail.get(hashes..)?.starts_with('"').then_some(hashes)
    }

    fn raw_literal(&mut self) -> Result<TokenKind, Issue> {
        let open = self.at;
        let hashes = self.raw_hashes().unwrap_or(0);
        self.at += hashes + 2;
        let close = format!("\"{}", "#".repeat(hashes));
        let rest = self.rest();
        let end = rest.find(&close).ok_or_else(|| self.unclosed(open..self.at, &close))?;
        self.at += end + close.len();
        Ok(TokenKind::Text(rest.get(..end).unwrap_or_default().to_owned()))
    }

    fn unclosed(&self, open: Range<usize>, close: &str) -> Issue {
        Issue::new(Code::UnclosedText, "unterminated text", open, "the text starts here")
            .help(format!("close it with `{close}`"))
    }

    fn skip(&mut self, part: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(part).len();
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// Names, numbers and addresses are made of these.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '@' | '-')
}

fn code_point(hex: &str, limit: u32) -> Option<char> {
    let digits = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(hex, 16).ok().filter(|code| digits && *code <= limit)?;
    char::from_u32(code)
}

/// Tells names, numbers and addresses apart: only addresses hold a `:` or a `/`, only names start with a letter.
fn word(text: &str, span: Range<usize>) -> Result<TokenKind, Issue> {
    if text.contains([':', '/']) {
        return network(text, span);
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Ok(TokenKind::Word);
    }
    if let Some((first, last)) = text.split_once("..") {
        return match (first.parse::<i64>(), last.parse::<i64>()) {
            (Ok(first), Ok(last)) if first <= last => Ok(TokenKind::Range(first, last)),
            (Ok(_), Ok(_)) => Err(Issue::new(
                Code::ReversedRange,
                format!("the range {} is reversed", quoted(text)),
                span,
                "it ends before it begins",
            )),
            _ => Err(bad_number(text, span).help("a range is written `1..1024`, both ends included")),
        };
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(TokenKind::Integer(number));
    }
    if text.matches('.').count() > 1 {
        return network(text, span);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && text.contains(['.', 'e', 'E']) => Ok(TokenKind::Float(number)),
        _ => Err(bad_number(text, span)),
    }
}

fn network(text: &str, span: Range<usize>) -> Result<TokenKind, Issue> {
    net::network(text).map(TokenKind::Network).map_err(|_| {
        let title = format!("{} is neither an IP address nor a prefix", quoted(text));
        let issue = Issue::new(Code::BadAddress, title, span, "");
        match text.rsplit_once('/') {
            Some((address, _)) if net::network(address).is_ok() => {
                issue.help("a prefix ends in its length: at most /32 for IPv4 and /128 for IPv6")
            }
            _ => issue.help(
                "write an address as 192.0.2.1 or 2001:db8::1, a prefix as 192.0.2.0/24, a text in quotes",
            ),
        }
    })
}

fn bad_number(text: &str, span: Range<usize>) -> Issue {
    let title = format!("{} is not a number", quoted(text));
    Issue::new(Code::BadNumber, title, span, "").help(
        "integers lie between -2^63 and 2^63 - 1, other numbers look like 0.5 or 1e6; texts need quotes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn tells_words_apart() {
        assert_eq!(kinds("source.ip"), [TokenKind::Word, TokenKind::End]);
        assert_eq!(kinds("-5"), [TokenKind::Integer(-5), TokenKind::End]);
        assert_eq!(kinds("1..1024"), [TokenKind::Range(1, 1024), TokenKind::End]);
        assert_eq!(kinds("-1e-7"), [TokenKind::Float(-1e-7), TokenKind::End]);
        assert_eq!(kinds("::1/128"), [TokenKind::Network("::1/128".parse().unwrap()), TokenKind::End]);
        assert_eq!(kinds("192.0.2.1"), [TokenKind::Network("192.0.2.1/32".parse().unwrap()), TokenKind::End]);
    }

    #[test]
    fn reads_texts() {
        for (written, meant) in [
            (r#""a\"b\\c\n\t\x41\u{e4}ö""#, "a\"b\\c\n\tAäö"),
            (r##"r#"a"b\"#"##, r#"a"b\"#),
            (r#"r"\d+""#, r"\d+"),
            (r#""""#, ""),
        ] {
            assert_eq!(kinds(written), [TokenKind::Text(meant.to_owned()), TokenKind::End], "{written}");
        }
        for wrong in [
            r#"""#,
            r#""\"#,
            r#""\q""#,
            r#""\x80""#,
            r#""\u{d800}""#,
            r#""\u{110000}""#,
            r#""\u{+41}""#,
            r#"r#"a""#,
            "'a'",
            "ä",
        ] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }
}
