//! Patterns that an index can answer: values that are equal to some, or lie in a prefix.

use super::ast::{Check, Compare, Comparison, Expr, Literal, Number, Spanned, Step, Test};
use super::error::{Code, Issue, PatternError};
use super::network::Network;
use super::record::Pattern;
use crate::intel::{Indicator, IndicatorValue, Observable, ObservableKind};

/// What a path names, as one kind of value or as a part of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Meaning {
    Is(ObservableKind),
    /// An address or a name, whichever it is written as.
    Host,
    /// The type of the object a reference leads to, which its value says anyway.
    TypeOf,
}

/// One way to satisfy a pattern: values that must all be there.
type Values = Vec<Observable>;

impl Pattern {
    /// The values of a plain pattern, any of which is a match: brackets joined by `OR`, in them `=`, `IN` and `ISSUBSET` joined
    /// by `OR` and `AND`. Values joined by `AND` become one [`IndicatorValue`] of several parts.
    ///
    /// | path | kind |
    /// |---|---|
    /// | `ipv4-addr:value`, `ipv6-addr:value`, `domain-name:resolves_to_refs[*].value` | network |
    /// | `domain-name:value` | hostname |
    /// | `network-traffic:src_ref.value`, `dst_ref.value` | network or hostname |
    /// | `network-traffic:src_port`, `dst_port` | port, beside another value |
    /// | `network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'` | user agent |
    /// | `url:value` | URL |
    /// | `email-addr:value`, `email-message:from_ref.value`, `sender_ref.value` | e-mail |
    /// | `file:name`, `email-message:body_multipart[*].body_raw_ref.name` | file name |
    /// | `….hashes.…` with MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512, IMPHASH, SSDEEP, TLSH | that digest |
    /// | `file:extensions.'windows-pebinary-ext'.imphash` | imphash |
    /// | `autonomous-system:number` | autonomous system |
    ///
    /// An index knows one event and no objects, and compares canonical forms (`WWW.Example.ORG` is `www.example.org`): it finds
    /// all that the pattern finds, and may find a little more.
    ///
    /// # Errors
    /// The pattern needs the [matcher](super::Matcher): several observations, qualifiers, another operator or path, a text that
    /// is no value of its kind, or more than [`Indicator::MOST_VALUES`] values.
    pub fn plain(&self) -> Result<Vec<IndicatorValue>, PatternError> {
        let plain = brackets(&self.expr)
            .and_then(|ways| {
                ways.into_iter()
                    .map(|values| IndicatorValue::all(values).map_err(|error| error.to_string()))
                    .collect::<Result<Vec<_>, _>>()
            })
            .map_err(|why| {
                Issue::new(Code::NotPlain, format!("no plain pattern: {why}"), 0..self.text.len())
            });
        plain.map_err(|issue| PatternError::placed(issue, &self.text))
    }
}

fn brackets(expr: &Expr) -> Result<Vec<Values>, String> {
    match expr {
        Expr::Group(inner) => brackets(inner),
        Expr::Observation(compare) => ways(compare),
        Expr::Any(parts) => union(parts.iter().map(brackets)),
        Expr::All(_) | Expr::Then(_) => Err("it is about several observations".to_owned()),
        Expr::Repeats(..) | Expr::Within(..) | Expr::During(..) => Err("it has qualifiers".to_owned()),
    }
}

fn ways(compare: &Compare) -> Result<Vec<Values>, String> {
    match compare {
        Compare::Any(parts) => union(parts.iter().map(ways)),
        Compare::All(parts) => parts.iter().try_fold(vec![Vec::new()], |joined: Vec<Values>, part| {
            let ways = ways(part)?;
            let pairs = joined.iter().flat_map(|left| ways.iter().map(move |right| (left, right)));
            let both = |(left, right): (&Values, &Values)| left.iter().chain(right).cloned().collect();
            bounded(pairs.map(both).take(Indicator::MOST_VALUES + 1).collect())
        }),
        Compare::Test(test) => values(test),
    }
}

fn union(parts: impl Iterator<Item = Result<Vec<Values>, String>>) -> Result<Vec<Values>, String> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(part?);
        all = bounded(all)?;
    }
    Ok(all)
}

fn bounded(ways: Vec<Values>) -> Result<Vec<Values>, String> {
    let limit = Indicator::MOST_VALUES;
    if ways.len() > limit { Err(format!("it has more than {limit} values")) } else { Ok(ways) }
}

fn values(test: &Test) -> Result<Vec<Values>, String> {
    if test.negated {
        return Err("it has a NOT".to_owned());
    }
    let meaning = meaning(&test.path.object, &test.path.steps)
        .ok_or_else(|| "a path of it names no kind of value".to_owned())?;
    let network = matches!(meaning, Meaning::Host | Meaning::Is(ObservableKind::Network));
    match &test.check {
        Check::Compare(Comparison::Equal, literal) => Ok(vec![value(meaning, literal)?]),
        Check::In(members) => members.node.iter().map(|member| value(meaning, member)).collect(),
        Check::IsSubset(text) if network => match Network::parse(&text.node) {
            Some(prefix) if prefix.is_prefix() => Ok(vec![vec![Observable::network(prefix.net())]]),
            _ => Err("a prefix of it is none".to_owned()),
        },
        _ => Err("it has an operator other than =, IN and ISSUBSET".to_owned()),
    }
}

/// The value that the literal is; none for what needs no value.
fn value(meaning: Meaning, literal: &Spanned<Literal>) -> Result<Values, String> {
    let text = match &literal.node {
        Literal::Text(text) => text.clone(),
        Literal::Number(Number::Integer(number)) => number.to_string(),
        _ => return Err("a value of it is neither a text nor a whole number".to_owned()),
    };
    let Some(kind) = meaning.kind(&text) else {
        let is_known = matches!(text.as_str(), "ipv4-addr" | "ipv6-addr" | "domain-name");
        return if is_known { Ok(Vec::new()) } else { Err("it asks for the type of an object".to_owned()) };
    };
    Observable::new(kind, &text).map(|value| vec![value]).map_err(|error| error.to_string())
}

/// The text that a path is compared with as a value, if it names a kind of values.
pub(super) fn observable(object: &str, steps: &[Step], text: &str) -> Option<Observable> {
    Observable::new(meaning(object, steps)?.kind(text)?, text).ok()
}

impl Meaning {
    /// The kind of a value that is written so.
    fn kind(self, text: &str) -> Option<ObservableKind> {
        match self {
            Meaning::TypeOf => None,
            Meaning::Host if Network::parse(text).is_some() => Some(ObservableKind::Network),
            Meaning::Host => Some(ObservableKind::Hostname),
            Meaning::Is(kind) => Some(kind),
        }
    }
}

fn meaning(object: &str, steps: &[Step]) -> Option<Meaning> {
    let keys: Vec<&str> =
        steps.iter().map(|step| if let Step::Key(key) = step { key } else { "[]" }).collect();
    let is = |kind| Some(Meaning::Is(kind));
    match (object, keys.as_slice()) {
        ("ipv4-addr" | "ipv6-addr", ["value"]) => is(ObservableKind::Network),
        ("domain-name", ["resolves_to_refs", "[]", "value"]) => is(ObservableKind::Network),
        ("domain-name", ["value"]) => is(ObservableKind::Hostname),
        ("url", ["value"]) => is(ObservableKind::Url),
        ("email-addr", ["value"]) => is(ObservableKind::Email),
        ("email-message", ["from_ref" | "sender_ref", "value"]) => is(ObservableKind::Email),
        ("email-message", ["body_multipart", "[]", "body_raw_ref", "name"]) => is(ObservableKind::FileName),
        ("network-traffic", ["src_ref" | "dst_ref", "value"]) => Some(Meaning::Host),
        ("network-traffic", ["src_ref" | "dst_ref", "type"]) => Some(Meaning::TypeOf),
        ("network-traffic", ["src_port" | "dst_port"]) => is(ObservableKind::Port),
        ("network-traffic", ["extensions", "http-request-ext", "request_header", "User-Agent"]) => {
            is(ObservableKind::UserAgent)
        }
        ("file", ["name"]) => is(ObservableKind::FileName),
        ("file", ["extensions", "windows-pebinary-ext", "imphash"]) => is(ObservableKind::Imphash),
        ("file" | "x509-certificate" | "artifact", ["hashes", algorithm]) => {
            digest(algorithm).map(Meaning::Is)
        }
        ("autonomous-system", ["number"]) => is(ObservableKind::AutonomousSystem),
        _ => None,
    }
}

fn digest(algorithm: &str) -> Option<ObservableKind> {
    Some(match algorithm.replace('-', "").to_ascii_uppercase().as_str() {
        "MD5" => ObservableKind::Md5,
        "SHA1" => ObservableKind::Sha1,
        "SHA224" => ObservableKind::Sha224,
        "SHA256" => ObservableKind::Sha256,
        "SHA384" => ObservableKind::Sha384,
        "SHA512" => ObservableKind::Sha512,
        "IMPHASH" => ObservableKind::Imphash,
        "SSDEEP" => ObservableKind::Ssdeep,
        "TLSH" => ObservableKind::Tlsh,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Result<Vec<String>, &'static str> {
        let values = Pattern::parse(text).unwrap().plain().map_err(|error| error.code())?;
        Ok(values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn takes_plain_patterns_apart() {
        let values = |text: &str| plain(text).unwrap();
        assert_eq!(values("[ipv4-addr:value = '198.51.100.7']"), ["198.51.100.7"]);
        assert_eq!(
            values("[ipv4-addr:value ISSUBSET '198.51.100.7/24'] OR [url:value = 'http://a.example/b']"),
            ["198.51.100.0/24", "http://a.example/b"]
        );
        assert_eq!(values("([domain-name:value IN ('a.example', 'B.example')])"), ["a.example", "b.example"]);
        assert_eq!(
            values(
                "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.7' \
                 AND network-traffic:dst_port = 443]"
            ),
            ["198.51.100.7 and 443"]
        );
        let hash = "aec070645fe53ee3b3763059376134f0";
        let named = format!("[(file:name = 'a' OR file:name = 'b') AND file:hashes.MD5 = '{hash}']");
        assert_eq!(values(&named), [format!("a and {hash}"), format!("b and {hash}")]);
    }

    #[test]
    fn leaves_the_rest_to_the_matcher() {
        for text in [
            "[ipv4-addr:value != '198.51.100.7']",
            "[ipv4-addr:value NOT = '198.51.100.7']",
            "[ipv4-addr:value = '198.51.100.7'] AND [url:value = 'http://a.example/b']",
            "[url:value = 'http://a.example/b'] REPEATS 2 TIMES",
            "[url:value LIKE 'http://a.example/%']",
            "[x:y = 'z']",
            "[network-traffic:dst_port = 443]",
            "[ipv4-addr:value = 'a']",
            "[ipv4-addr:value ISSUBSET '198.51.100.7']",
        ] {
            assert_eq!(plain(text), Err("P018"), "{text}");
        }
    }
}
