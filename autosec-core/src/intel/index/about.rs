use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::super::{Decay, Indicator, Tlp};
use crate::finding::{Analytic, AnalyticKind};
use crate::measure::Severity;

/// What many indicators share: all that a source says of a batch of values.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) source: Arc<str>,
    pub(crate) severity: Severity,
    pub(crate) tlp: Option<Tlp>,
    pub(crate) tags: Arc<[Arc<str>]>,
    pub(crate) techniques: Arc<[Arc<str>]>,
    pub(crate) decay: Decay,
    /// What a finding says found it: made once here, so that a finding costs no copy of names and tags.
    pub(crate) analytic: Arc<Analytic>,
}

/// Equal ones are kept once.
#[derive(Debug, Default)]
pub(super) struct Abouts {
    all: Vec<About>,
    numbers: HashMap<About, u32>,
    /// The last one asked for: feeds say the same of many values in a row.
    last: u32,
    bytes: usize,
}

impl About {
    fn of(indicator: &Indicator) -> Self {
        let techniques =
            indicator.techniques.iter().map(|id| Arc::from(format!("attack.{}", id.to_ascii_lowercase())));
        let tags = indicator.tags.iter().cloned().chain(techniques);
        let name = format!("Indicator of {}", indicator.source);
        let analytic = Analytic::new(AnalyticKind::Indicator, Arc::clone(&indicator.source), name);
        Self {
            source: Arc::clone(&indicator.source),
            severity: indicator.severity,
            tlp: indicator.tlp,
            tags: Arc::clone(&indicator.tags),
            techniques: Arc::clone(&indicator.techniques),
            decay: indicator.decay,
            analytic: Arc::new(analytic.with_tags(tags)),
        }
    }

    fn is_of(&self, indicator: &Indicator) -> bool {
        self.severity == indicator.severity
            && self.tlp == indicator.tlp
            && self.decay == indicator.decay
            && self.source == indicator.source
            && self.tags == indicator.tags
            && self.techniques == indicator.techniques
    }

    /// About how many bytes of memory it takes, texts that it shares with others included.
    fn bytes(&self) -> usize {
        let texts =
            self.tags.iter().chain(&*self.techniques).map(|text| 2 * (text.len() + 32)).sum::<usize>();
        2 * size_of::<About>() + size_of::<Analytic>() + 3 * self.source.len() + texts + 64
    }
}

impl Abouts {
    /// The number of what is said of this indicator.
    pub(super) fn number(&mut self, indicator: &Indicator) -> u32 {
        if !self.all.get(self.last as usize).is_some_and(|last| last.is_of(indicator)) {
            self.last = self.intern(About::of(indicator));
        }
        self.last
    }

    /// The number of this one.
    pub(super) fn intern(&mut self, about: About) -> u32 {
        if let Some(number) = self.numbers.get(&about) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.bytes += about.bytes();
        self.all.push(about.clone());
        self.numbers.insert(about, number);
        number
    }

    pub(super) fn source(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", |about| &about.source)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn finish(self) -> Box<[About]> {
        self.all.into()
    }
}

impl PartialEq for About {
    fn eq(&self, other: &Self) -> bool {
        self.severity == other.severity
            && self.tlp == other.tlp
            && self.decay == other.decay
            && self.source == other.source
            && self.tags == other.tags
            && self.techniques == other.techniques
    }
}

/// What is no number is refused before it comes here.
impl Eq for About {}

impl Hash for About {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.source, self.severity, self.tlp, &self.tags, &self.techniques).hash(state);
    }
}
