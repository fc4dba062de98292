use std::ops::Range;
use std::sync::Arc;

use super::item::together;
use super::rule::LogSource;
use super::translate::Translation;
use super::windows;
use crate::rule::lang::condition::{Condition, Fact};
use crate::rule::lang::issue::Issue;

/// How events tell to which logs they belong, so that Sigma rules meant for others are not evaluated.
///
/// Given to [`RuleSetBuilder::route_by_logsource`](crate::rule::RuleSetBuilder::route_by_logsource). An event that does
/// not tell, or belongs to logs that nothing is said about, is evaluated by every rule: routing only leaves out what
/// contradicts. [`strict`](Self::strict) turns that around.
///
/// ```
/// use autosec_core::event::{JsonReader, Schema};
/// use autosec_core::finding::{Detector, Findings};
/// use autosec_core::rule::{LogSourceRouting, RuleSet};
/// use autosec_core::time::Timestamp;
///
/// let rule = "
/// title: Whoami
/// logsource: { product: windows, category: process_creation }
/// detection: { selection: { CommandLine|contains: whoami }, condition: selection }
/// ";
/// let routing = LogSourceRouting::windows();
/// let rules = RuleSet::builder(&Schema::ecs()).sigma("r.yml", rule).route_by_logsource(routing).build()?;
/// let reader = JsonReader::new(rules.schema(), &rules.fields());
/// let found = |json: &str| {
///     let mut findings = Findings::default();
///     rules.detect(&reader.read_at(json.as_bytes(), Timestamp::EPOCH).unwrap(), &mut findings);
///     findings.found().len()
/// };
/// assert_eq!(found(r#"{"Channel":"Security","EventID":4688,"CommandLine":"whoami"}"#), 1);
/// assert_eq!(found(r#"{"Channel":"Security","EventID":4624,"CommandLine":"whoami"}"#), 0);
/// assert_eq!(found(r#"{"CommandLine":"whoami"}"#), 1);
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LogSourceRouting {
    /// The fields that name category, product and service.
    named: Option<[String; 3]>,
    channels: Vec<Channel>,
    strict: bool,
}

/// Events of a channel of Windows, all of them if there are no ids, are of a logsource.
#[derive(Clone, Debug)]
struct Channel {
    logsource: LogSource,
    channel: String,
    ids: Vec<u32>,
}

impl LogSourceRouting {
    /// Events name category, product and service in these fields, as far as they do.
    ///
    /// A rule is not evaluated for an event that has one of the fields with another value than the rule's logsource.
    pub fn by_fields(
        category: impl Into<String>,
        product: impl Into<String>,
        service: impl Into<String>,
    ) -> Self {
        Self { named: Some([category.into(), product.into(), service.into()]), ..Self::default() }
    }

    /// Events of Windows tell by `Channel` and `EventID`: the logs that Sigma has categories and services for.
    pub fn windows() -> Self {
        let mut routing = Self::default();
        for (category, channel, ids) in windows::CATEGORIES {
            let logsource = LogSource::new(Some(category), Some("windows"), None);
            routing = routing.channel(logsource, *channel, ids.iter().copied());
        }
        for (service, channel) in windows::SERVICES {
            let logsource = LogSource::new(None, Some("windows"), Some(service));
            routing = routing.channel(logsource, *channel, []);
        }
        routing
    }

    /// Events of this `Channel`, and with one of these `EventID`s if there are any, are of the logsource too.
    #[must_use]
    pub fn channel(
        mut self,
        logsource: LogSource,
        channel: impl Into<String>,
        ids: impl IntoIterator<Item = u32>,
    ) -> Self {
        let (channel, ids) = (channel.into(), ids.into_iter().collect());
        self.channels.push(Channel { logsource, channel, ids });
        self
    }

    /// Events must tell that they are of a rule's logsource wherever it is known how they would: an event that does not
    /// is evaluated by no such rule.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}

impl Translation<'_> {
    /// What an event must satisfy so that it may belong to a logsource.
    pub(super) fn route(&mut self, logsource: &LogSource) -> Result<Condition, Issue> {
        let Some(routing) = self.routing else { return Ok(Condition::All(Vec::new())) };
        let mut parts = Vec::new();
        if let Some(names) = &routing.named {
            let wanted = [&logsource.category, &logsource.product, &logsource.service];
            for (name, wanted) in names.iter().zip(wanted) {
                let Some(wanted) = wanted else { continue };
                let is = self.is_any(name, vec![wanted.as_str().into()])?;
                let absent = Condition::Not(Box::new(self.exists(name)?));
                parts.push(if routing.strict { is } else { Condition::Any(vec![absent, is]) });
            }
        }
        if !routing.channels.is_empty() {
            parts.extend(self.other_product(routing, logsource)?);
            let category = logsource.category.as_deref();
            parts.extend(self.part(routing, logsource, |held| &held.category, category)?);
            let service = logsource.service.as_deref();
            parts.extend(self.part(routing, logsource, |held| &held.service, service)?);
        }
        Ok(together(parts, Condition::All))
    }

    /// No channel of another product than the logsource's.
    fn other_product(
        &mut self,
        routing: &LogSourceRouting,
        logsource: &LogSource,
    ) -> Result<Option<Condition>, Issue> {
        let Some(product) = &logsource.product else { return Ok(None) };
        let others = routing.channels.iter().filter(|route| {
            route.logsource.product.as_deref().is_some_and(|held| !held.eq_ignore_ascii_case(product))
        });
        let others: Vec<Box<str>> = others.map(|route| route.channel.as_str().into()).collect();
        if others.is_empty() {
            return Ok(None);
        }
        Ok(Some(Condition::Not(Box::new(self.is_any("Channel", others)?))))
    }

    /// A channel, and an id, of the logsource's category or service, or a channel that nothing is known about.
    fn part(
        &mut self,
        routing: &LogSourceRouting,
        logsource: &LogSource,
        part: fn(&LogSource) -> &Option<String>,
        wanted: Option<&str>,
    ) -> Result<Option<Condition>, Issue> {
        let is = |held: &Option<String>, wanted: &str| {
            held.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(wanted))
        };
        let product = logsource.product.as_deref();
        let mut ways = Vec::new();
        for route in &routing.channels {
            let fits = wanted.is_some_and(|wanted| is(part(&route.logsource), wanted));
            if !fits || product.is_some_and(|product| !is(&route.logsource.product, product)) {
                continue;
            }
            let channel = self.is_any("Channel", vec![route.channel.as_str().into()])?;
            let ids: Vec<Box<str>> = route.ids.iter().map(|id| id.to_string().into()).collect();
            let with_id = (!ids.is_empty()).then(|| self.is_any("EventID", ids)).transpose()?;
            ways.push(together(with_id.into_iter().chain([channel]).collect(), Condition::All));
        }
        if ways.is_empty() {
            return Ok(None);
        }
        if !routing.strict {
            let mut known: Vec<Box<str>> =
                routing.channels.iter().map(|route| route.channel.as_str().into()).collect();
            known.sort_unstable();
            known.dedup();
            ways.push(Condition::Not(Box::new(self.is_any("Channel", known)?)));
            if ways.iter().any(|way| matches!(way, Condition::All(_))) {
                ways.push(Condition::Not(Box::new(self.exists("EventID")?)));
            }
        }
        Ok(Some(together(ways, Condition::Any)))
    }

    fn is_any(&mut self, name: &str, texts: Vec<Box<str>>) -> Result<Condition, Issue> {
        let texts: Arc<[Box<str>]> = texts.into();
        let fields = self.fields(name, &NOWHERE)?.into_iter();
        let tests = fields
            .map(|field| Condition::Spelled(field, Fact::TextIn { texts: Arc::clone(&texts), fold: true }));
        Ok(together(tests.collect(), Condition::Any))
    }

    fn exists(&mut self, name: &str) -> Result<Condition, Issue> {
        let fields = self.fields(name, &NOWHERE)?.into_iter();
        Ok(together(fields.map(|field| Condition::Test(field, Fact::Exists)).collect(), Condition::Any))
    }
}

/// A routing is no text, so nothing in it has a place.
const NOWHERE: Range<usize> = 0..0;
