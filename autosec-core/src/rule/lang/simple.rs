//! Simple rules as expressions: what `type`, `value` and `field` of a rule stand for.

use super::ast::{Check, Expr, Literal, Place, Spanned, Test};
use super::issue::{Code, Issue, quoted};
use crate::net;
use crate::rule::model::Classic;

/// The part of a simple rule that an issue is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Value,
    Field,
}

/// The expression that any of the values satisfies.
pub(crate) fn expression(
    classic: Classic,
    values: &[String],
    field: Option<&str>,
) -> Result<Expr, (Part, Issue)> {
    if values.is_empty() {
        let issue =
            bad("`type` needs a `value`", "there is none").help("write one value, or a list: `[22, 23]`");
        return Err((Part::Value, issue));
    }
    let field = field.or_else(|| usual_field(classic));
    match (classic, field) {
        (Classic::Hash, None) => hashes(values),
        (_, None) => {
            let issue = bad("`type: regex` needs a `field`", "of which field?");
            Err((Part::Field, issue.help("name the field that is searched: `field: url.path`")))
        }
        (Classic::Domain, Some(field)) => {
            let below = values.iter().map(|value| format!(".{}", value.trim_start_matches('.')));
            let names = values.iter().map(|value| text(value.trim_start_matches('.')));
            let below = Check::Find(Place::End, below.map(spanned).collect());
            Ok(any(vec![test(field, true, Check::In(names.collect())), test(field, true, below)]))
        }
        (Classic::UserAgent, Some(field)) => Ok(test(field, true, find(Place::Anywhere, values))),
        (Classic::Path, Some(field)) => Ok(test(field, false, find(Place::Start, values))),
        (Classic::Regex, Some(field)) => {
            let matches = |value: &String| test(field, false, Check::Matches(spanned(value.clone())));
            Ok(any(values.iter().map(matches).collect()))
        }
        (classic, Some(field)) => members(classic, values, field),
    }
}

/// The field that values of the type are about.
fn usual_field(classic: Classic) -> Option<&'static str> {
    Some(match classic {
        Classic::Ip | Classic::Cidr => "source.ip",
        Classic::Country => "source.geo.country_iso_code",
        Classic::Asn => "source.as.number",
        Classic::Port => "destination.port",
        Classic::User => "user.name",
        Classic::UserAgent => "user_agent.original",
        Classic::Path => "url.path",
        Classic::Domain => "dns.question.name",
        Classic::Regex | Classic::Hash => return None,
    })
}

/// Values that are members of a set, and lists by their names.
fn members(classic: Classic, values: &[String], field: &str) -> Result<Expr, (Part, Issue)> {
    let lower = matches!(classic, Classic::Country | Classic::Hash);
    let (lists, values): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.starts_with('$'));
    let literals: Vec<_> = values
        .into_iter()
        .map(|value| literal(classic, value.trim()).map_err(|issue| (Part::Value, issue)))
        .collect::<Result<_, _>>()?;
    let listed = lists
        .into_iter()
        .map(|name| test(field, lower, Check::InList(spanned(name.trim_start_matches('$').to_owned()))));
    let one = (!literals.is_empty()).then(|| test(field, lower, Check::In(literals)));
    Ok(any(one.into_iter().chain(listed).collect()))
}

fn literal(classic: Classic, value: &str) -> Result<Spanned<Literal>, Issue> {
    let refused = |what: &str| bad(format!("{} is not {what}", quoted(value)), "");
    Ok(match classic {
        Classic::Ip | Classic::Cidr => {
            let network = net::network(value).map_err(|error| bad(error.to_string(), ""))?;
            if classic == Classic::Ip && network.prefix_len() < network.max_prefix_len() {
                return Err(refused("a single address").help("prefixes have the type `cidr`"));
            }
            spanned(Literal::Network(network))
        }
        Classic::Port => {
            number(value, 0, 65_535).ok_or_else(|| refused("a port, or a range such as `8000..8100`"))?
        }
        Classic::Asn => {
            let digits = value.strip_prefix("AS").or(value.strip_prefix("as")).unwrap_or(value);
            number(digits, 0, i64::from(u32::MAX))
                .ok_or_else(|| refused("the number of an autonomous system"))?
        }
        Classic::Country if value.len() != 2 || !value.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            return Err(refused("a country").help("countries are written with two letters: `DE`"));
        }
        _ => text(value),
    })
}

/// A number, or a range of numbers that does not end before it begins.
fn number(value: &str, least: i64, most: i64) -> Option<Spanned<Literal>> {
    let one = |text: &str| text.parse().ok().filter(|number| (least..=most).contains(number));
    Some(spanned(match value.split_once("..") {
        None => Literal::Integer(one(value)?),
        Some((first, last)) => {
            let (first, last) = (one(first)?, one(last)?);
            Literal::Range(first, Some(last).filter(|last| first <= *last)?)
        }
    }))
}

/// Each hash is looked for in the field of its kind.
fn hashes(values: &[String]) -> Result<Expr, (Part, Issue)> {
    let mut kinds = [(32, "file.hash.md5"), (40, "file.hash.sha1"), (64, "file.hash.sha256")]
        .map(|(length, field)| (length, field, Vec::new()));
    for value in values {
        let hexadecimal = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let kind = kinds.iter_mut().find(|(length, ..)| hexadecimal && *length == value.len());
        let (.., texts) = kind.ok_or_else(|| {
            let issue = bad(format!("{} is not a hash", quoted(value)), "");
            let help = "MD5, SHA-1 and SHA-256 are known, with 32, 40 and 64 hexadecimal digits";
            (Part::Value, issue.help(help))
        })?;
        texts.push(text(value));
    }
    let tests = kinds.into_iter().filter(|(.., texts)| !texts.is_empty());
    Ok(any(tests.map(|(_, field, texts)| test(field, true, Check::In(texts))).collect()))
}

fn test(field: &str, lower: bool, check: Check) -> Expr {
    Expr::Test(Test { field: spanned(field.to_owned()), lower, operator: spanned(()), check })
}

fn find(place: Place, values: &[String]) -> Check {
    Check::Find(place, values.iter().cloned().map(spanned).collect())
}

/// Any of the parts, of which there is at least one.
fn any(mut parts: Vec<Expr>) -> Expr {
    match (parts.pop(), parts.is_empty()) {
        (Some(one), true) => one,
        (Some(last), false) => {
            parts.push(last);
            Expr::Any(parts)
        }
        (None, _) => Expr::Any(parts),
    }
}

fn text(value: &str) -> Spanned<Literal> {
    spanned(Literal::Text(value.to_owned()))
}

/// Nothing here stands in an expression, so places are those of the rule's keys.
fn spanned<T>(node: T) -> Spanned<T> {
    Spanned { node, span: 0..0 }
}

fn bad(title: impl Into<String>, label: &str) -> Issue {
    Issue::new(Code::BadClassic, title, 0..0, label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(classic: Classic, values: &[&str], field: Option<&str>) -> String {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        expression(classic, &values, field).map_or_else(|(_, issue)| issue.title, |expr| expr.to_string())
    }

    #[test]
    fn stands_for_expressions() {
        for (classic, values, field, expected) in [
            (Classic::Ip, &["192.0.2.1"][..], None, "source.ip in { 192.0.2.1 }"),
            (
                Classic::Cidr,
                &["192.0.2.0/24", "$tor"],
                None,
                "source.ip in { 192.0.2.0/24 } or source.ip in $tor",
            ),
            (Classic::Country, &["XX"], None, "lower(source.geo.country_iso_code) in { \"XX\" }"),
            (Classic::Asn, &["AS64500", "64511"], None, "source.as.number in { 64500 64511 }"),
            (Classic::Port, &["22", "8000..8100"], Some("source.port"), "source.port in { 22 8000..8100 }"),
            (Classic::User, &["root"], None, "user.name in { \"root\" }"),
            (Classic::UserAgent, &["curl"], None, "lower(user_agent.original) contains \"curl\""),
            (Classic::Path, &["/admin"], None, "url.path starts_with \"/admin\""),
            (
                Classic::Regex,
                &["a+", "b"],
                Some("url.path"),
                "url.path matches \"a+\" or url.path matches \"b\"",
            ),
        ] {
            assert_eq!(written(classic, values, field), expected);
        }
        assert_eq!(
            written(Classic::Domain, &["Bad.example"], None),
            "lower(dns.question.name) in { \"Bad.example\" } or lower(dns.question.name) ends_with \".Bad.example\""
        );
        let (md5, sha256) = ("0".repeat(32), "F".repeat(64));
        assert_eq!(
            written(Classic::Hash, &[&sha256, &md5], None),
            format!(
                "lower(file.hash.md5) in {{ \"{md5}\" }} or lower(file.hash.sha256) in {{ \"{sha256}\" }}"
            )
        );
    }

    #[test]
    fn refuses_values_of_other_types() {
        for (classic, value) in [
            (Classic::Ip, "192.0.2.0/24"),
            (Classic::Cidr, "192.0.2"),
            (Classic::Country, "Germany"),
            (Classic::Asn, "-1"),
            (Classic::Port, "65536"),
            (Classic::Port, "90..80"),
            (Classic::Hash, "abc"),
        ] {
            assert!(written(classic, &[value], None).contains(" is n"), "{value}");
        }
        assert_eq!(written(Classic::Regex, &["x"], None), "`type: regex` needs a `field`");
        assert_eq!(written(Classic::User, &[], None), "`type` needs a `value`");
    }
}
