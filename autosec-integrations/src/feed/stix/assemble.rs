//! Brings together what stands in different objects: an indicator, its markings, what it indicates, who saw it.

use std::collections::HashMap;
use std::sync::Arc;

use autosec_core::intel::pattern::PatternIndicator;
use autosec_core::intel::{Indicator, Sighting, Tlp};

use super::limits::StixLimits;
use super::marking::strictest;
use super::object::StixObject;
use super::read::StixSink;
use super::report::Report;
use super::translate::{Said, time, translate};

/// What an indicator may indicate, and what else has a name that says something of it.
const NAMED: [&str; 7] =
    ["attack-pattern", "campaign", "infrastructure", "intrusion-set", "malware", "threat-actor", "tool"];
/// The most markings, and the most targets, of one indicator.
const MOST_OF_ONE: usize = 64;

pub(super) struct Assembly<'a> {
    source: &'a Arc<str>,
    limits: &'a StixLimits,
    sink: &'a mut dyn StixSink,
    pub(super) report: Report,
    /// Indicators in the order in which they came, each once.
    held: Vec<Held>,
    places: HashMap<Arc<str>, usize>,
    sightings: Vec<Sighting>,
    /// By the id of an indicator, the ids of what it indicates.
    targets: HashMap<Box<str>, Vec<Box<str>>>,
    names: HashMap<Box<str>, Named>,
    markings: HashMap<Box<str>, Tlp>,
}

struct Held {
    what: Kept,
    markings: Vec<Box<str>>,
}

enum Kept {
    Plain(Indicator),
    Pattern(PatternIndicator),
}

/// Something that an indicator may indicate.
struct Named {
    tag: Arc<str>,
    techniques: Vec<Arc<str>>,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(source: &'a Arc<str>, limits: &'a StixLimits, sink: &'a mut dyn StixSink) -> Self {
        Self {
            source,
            limits,
            sink,
            report: Report::default(),
            held: Vec::new(),
            places: HashMap::new(),
            sightings: Vec::new(),
            targets: HashMap::new(),
            names: HashMap::new(),
            markings: HashMap::new(),
        }
    }

    /// Whether objects of this type are taken at all; one without a type is, to be refused.
    pub(super) fn wants(kind: &str) -> bool {
        matches!(kind, "" | "indicator" | "sighting" | "relationship" | "marking-definition")
            || NAMED.contains(&kind)
    }

    /// Takes one object.
    pub(super) fn take(&mut self, object: &StixObject<'_>) -> Result<(), String> {
        match &*object.kind {
            "indicator" => self.indicator(object),
            "sighting" => self.sighting(object),
            "relationship" => {
                self.relationship(object);
                Ok(())
            }
            "marking-definition" => {
                self.marking(object);
                Ok(())
            }
            "" => Err("it has no type".to_owned()),
            kind => {
                self.report.others += 1;
                self.name(kind, object);
                Ok(())
            }
        }
    }

    /// Hands everything on that is held.
    pub(super) fn finish(mut self) -> Report {
        self.flush();
        self.report
    }

    fn indicator(&mut self, object: &StixObject<'_>) -> Result<(), String> {
        if object.id.is_empty() {
            return Err("it has no id".to_owned());
        }
        let what = match translate(object, self.source)? {
            Said::Plain(indicator) => Kept::Plain(indicator),
            Said::Pattern(pattern) => Kept::Pattern(pattern),
            Said::Opaque(language) => {
                self.report.count_opaque(&language);
                return Ok(());
            }
        };
        let markings =
            object.object_marking_refs.iter().take(MOST_OF_ONE).map(|id| id.as_str().into()).collect();
        self.hold(Held { what, markings });
        Ok(())
    }

    fn hold(&mut self, held: Held) {
        let id = Arc::clone(&held.about().id);
        if let Some(older) = self.places.get(&id).and_then(|place| self.held.get_mut(*place)) {
            self.report.outdated += 1;
            if held.about().modified >= older.about().modified {
                *older = held;
            }
            return;
        }
        if self.held.len() >= self.limits.held {
            self.report.without_context += self.held.len() as u64;
            self.flush();
        }
        self.places.insert(id, self.held.len());
        self.held.push(held);
    }

    fn sighting(&mut self, object: &StixObject<'_>) -> Result<(), String> {
        let about = object.sighting_of_ref.as_deref().ok_or("it does not say what was seen")?;
        // A count of 0 says that somebody looked and did not see it.
        if object.revoked || object.count == Some(0) || !about.starts_with("indicator--") {
            self.report.others += 1;
            return Ok(());
        }
        let at = object.last_seen.as_deref().or(object.modified.as_deref()).or(object.created.as_deref());
        let at = time(at)?.ok_or("it does not say when")?;
        if self.sightings.len() >= self.limits.context {
            self.flush();
        }
        self.sightings.push(Sighting::new(Arc::clone(self.source), about, at));
        Ok(())
    }

    fn relationship(&mut self, object: &StixObject<'_>) {
        let ends = object.source_ref.as_deref().zip(object.target_ref.as_deref());
        let is_indicates = object.relationship_type.as_deref() == Some("indicates") && !object.revoked;
        let Some((from, to)) = ends.filter(|(from, _)| is_indicates && from.starts_with("indicator--"))
        else {
            self.report.others += 1;
            return;
        };
        let is_known = self.targets.contains_key(from);
        if !is_known && self.targets.len() >= self.limits.context {
            self.report.forgotten += 1;
            return;
        }
        let targets = self.targets.entry(from.into()).or_default();
        if targets.len() < MOST_OF_ONE {
            targets.push(to.into());
            self.report.relationships += 1;
        } else {
            self.report.forgotten += 1;
        }
    }

    fn marking(&mut self, object: &StixObject<'_>) {
        self.report.others += 1;
        let Some(tlp) = object.defined_tlp() else { return };
        if self.markings.len() < self.limits.context {
            self.markings.insert((&*object.id).into(), tlp);
        } else {
            self.report.forgotten += 1;
        }
    }

    /// Remembers what may be indicated: malware, actors, techniques.
    fn name(&mut self, kind: &str, object: &StixObject<'_>) {
        let Some(name) = object.name.as_deref().filter(|_| !object.revoked) else { return };
        if self.names.len() >= self.limits.context {
            self.report.forgotten += 1;
            return;
        }
        let name = name.get(..name.floor_char_boundary(Indicator::LONGEST_ID)).unwrap_or_default();
        let techniques = object.techniques().map(Arc::from).collect();
        self.names.insert((&*object.id).into(), Named { tag: format!("{kind}:{name}").into(), techniques });
    }

    fn flush(&mut self) {
        self.places.clear();
        for mut held in std::mem::take(&mut self.held) {
            self.complete(&mut held);
            match held.what {
                Kept::Plain(indicator) => {
                    self.report.plain += 1;
                    self.sink.indicator(indicator);
                }
                Kept::Pattern(pattern) => {
                    self.report.patterns += 1;
                    self.sink.pattern(pattern);
                }
            }
        }
        for sighting in self.sightings.drain(..) {
            self.report.sightings += 1;
            self.sink.sighting(sighting);
        }
    }

    /// Adds what other objects say of it.
    fn complete(&self, held: &mut Held) {
        let marked = strictest(held.markings.iter().map(|id| &**id), &self.markings);
        let about = match &mut held.what {
            Kept::Plain(indicator) => indicator,
            Kept::Pattern(pattern) => &mut pattern.about,
        };
        about.tlp = about.tlp.max(marked);
        let targets = self.targets.get(&*about.id).into_iter().flatten();
        let indicated: Vec<&Named> = targets.filter_map(|target| self.names.get(target)).collect();
        if !indicated.is_empty() {
            let tags = indicated.iter().map(|named| &named.tag);
            about.tags = distinct(about.tags.iter().chain(tags));
            let techniques = indicated.iter().flat_map(|named| &named.techniques);
            about.techniques = distinct(about.techniques.iter().chain(techniques));
        }
    }
}

impl Held {
    fn about(&self) -> &Indicator {
        match &self.what {
            Kept::Plain(indicator) => indicator,
            Kept::Pattern(pattern) => &pattern.about,
        }
    }
}

/// Each once, in order.
fn distinct<'n>(names: impl Iterator<Item = &'n Arc<str>>) -> Arc<[Arc<str>]> {
    let mut kept: Vec<Arc<str>> = Vec::new();
    for name in names {
        if !kept.contains(name) {
            kept.push(Arc::clone(name));
        }
    }
    kept.into()
}
