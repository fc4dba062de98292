//! The longest token wins; `h`, `b` and `t` before a quote begin a literal of their own.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::ast::{Comparison, Number};
use super::error::{Code, Issue, quoted};
use super::instant;
use super::token::{Token, TokenKind};

/// Base64 with padding, whose unused last bits may be anything.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Cuts a pattern into tokens; the last is always [`TokenKind::End`].
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

/// The bytes that hexadecimal digits name; none if they are malformed.
pub(super) fn hex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::try_from(nibble(pair.first()?)? << 4 | nibble(pair.get(1)?)?).ok()).collect()
}

fn nibble(digit: &u8) -> Option<u32> {
    char::from(*digit).to_digit(16)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<Token, Issue> {
        self.skip_space()?;
        let start = self.at;
        let kind = match self.rest().chars().next() {
            None => TokenKind::End,
            Some('\'') => self.text_literal()?,
            Some(c) if is_name_start(c) => self.word()?,
            Some('+' | '-' | '.' | '0'..='9') if self.number_length().is_some() => self.number(),
            Some(c) => self.symbol(c)?,
        };
        Ok(Token { kind, span: start..self.at })
    }

    fn skip_space(&mut self) -> Result<(), Issue> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(is_space);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find(['\r', '\n']).unwrap_or(trimmed.len());
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                let end = comment.find("*/").ok_or_else(|| {
                    Issue::new(Code::UnclosedText, "unterminated comment", self.at..self.at + 2)
                        .help("close it with `*/`")
                })?;
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    /// Stands at the opening quote.
    fn text_literal(&mut self) -> Result<TokenKind, Issue> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let stop = rest.find(['\'', '\\']).ok_or_else(|| unclosed(open))?;
            text.push_str(rest.get(..stop).unwrap_or_default());
            self.at += stop;
            let tail = self.rest();
            if tail.starts_with('\'') {
                self.at += 1;
                return Ok(TokenKind::Text(text));
            }
            match tail.chars().nth(1) {
                Some(c @ ('\'' | '\\')) => text.push(c),
                Some(c) => return Err(bad_escape(self.at..self.at + 1 + c.len_utf8(), c)),
                None => return Err(unclosed(open)),
            }
            self.at += 2;
        }
    }

    fn word(&mut self) -> Result<TokenKind, Issue> {
        let rest = self.rest();
        let length = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let Some(quoted) = after.strip_prefix('\'').filter(|_| matches!(word, "h" | "b" | "t")) else {
            self.at += length;
            return Ok(TokenKind::Word);
        };
        let end = quoted.find('\'').ok_or_else(|| unclosed(self.at + 1))?;
        let inside = quoted.get(..end).unwrap_or_default();
        let span = self.at..self.at + end + 3;
        self.at = span.end;
        match word {
            "t" => time(inside, span),
            "h" => hex(inside)
                .map(TokenKind::Bytes)
                .ok_or_else(|| bad_bytes(inside, span, "pairs of hexadecimal digits")),
            _ => BASE64
                .decode(inside)
                .map(TokenKind::Bytes)
                .map_err(|_| bad_bytes(inside, span, "base64 with its padding")),
        }
    }

    /// The length of the number that starts here: `[+-]? digits* . digits+` or `[+-]? (0 | [1-9] digits*)`.
    fn number_length(&self) -> Option<usize> {
        let rest = self.rest();
        let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let sign = rest.len() - unsigned.len();
        let whole = digits(unsigned);
        let fraction = unsigned.get(whole..).and_then(|tail| tail.strip_prefix('.')).map_or(0, digits);
        if fraction > 0 {
            return Some(sign + whole + 1 + fraction);
        }
        let integer = if unsigned.starts_with('0') { 1 } else { whole };
        (integer > 0).then_some(sign + integer)
    }

    fn number(&mut self) -> TokenKind {
        let length = self.number_length().unwrap_or(1);
        let text = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        let number = match text.parse() {
            Ok(integer) => Number::Integer(integer),
            // Only a number that is too large for an integer, or has a fraction, comes here; both are floats.
            Err(_) => Number::Float(text.parse().unwrap_or(0.0)),
        };
        TokenKind::Number(number)
    }

    fn symbol(&mut self, first: char) -> Result<TokenKind, Issue> {
        const SYMBOLS: [(&str, TokenKind); 16] = [
            ("==", TokenKind::Comparison(Comparison::Equal)),
            ("=", TokenKind::Comparison(Comparison::Equal)),
            ("!=", TokenKind::Comparison(Comparison::NotEqual)),
            ("<>", TokenKind::Comparison(Comparison::NotEqual)),
            ("<=", TokenKind::Comparison(Comparison::LessOrEqual)),
            (">=", TokenKind::Comparison(Comparison::GreaterOrEqual)),
            ("<", TokenKind::Comparison(Comparison::Less)),
            (">", TokenKind::Comparison(Comparison::Greater)),
            ("(", TokenKind::Open),
            (")", TokenKind::Close),
            ("[", TokenKind::OpenBracket),
            ("]", TokenKind::CloseBracket),
            (":", TokenKind::Colon),
            (",", TokenKind::Comma),
            (".", TokenKind::Dot),
            ("*", TokenKind::Star),
        ];
        let rest = self.rest();
        if let Some((symbol, kind)) = SYMBOLS.into_iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            self.at += symbol.len();
            return Ok(kind);
        }
        let span = self.at..self.at + first.len_utf8();
        let title = format!("unexpected character {}", quoted(&first.to_string()));
        let issue = Issue::new(Code::StrangeCharacter, title, span);
        Err(if matches!(first, '"' | '/') { issue.help("texts stand in single quotes") } else { issue })
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

fn digits(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len()
}

fn time(text: &str, span: Range<usize>) -> Result<TokenKind, Issue> {
    if instant::is_well_formed(text) {
        return Ok(TokenKind::Time(text.to_owned()));
    }
    let title = format!("{} is not a timestamp", quoted(text));
    Err(Issue::new(Code::BadTime, title, span).help("write it in UTC, such as t'2026-11-22T14:02:11.5Z'"))
}

fn bad_bytes(text: &str, span: Range<usize>, wanted: &str) -> Issue {
    Issue::new(Code::BadBytes, format!("{} is not {wanted}", quoted(text)), span)
}

fn bad_escape(span: Range<usize>, c: char) -> Issue {
    let title = format!("unknown escape sequence {}", quoted(&format!("\\{c}")));
    Issue::new(Code::BadEscape, title, span).help(r"a backslash is written \\, a quote \'")
}

fn unclosed(at: usize) -> Issue {
    Issue::new(Code::UnclosedText, "unterminated text", at..at + 1).help("close it with `'`")
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The white space that the grammar lists.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn tells_numbers_apart() {
        let number = |text: &str| kinds(text).remove(0);
        assert_eq!(number("+5"), TokenKind::Number(Number::Integer(5)));
        assert_eq!(number("-.5"), TokenKind::Number(Number::Float(-0.5)));
        assert_eq!(number("99999999999999999999"), TokenKind::Number(Number::Float(1e20)));
        assert_eq!(kinds("01").len(), 3);
        assert_eq!(kinds("1.a").len(), 4);
    }

    #[test]
    fn reads_literals() {
        assert_eq!(kinds(r"'a\'b\\c'").remove(0), TokenKind::Text(r"a'b\c".to_owned()));
        assert_eq!(kinds("h'fF00'").remove(0), TokenKind::Bytes(vec![255, 0]));
        assert_eq!(kinds("b'QQ=='").remove(0), TokenKind::Bytes(b"A".to_vec()));
        assert_eq!(kinds("h''b''"), [TokenKind::Bytes(vec![]), TokenKind::Bytes(vec![]), TokenKind::End]);
        for wrong in [
            r"'a\x'", "'a", "h'f'", "b'===='", "b'QQ='", "b'Q'", "t'2026'", "t'", "/* a", "\"a\"", "?", "'\\",
        ] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn skips_comments_and_every_space() {
        assert_eq!(kinds("a/* [ */\u{a0}// b\nc"), [TokenKind::Word, TokenKind::Word, TokenKind::End]);
    }
}
