use std::borrow::Cow;
use std::sync::Arc;

use super::super::index::{Asked, Found, Part, Parts, value_of};
use super::super::observable::text_of;
use super::super::warninglist::{Effect, Listing, Warninglists};
use super::super::{Observable, ObservableKind};
use super::fields::ObservedFields;
use super::subject::subject;
use crate::entity::printable;
use crate::event::{Event, FieldId};
use crate::finding::{Evidence, Finding};
use crate::measure::Confidence;
use crate::net;

/// The most lists that a finding names.
const MOST_LISTINGS: usize = 4;

/// A hit: what was found where.
pub(super) struct Hit<'f, 'e, 'k, 's> {
    pub(super) event: &'f Event<'e>,
    pub(super) fields: &'f ObservedFields,
    pub(super) field: FieldId,
    pub(super) asked: Asked<'k>,
    pub(super) found: Found<'s>,
    pub(super) value: Parts<'s>,
    /// How sure the indicator is at the time of the event.
    pub(super) confidence: Confidence,
}

impl Hit<'_, '_, '_, '_> {
    /// The finding, held back by the lists that say so.
    pub(super) fn finding(&self, lists: &Warninglists) -> Finding {
        let about = self.found.about;
        let indicator = Evidence::Indicator {
            id: std::str::from_utf8(&self.found.record.id()).unwrap_or_default().into(),
            source: Arc::clone(&about.source),
            value: listed_text(&self.value),
            stated: self.found.record.confidence(),
            left: self.confidence.value(),
        };
        let seen = Evidence::owned_field(self.fields.name(self.field), seen_text(self.asked));
        let subject = subject(self.event, self.field, self.asked);
        let mut finding =
            Finding::new(Arc::clone(&about.analytic), subject, self.event.time(), about.severity);
        finding.confidence = self.confidence;
        finding.evidence = vec![indicator, seen].into();
        if !lists.is_empty() {
            hold_back(&mut finding, self.listings(&observable(self.asked), lists));
        }
        finding
    }

    /// The lists that what was seen is on, or any of what is listed as bad.
    fn listings(&self, seen: &Observable, lists: &Warninglists) -> Vec<Listing> {
        let mut all = lists.lookup(seen);
        for part in &self.value {
            let listed = Observable::from_key(part.kind, part.key);
            if listed != *seen {
                all.extend(lists.lookup(&listed));
            }
        }
        all
    }
}

/// Holds a finding back as the lists say that have what it is about, and names them.
pub(in crate::intel) fn hold_back(finding: &mut Finding, mut listings: Vec<Listing>) {
    listings.sort_by(|one, other| other.effect.cmp(&one.effect).then_with(|| one.list.cmp(&other.list)));
    listings.dedup();
    listings.truncate(MOST_LISTINGS);
    match listings.first().map(|strongest| strongest.effect) {
        Some(Effect::Suppress) => finding.shadow = true,
        Some(Effect::Lower) => finding.confidence = Confidence::clamped(finding.confidence.value() / 2.0),
        Some(Effect::Context) | None => {}
    }
    finding.evidence.extend(
        listings.into_iter().map(|Listing { list, effect }| Evidence::Warninglist {
            list,
            effect: effect.to_string().into(),
        }),
    );
}

/// What is listed, as [`IndicatorValue`](super::super::IndicatorValue) shows it, of one value without a copy between.
fn listed_text(parts: &[Part<'_>]) -> String {
    let [part] = parts else { return value_of(parts).to_string() };
    let text = text_of(part.kind, part.key);
    match printable(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

fn seen_text(asked: Asked<'_>) -> String {
    match asked {
        Asked::Address(address) => net::display(address.to_canonical().into()),
        Asked::Name(name) => text_of(ObservableKind::Hostname, name),
        Asked::Url(url, _) => text_of(ObservableKind::Url, url),
        Asked::Other(kind, key) => text_of(kind, key),
    }
}

fn observable(asked: Asked<'_>) -> Observable {
    match asked {
        Asked::Address(address) => Observable::address(address),
        Asked::Name(name) => Observable::from_key(ObservableKind::Hostname, name),
        Asked::Url(url, _) => Observable::from_key(ObservableKind::Url, url),
        Asked::Other(kind, key) => Observable::from_key(kind, key),
    }
}
