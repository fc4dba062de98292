use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::super::ast::Step;
use super::super::path::Item;
use super::super::program::{Condition, Test};
use super::super::stream::Held;
use super::entry::Entry;
use super::listed::listings;
use crate::event::{Event, FieldId, field};
use crate::finding::{Evidence, Finding};
use crate::intel::detect::{hold_back, subject};
use crate::intel::index::Asked;
use crate::intel::warninglist::Warninglists;
use crate::intel::{Observable, ObservableKind};
use crate::measure::Confidence;

/// What a match says, held back by the lists that say so. `together` are the observations that make it, in the order in
/// which they were fed.
pub(super) fn finding(
    entry: &Entry,
    together: &[Held],
    event: &Event<'_>,
    confidence: Confidence,
    lists: &Warninglists,
) -> Finding {
    let about = &entry.indicator.about;
    let indicator = Evidence::Indicator {
        id: Arc::clone(&about.id),
        source: Arc::clone(&about.source),
        value: entry.shown.to_string(),
        stated: about.confidence.value(),
        left: confidence.value(),
    };
    let first = together.iter().map(|held| held.seen.first).min().unwrap_or_default();
    let last = together.iter().map(|held| held.seen.last).max().unwrap_or_default();
    let what = match together.len() {
        1 => "1 event".to_owned(),
        events => format!("{events} events"),
    };
    let within = Duration::from_micros(last.abs_diff(first));
    let (field, asked) = about_whom(entry, together, event);
    let subject = subject(event, field, asked);
    let mut finding = Finding::new(Arc::clone(&entry.analytic), subject, event.time(), about.severity)
        .with_confidence(confidence)
        .with_evidence([indicator, Evidence::Sequence { what: what.into(), within }]);
    if !lists.is_empty() {
        let mut listings = listings(together, &entry.indicator.matcher.program, lists);
        if let Asked::Address(address) = asked {
            listings.extend(lists.lookup(&Observable::address(address)));
        }
        hold_back(&mut finding, listings);
    }
    finding
}

/// The address that the last bracket asked for; else what an index would say of a file: it is whoever has it.
fn about_whom(entry: &Entry, together: &[Held], event: &Event<'_>) -> (FieldId, Asked<'static>) {
    let brackets = together.last().into_iter().flat_map(|last| &last.brackets);
    let program = &entry.indicator.matcher.program;
    let mut tests = Vec::new();
    for bracket in brackets.filter_map(|bracket| program.brackets.get(*bracket)) {
        collect(&bracket.condition, &mut tests);
    }
    if let Some((field, address)) = tests.iter().find_map(|test| address(test, event)) {
        return (field, Asked::Address(address));
    }
    let of_client = tests.iter().any(|test| is_first(test, "extensions"));
    let kind = if of_client { ObservableKind::UserAgent } else { ObservableKind::FileName };
    (field::PROCESS_NAME, Asked::Other(kind, b""))
}

fn collect<'p>(condition: &'p Condition, tests: &mut Vec<&'p Test>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| collect(part, tests)),
        Condition::Test(test) => tests.push(test),
    }
}

/// The address of the event that passes the test, and the field that has it.
fn address(test: &Test, event: &Event<'_>) -> Option<(FieldId, IpAddr)> {
    let is_value = matches!(test.steps.last(), Some(Step::Key(key)) if key == "value");
    if !is_value || test.negated {
        return None;
    }
    let passes = |address: IpAddr| {
        let text = Json::String(address.to_string());
        matches!(test.accepts(&Item::Json(&text)), Ok(true))
    };
    ends(test).iter().find_map(|id| {
        let values = event.get(*id)?.each().iter().filter_map(|value| value.as_address());
        values.into_iter().find(|address| passes(*address)).map(|address| (*id, address))
    })
}

/// Where an address stands that the test can be about.
fn ends(test: &Test) -> &'static [FieldId] {
    const ALL: [FieldId; 6] = [
        field::SOURCE_IP,
        field::CLIENT_IP,
        field::DESTINATION_IP,
        field::SERVER_IP,
        field::DNS_RESOLVED_IP,
        field::RELATED_IP,
    ];
    match test.object.as_deref() {
        Some("ipv4-addr" | "ipv6-addr") => &ALL,
        Some("network-traffic") if is_first(test, "src_ref") => &[field::SOURCE_IP, field::CLIENT_IP],
        Some("network-traffic") if is_first(test, "dst_ref") => &[field::DESTINATION_IP, field::SERVER_IP],
        _ => &[],
    }
}

fn is_first(test: &Test, name: &str) -> bool {
    matches!(test.steps.first(), Some(Step::Key(key)) if key == name)
}
