use std::sync::Arc;

use super::pattern::Pattern;
use crate::rule::lang::ast::Place;
use crate::rule::lang::check;
use crate::rule::lang::condition::{Fact, Piece};

/// The facts of which a value must satisfy any, if any pattern is to match: patterns of one shape become one fact.
pub(super) fn facts(patterns: Vec<Pattern>, fold: bool) -> Result<Vec<Fact>, String> {
    let mut facts = Vec::new();
    let mut exact: Vec<Box<str>> = Vec::new();
    let mut found = [Place::Start, Place::End, Place::Anywhere].map(|place| (place, Vec::new()));
    for pattern in patterns {
        match shape(pattern, fold) {
            Shape::Anything => facts.push(Fact::Exists),
            Shape::Exact(text) => exact.push(text.into_boxed_str()),
            Shape::Find(place, text) => {
                if let Some((_, texts)) = found.iter_mut().find(|(held, _)| *held == place) {
                    texts.push(text);
                }
            }
            Shape::Glob(pieces) => facts.push(Fact::Glob { pieces, fold }),
            Shape::International(pieces) => facts.push(international(&pieces)?),
        }
    }
    match <[Box<str>; 1]>::try_from(exact) {
        Ok([text]) => facts.push(Fact::Text { is: text.into_string(), negated: false, fold }),
        Err(texts) if texts.is_empty() => {}
        Err(texts) => facts.push(Fact::TextIn { texts: Arc::from(texts), fold }),
    }
    let found = found.into_iter().filter(|(_, texts)| !texts.is_empty());
    facts.extend(found.map(|(place, texts)| Fact::Find { place, texts, fold }));
    Ok(facts)
}

enum Shape {
    Anything,
    Exact(String),
    Find(Place, String),
    Glob(Pattern),
    /// With letters beyond ASCII that have a case.
    International(Pattern),
}

fn shape(mut pattern: Pattern, fold: bool) -> Shape {
    if fold && pattern.iter().any(is_international) {
        return Shape::International(pattern);
    }
    let found = match pattern.as_mut_slice() {
        [] => Some(Shape::Exact(String::new())),
        [Piece::Many] => Some(Shape::Anything),
        [Piece::Text(text)] => Some(Shape::Exact(std::mem::take(text))),
        [Piece::Text(text), Piece::Many] => Some(Shape::Find(Place::Start, std::mem::take(text))),
        [Piece::Many, Piece::Text(text)] => Some(Shape::Find(Place::End, std::mem::take(text))),
        [Piece::Many, Piece::Text(text), Piece::Many] => {
            Some(Shape::Find(Place::Anywhere, std::mem::take(text)))
        }
        _ => None,
    };
    found.unwrap_or(Shape::Glob(pattern))
}

fn is_international(piece: &Piece) -> bool {
    let cased = |c: char| !c.is_ascii() && (c.is_lowercase() || c.is_uppercase());
    matches!(piece, Piece::Text(text) if !text.is_ascii() && text.chars().any(cased))
}

/// Case beyond ASCII is a matter of tables, which the regular expressions have.
fn international(pieces: &Pattern) -> Result<Fact, String> {
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => regex::escape(text),
        Piece::One => ".".to_owned(),
        Piece::Many => ".*".to_owned(),
        Piece::Dash => "[-/\u{2013}\u{2014}\u{2015}]".to_owned(),
    });
    let whole = format!(r"\A{}\z", parts.collect::<String>());
    check::regex("is", &whole).map(Fact::Matches)
}
