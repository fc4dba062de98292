//! An event's attributes as indicators.

use std::sync::Arc;

use autosec_core::intel::{Indicator, Sighting, SightingKind};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::time::Timestamp;

use super::document::{Attribute, Node, Seen};
use super::kind;
use super::lenient::Scalar;
use super::read::MispSink;
use super::report::{EventReport, Reject};
use super::settings::MispSettings;
use super::tag::Tags;

/// The most sightings of one attribute that are handed on, the last ones.
const MOST_SIGHTINGS: usize = 1_000;

pub(super) struct Pass<'a> {
    pub(super) settings: &'a MispSettings,
    pub(super) sink: &'a mut dyn MispSink,
    pub(super) report: EventReport,
}

/// What an attribute has from its event.
struct Around {
    tags: Tags,
    severity: Severity,
    place: String,
}

impl Pass<'_> {
    pub(super) fn event(&mut self, event: &Node) {
        let place = format!("Event[{}]", self.report.events);
        self.report.events += 1;
        let tags = Tags::read(&event.tags, &event.galaxies);
        let severity = match event.threat_level_id.number() {
            Some(1) => Severity::High,
            Some(3) => Severity::Low,
            _ => Severity::Medium,
        };
        let mut around = Around { tags, severity, place };
        if let Some(attributes) = &event.attributes {
            self.strange(attributes.strange, &around);
            for (index, attribute) in &attributes.items {
                self.attribute(attribute, *index, false, &around);
            }
        }
        let outer = std::mem::take(&mut around.place);
        for (at, object) in event.objects.iter().flat_map(|objects| &objects.items) {
            around.place = format!("{outer}.Object[{at}]");
            self.strange(object.attributes.strange, &around);
            for (index, attribute) in &object.attributes.items {
                self.attribute(attribute, *index, object.deleted.is_true(), &around);
            }
        }
    }

    /// Counts what stands among attributes and is none.
    fn strange(&mut self, count: u64, around: &Around) {
        for _ in 0..count {
            self.report.attributes += 1;
            let place = || format!("{}.Attribute", around.place);
            let why = || "it is no object".to_owned();
            self.report.reject(self.settings.limits.rejects, || Reject {
                place: place(),
                uuid: None,
                why: why(),
            });
        }
    }

    fn attribute(&mut self, attribute: &Attribute, index: usize, deleted: bool, around: &Around) {
        self.report.attributes += 1;
        if !attribute.to_ids.is_true() && !self.settings.context_too {
            self.report.context += 1;
            return;
        }
        match self.indicator(attribute, deleted, around) {
            Ok(Some(indicator)) => {
                self.report.indicators += 1;
                self.report.deleted += u64::from(indicator.revoked);
                let id = Arc::clone(&indicator.id);
                self.sink.indicator(indicator);
                self.sightings(&attribute.sightings.items, &id);
            }
            Ok(None) => self.report.count_unread(attribute.kind.text().unwrap_or_default()),
            Err(why) => {
                let place = || format!("{}.Attribute[{index}]", around.place);
                let uuid = || attribute.uuid.text().map(|uuid| uuid.chars().take(64).collect());
                let limit = self.settings.limits.rejects;
                self.report.reject(limit, || Reject { place: place(), uuid: uuid(), why });
            }
        }
    }

    fn indicator(
        &self,
        attribute: &Attribute,
        deleted: bool,
        around: &Around,
    ) -> Result<Option<Indicator>, String> {
        let kind = attribute.kind.text().ok_or("it has no type")?;
        let text = attribute.value.text().ok_or("it has no value")?;
        let Some(value) = kind::value(kind, text) else { return Ok(None) };
        let mut indicator = Indicator::new(Arc::clone(&self.settings.source), value?);
        if let Some(uuid) = attribute.uuid.text() {
            if uuid.len() > Indicator::LONGEST_ID {
                return Err(format!("its uuid is longer than {} bytes", Indicator::LONGEST_ID));
            }
            indicator = indicator.with_id(uuid);
        }
        let own = Tags::read(&attribute.tags, &attribute.galaxies);
        let score = self.settings.score.score(words(&own.names), words(&around.tags.names));
        indicator.confidence = Confidence::clamped(score / 100.0);
        indicator.severity = around.severity;
        indicator.decay = self.settings.decay;
        indicator.revoked = deleted || attribute.deleted.is_true();
        indicator.modified = time(&attribute.timestamp);
        indicator.last_seen = time(&attribute.last_seen);
        indicator.tlp = around.tags.tlp.max(own.tlp);
        indicator.tags = distinct(&around.tags.names, &own.names);
        indicator.techniques = distinct(&around.tags.techniques, &own.techniques);
        Ok(Some(indicator))
    }

    fn sightings(&mut self, seen: &[(usize, Seen)], id: &Arc<str>) {
        for (_, seen) in seen.iter().rev().take(MOST_SIGHTINGS).rev() {
            let kind = match seen.kind.number() {
                None | Some(0) => SightingKind::Positive,
                Some(1) => SightingKind::FalsePositive,
                Some(2) => SightingKind::Expiration,
                Some(_) => continue,
            };
            let Some(at) = time(&seen.date_sighting) else { continue };
            self.report.sightings += 1;
            let source = Arc::clone(&self.settings.source);
            self.sink.sighting(Sighting::new(source, Arc::clone(id), at).of_kind(kind));
        }
    }
}

/// Seconds since 1970, or RFC 3339; 0 says nothing.
pub(super) fn time(said: &Scalar) -> Option<Timestamp> {
    match said.number() {
        Some(0) => None,
        Some(seconds) => Some(Timestamp::from_secs(seconds)),
        None => Timestamp::parse(said.text()?).ok(),
    }
}

fn words(names: &[Arc<str>]) -> impl Iterator<Item = &str> {
    names.iter().map(|name| &**name)
}

/// Each once: those of the event, then its own.
fn distinct(event: &[Arc<str>], own: &[Arc<str>]) -> Arc<[Arc<str>]> {
    let added = own.iter().filter(|name| !event.contains(name));
    event.iter().chain(added).cloned().collect()
}
