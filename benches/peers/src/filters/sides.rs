//! Both sides' fields, filters and requests. The fields have the same names on both.

use autosec_core::event::{Event, Kind, Schema, field};
use autosec_core::measure::Severity;
use autosec_core::rule::{Rule, RuleSet};
use std::net::IpAddr;
use wirefilter::{ExecutionContext, Filter, Scheme, Type};

use super::shapes::Request;

/// The field that the built-in ones lack.
const SCORE: &str = "request.score";

/// The id of the rule made of the filter of this number.
pub(super) fn id(at: usize) -> String {
    format!("filter-{at}")
}

pub(super) fn schema() -> Schema {
    let mut schema = Schema::ecs();
    schema.add(SCORE, Kind::Integer).unwrap_or_else(|error| panic!("{error}"));
    schema
}

pub(super) fn ours(schema: &Schema, texts: &[String]) -> RuleSet {
    let rules = texts.iter().enumerate().map(|(at, text)| Rule::new(id(at), Severity::Low, text));
    let builder = rules.fold(RuleSet::builder(schema), |builder, rule| builder.rule(rule));
    builder.build().unwrap_or_else(|errors| panic!("{errors}"))
}

pub(super) fn event<'r>(schema: &Schema, request: &'r Request) -> Event<'r> {
    let score = schema.field(SCORE).unwrap_or_else(|| panic!("{SCORE} was added"));
    Event::new(autosec_core::time::Timestamp::EPOCH)
        .with(field::URL_DOMAIN, request.host.as_str())
        .with(field::URL_PATH, request.path.as_str())
        .with(field::URL_QUERY, request.query.as_str())
        .with(field::HTTP_REQUEST_METHOD, request.method)
        .with(field::USER_AGENT_ORIGINAL, request.agent.as_str())
        .with(field::SOURCE_IP, IpAddr::V4(request.address))
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, request.country.as_str())
        .with(field::SOURCE_AS_NUMBER, i64::from(request.network))
        .with(field::SOURCE_PORT, i64::from(request.port))
        .with(field::HTTP_RESPONSE_STATUS_CODE, i64::from(request.status))
        .with(score, i64::from(request.score))
}

pub(super) fn scheme() -> Scheme {
    let fields = [
        ("url.domain", Type::Bytes),
        ("url.path", Type::Bytes),
        ("url.query", Type::Bytes),
        ("http.request.method", Type::Bytes),
        ("user_agent.original", Type::Bytes),
        ("source.ip", Type::Ip),
        ("source.geo.country_iso_code", Type::Bytes),
        ("source.as.number", Type::Int),
        ("source.port", Type::Int),
        ("http.response.status_code", Type::Int),
        (SCORE, Type::Int),
    ];
    Scheme::try_from_iter(fields.map(|(name, kind)| (name.to_owned(), kind)))
        .unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn wirefilter<'s>(scheme: &'s Scheme, texts: &[String]) -> Result<Vec<Filter<'s>>, String> {
    let compile = |text: &String| {
        scheme.parse(text).map(|ast| ast.compile()).map_err(|error| format!("{text}: {error}"))
    };
    texts.iter().map(compile).collect()
}

pub(super) fn context<'r>(scheme: &'r Scheme, request: &'r Request) -> ExecutionContext<'r> {
    let mut context = ExecutionContext::new(scheme);
    let texts = [
        ("url.domain", request.host.as_str()),
        ("url.path", &request.path),
        ("url.query", &request.query),
        ("http.request.method", request.method),
        ("user_agent.original", &request.agent),
        ("source.geo.country_iso_code", &request.country),
    ];
    let numbers = [
        ("source.as.number", request.network),
        ("source.port", request.port),
        ("http.response.status_code", request.status),
        (SCORE, request.score),
    ];
    let mut failed = Vec::new();
    failed.extend(texts.map(|(name, text)| context.set_field_value(name, text).err()));
    failed.extend(numbers.map(|(name, number)| {
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        context.set_field_value(name, number).err()
    }));
    failed.push(context.set_field_value("source.ip", IpAddr::V4(request.address)).err());
    assert!(failed.iter().all(Option::is_none), "{failed:?}");
    context
}
