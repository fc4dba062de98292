use serde::{Deserialize, Serialize};

use super::node::{Node, Tree};
use crate::measure::{Confidence, Severity};
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;

/// The longest id, in bytes.
const ID_LIMIT: usize = 64;

/// What a Sigma rule says about itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SigmaRule {
    /// Whether it looks at events or at what other rules find.
    pub kind: SigmaKind,
    /// Its id, mostly a UUID; of a rule without one its title in kebab case, at most 64 bytes.
    pub id: String,
    /// The name that correlations and filters may call it by.
    pub name: Option<String>,
    /// Its title.
    pub title: String,
    /// How far it has come.
    pub status: SigmaStatus,
    /// What it finds, for people.
    pub description: String,
    /// Who wrote it.
    pub author: String,
    /// The logs it is meant for; nothing in a correlation. It is held against events only
    /// [if asked](crate::rule::RuleSetBuilder::route_by_logsource).
    pub logsource: LogSource,
    /// Fields worth showing to an analyst.
    pub fields: Vec<String>,
    /// Harmless things it may find.
    pub falsepositives: Vec<String>,
    /// How bad it is if true: the level, medium where a rule has none.
    pub severity: Severity,
    /// Tags, ATT&CK techniques among them (`attack.t1110`).
    pub tags: Vec<String>,
}

/// What a Sigma rule looks at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SigmaKind {
    /// Events.
    Detection,
    /// What other rules find.
    Correlation,
}

/// The logs a rule is meant for.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LogSource {
    /// A kind of log of several products, such as `process_creation`.
    pub category: Option<String>,
    /// A product, such as `windows`.
    pub product: Option<String>,
    /// A part of a product, such as `sshd`.
    pub service: Option<String>,
}

/// How far a rule has come, which says how sure it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SigmaStatus {
    /// It proved itself for a long time: confidence 0.8.
    Stable,
    /// It needs some tuning at most: confidence 0.6. Also of rules without a status.
    Test,
    /// It may find much that is harmless: confidence 0.4.
    Experimental,
    /// Another rule took its place: it is checked but never evaluated.
    Deprecated,
    /// It cannot be used as it is: it is checked but never evaluated.
    Unsupported,
}

const STATUSES: [(&str, SigmaStatus); 5] = [
    ("stable", SigmaStatus::Stable),
    ("test", SigmaStatus::Test),
    ("experimental", SigmaStatus::Experimental),
    ("deprecated", SigmaStatus::Deprecated),
    ("unsupported", SigmaStatus::Unsupported),
];

const LEVELS: [(&str, Severity); 5] = [
    ("informational", Severity::Informational),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

impl LogSource {
    /// The logs of a category, a product and a service, each of which may be left open.
    pub fn new(category: Option<&str>, product: Option<&str>, service: Option<&str>) -> Self {
        let part = |part: Option<&str>| part.map(str::to_owned);
        Self { category: part(category), product: part(product), service: part(service) }
    }

    /// Whether every part that it names is the other's too.
    pub(crate) fn contains(&self, other: &LogSource) -> bool {
        let is = |wanted: &Option<String>, held: &Option<String>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| held.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(wanted)))
        };
        is(&self.category, &other.category)
            && is(&self.product, &other.product)
            && is(&self.service, &other.service)
    }
}

impl SigmaStatus {
    /// How sure a rule of this status is.
    pub fn confidence(self) -> Confidence {
        Confidence::clamped(match self {
            SigmaStatus::Stable => 0.8,
            SigmaStatus::Test => 0.6,
            SigmaStatus::Experimental => 0.4,
            SigmaStatus::Deprecated | SigmaStatus::Unsupported => 0.0,
        })
    }

    /// Whether rules of this status are evaluated.
    pub fn is_active(self) -> bool {
        !matches!(self, SigmaStatus::Deprecated | SigmaStatus::Unsupported)
    }
}

/// Reads what rules of a kind say about themselves; what is wrong is added to `issues`.
pub(super) fn read(document: &Node<'_>, kind: SigmaKind, issues: &mut Vec<Issue>) -> Option<SigmaRule> {
    let mut reading = Reading { document, issues };
    let title = reading.required("title", HELP).map(|node| reading.text(node)).unwrap_or_default();
    let logsource = match kind {
        SigmaKind::Detection => reading.required("logsource", HELP).map(|node| reading.logsource(node)),
        SigmaKind::Correlation => None,
    };
    let rule = SigmaRule {
        kind,
        id: reading.id(&title),
        name: reading.texts("name").pop(),
        status: reading.word("status", &STATUSES).unwrap_or(SigmaStatus::Test),
        description: reading.texts("description").join("\n"),
        author: reading.texts("author").join(", "),
        logsource: logsource.unwrap_or_default(),
        fields: reading.texts("fields"),
        falsepositives: reading.texts("falsepositives"),
        severity: reading.word("level", &LEVELS).unwrap_or(Severity::Medium),
        tags: reading.texts("tags"),
        title,
    };
    issues.is_empty().then_some(rule)
}

const HELP: &str = "a Sigma rule has the keys title, logsource and detection, or title and correlation";

/// Reads the values of a document's keys; what is wrong is added to `issues`.
pub(super) struct Reading<'n, 'a> {
    pub(super) document: &'n Node<'a>,
    pub(super) issues: &'n mut Vec<Issue>,
}

impl<'n, 'a> Reading<'n, 'a> {
    pub(super) fn required(&mut self, key: &str, help: &str) -> Option<&'n Node<'a>> {
        let node = self.document.at(key);
        if node.is_none() {
            let title = format!("missing key `{key}`");
            let issue = Issue::new(Code::MissingKey, title, self.document.span.clone(), "it belongs here");
            self.issues.push(issue.help(help));
        }
        node
    }

    pub(super) fn text(&mut self, node: &Node<'_>) -> String {
        match &node.tree {
            Tree::Scalar(scalar) if scalar.is_null() => String::new(),
            Tree::Scalar(scalar) => scalar.text.to_string(),
            _ => {
                let title = format!("expected text, found {}", node.what());
                let label = "this has another type";
                self.issues.push(Issue::new(Code::WrongType, title, node.span.clone(), label));
                String::new()
            }
        }
    }

    /// The text or the texts of a key that need not be there.
    fn texts(&mut self, key: &str) -> Vec<String> {
        let Some(node) = self.document.at(key) else { return Vec::new() };
        let texts: Vec<_> = node.each().iter().map(|node| self.text(node)).collect();
        texts.into_iter().filter(|text| !text.is_empty()).collect()
    }

    pub(super) fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let node = self.document.at(key).filter(|node| !node.scalar().is_some_and(|text| text.is_null()))?;
        let text = self.text(node);
        let found = words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, value)| *value);
        if found.is_none() && !text.is_empty() {
            let names = words.iter().map(|(word, _)| *word);
            let title = format!("unknown {key} {}", quoted(&text));
            let known = format!("possible here: {}", names.clone().collect::<Vec<_>>().join(", "));
            let issue = Issue::new(Code::UnknownWord, title, node.span.clone(), "");
            self.issues.push(issue.help(known).help_if(did_you_mean(&text, names)));
        }
        found
    }

    pub(super) fn logsource(&mut self, node: &Node<'_>) -> LogSource {
        if node.map().is_none() {
            let title = format!("a logsource has category, product or service, not {}", node.what());
            let label = "this has another type";
            self.issues.push(Issue::new(Code::WrongType, title, node.span.clone(), label));
        }
        let mut part = |key| node.at(key).map(|node| self.text(node)).filter(|text| !text.is_empty());
        LogSource { category: part("category"), product: part("product"), service: part("service") }
    }

    fn id(&mut self, title: &str) -> String {
        let Some(node) = self.document.at("id") else { return kebab(title) };
        let id = self.text(node);
        if id.is_empty() || id.len() > ID_LIMIT || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let title = format!("{} cannot be the id of a rule", quoted(&id));
            let issue = Issue::new(Code::BadId, title, node.span.clone(), "");
            self.issues.push(
                issue.help("a Sigma id is a UUID, or other text of at most 64 characters without spaces"),
            );
        }
        id
    }
}

/// A title as an id: letters and digits in parts joined by `-`.
fn kebab(title: &str) -> String {
    let lower = title.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let mut id = parts.collect::<Vec<_>>().join("-");
    id.truncate(ID_LIMIT);
    let id = id.trim_end_matches('-');
    if id.is_empty() { "sigma-rule".to_owned() } else { id.to_owned() }
}
