//! What the grammar lets pass and the validator of the standard does not: a hash of the wrong length, and in 2.1 two
//! qualifiers of one kind on a bare observation.

use std::mem::discriminant;
use std::ops::Range;

use super::Version;
use super::ast::{Check, Expr, Literal, Path, Spanned, Step, Test};
use super::error::{Code, Issue, quoted};

/// Algorithms, written without hyphens and in capital letters, and the lengths their hexadecimal digits may have.
const HASHES: [(&str, &[usize]); 13] = [
    ("MD5", &[32]),
    ("MD6", &[32, 40, 56, 64, 96, 128]),
    ("RIPEMD160", &[40]),
    ("SHA1", &[40]),
    ("SHA224", &[56]),
    ("SHA256", &[64]),
    ("SHA384", &[96]),
    ("SHA512", &[128]),
    ("SHA3224", &[56]),
    ("SHA3256", &[64]),
    ("SHA3384", &[96]),
    ("SHA3512", &[128]),
    ("WHIRLPOOL", &[128]),
];

/// The longest fuzzy hash of ssdeep, in characters.
const SSDEEP_LIMIT: usize = 148;

pub(super) fn check(expr: &Expr, version: Version) -> Result<(), Issue> {
    for compare in expr.observations() {
        compare.tests().into_iter().try_for_each(check_hashes)?;
    }
    if version == Version::V21 { check_qualifiers(expr) } else { Ok(()) }
}

/// Qualifiers of one kind may not follow each other on one bracketed observation; on a group in parentheses they may.
fn check_qualifiers(expr: &Expr) -> Result<(), Issue> {
    let mut seen: Vec<(&Expr, Range<usize>)> = Vec::new();
    let mut inner = expr;
    loop {
        let (next, span) = match inner {
            Expr::Repeats(next, times) => (next, times.span.clone()),
            Expr::Within(next, seconds) => (next, seconds.span.clone()),
            Expr::During(next, start, _) => (next, start.span.clone()),
            Expr::All(parts) | Expr::Any(parts) | Expr::Then(parts) => {
                return parts.iter().try_for_each(check_qualifiers);
            }
            Expr::Observation(_) => break,
            Expr::Group(next) => return check_qualifiers(next),
        };
        seen.push((inner, span));
        inner = next;
    }
    let twice = seen.iter().enumerate().find(|(index, (qualified, _))| {
        let later = seen.get(index + 1..).unwrap_or_default();
        later.iter().any(|(other, _)| discriminant(*other) == discriminant(*qualified))
    });
    match twice {
        Some((_, (_, span))) => {
            Err(Issue::new(Code::TwiceQualified, "a second qualifier of the same kind", span.clone())
                .help("put the observation with its first qualifier in parentheses"))
        }
        None => Ok(()),
    }
}

fn check_hashes(test: &Test) -> Result<(), Issue> {
    let Some(algorithm) = algorithm(&test.path) else { return Ok(()) };
    match &test.check {
        Check::Compare(_, literal) => check_hash(algorithm, literal),
        Check::In(members) => members.node.iter().try_for_each(|member| check_hash(algorithm, member)),
        _ => Ok(()),
    }
}

/// The last key below `hashes`.
fn algorithm(path: &Path) -> Option<&str> {
    let below = path.steps.iter().any(|step| matches!(step, Step::Key(key) if key == "hashes"));
    match path.steps.last()? {
        Step::Key(key) if below => Some(key),
        _ => None,
    }
}

fn check_hash(algorithm: &str, literal: &Spanned<Literal>) -> Result<(), Issue> {
    let plain = algorithm.replace('-', "").to_ascii_uppercase();
    let is_right = |text: &str| match HASHES.iter().find(|(name, _)| *name == plain) {
        Some((_, lengths)) => {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        None if plain == "SSDEEP" => is_ssdeep(text),
        None => true,
    };
    let known = plain == "SSDEEP" || HASHES.iter().any(|(name, _)| *name == plain);
    let (right, shown) = match &literal.node {
        Literal::Text(text) => (is_right(text), quoted(text)),
        _ => (!known, "the value".to_owned()),
    };
    if right {
        return Ok(());
    }
    Err(Issue::new(
        Code::BadHash,
        format!("{shown} is not a hash of {}", quoted(algorithm)),
        literal.span.clone(),
    ))
}

fn is_ssdeep(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/+:.".contains(&byte);
    (1..=SSDEEP_LIMIT).contains(&text.len()) && text.bytes().all(fits)
}
