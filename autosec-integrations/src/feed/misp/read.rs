use std::io::Read;

use autosec_core::intel::{Indicator, Sighting};

use super::MispError;
use super::document::Node;
use super::event::Pass;
use super::input::{parsed, whole};
use super::lenient::{Entries, Maybe};
use super::report::EventReport;
use super::settings::MispSettings;

/// Reads events.
///
/// ```
/// use autosec_core::intel::{Indicator, Sighting};
/// use autosec_integrations::feed::misp::{MispReader, MispSettings, MispSink};
///
/// #[derive(Default)]
/// struct Found(Vec<Indicator>);
///
/// impl MispSink for Found {
///     fn indicator(&mut self, indicator: Indicator) {
///         self.0.push(indicator);
///     }
///     fn sighting(&mut self, _: Sighting) {}
/// }
///
/// let event = r#"{"Event": {"info": "Phishing", "threat_level_id": "1", "Tag": [{"name": "tlp:green"}], "Attribute": [
///     {"uuid": "5a4e4fff-407c-40ff-9de5-43dc950d210f", "type": "ip-dst|port", "value": "198.51.100.7|443", "to_ids": true},
///     {"type": "url", "value": "107.183.86", "to_ids": true},
///     {"type": "yara", "value": "rule a {}", "to_ids": true},
///     {"type": "link", "value": "https://example.org/report", "to_ids": false}]}}"#;
/// let mut found = Found::default();
/// let report = MispReader::new(MispSettings::new("circl")).read(event.as_bytes(), &mut found)?;
/// assert_eq!(found.0[0].values[0].to_string(), "198.51.100.7 and 443");
/// assert_eq!((report.indicators, report.unread["yara"], report.context), (1, 1, 1));
/// assert!(report.rejects[0].to_string().starts_with("Event[0].Attribute[1]: `107.183.86` is no url"));
/// # Ok::<(), autosec_integrations::feed::misp::MispError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MispReader {
    settings: MispSettings,
}

/// Takes what events hold.
pub trait MispSink {
    /// A value for an index.
    fn indicator(&mut self, indicator: Indicator);

    /// Somebody saw an indicator. It comes after the indicator.
    fn sighting(&mut self, sighting: Sighting);
}

impl MispReader {
    /// Reads as the settings say.
    pub fn new(settings: MispSettings) -> Self {
        Self { settings }
    }

    /// Reads a document: an event as `{"Event": {…}}` or bare, several as `{"response": […]}` or a list, attributes or objects
    /// alone. It is read as a whole before anything is handed on.
    ///
    /// What was deleted comes as an indicator that is revoked, so that an index forgets it. What an event lost without a
    /// word is in nothing that is read: replace the source's indicators as a whole now and then.
    ///
    /// # Errors
    /// The document is no whole JSON, longer or larger than the limits, or holds neither events nor attributes.
    pub fn read(&self, input: impl Read, sink: &mut dyn MispSink) -> Result<EventReport, MispError> {
        let limits = self.settings.limits;
        let bytes = whole(input, limits.bytes)?;
        let nodes: Entries<Node> = parsed(&bytes, limits.parts)?;
        let mut pass = Pass { settings: &self.settings, sink, report: EventReport::default() };
        nodes.items.iter().for_each(|(_, node)| walk(node, &mut pass));
        if pass.report.events == 0 {
            return Err(MispError::Other("event, attribute or object"));
        }
        Ok(pass.report)
    }
}

fn walk(node: &Node, pass: &mut Pass<'_>) {
    if let Some(Maybe(Some(event))) = node.event.as_deref() {
        walk(event, pass);
    }
    for (_, inner) in node.response.iter().flat_map(|response| &response.items) {
        walk(inner, pass);
    }
    if node.is_event() {
        pass.event(node);
    }
}
