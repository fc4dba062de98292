use super::super::source::Source;
use super::super::watch::Watch;
use super::correlations::{self, Correlated};
use super::filters;
use super::names::Names;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue};
use crate::rule::sigma::{Detection, SigmaRule, Translated, Translation, What};

/// Fields that name subjects, which the schema has from the first Sigma rule on.
const SUBJECTS: [&str; 4] = ["Computer", "ComputerName", "Hostname", "User"];

/// A document with the source it came from.
#[derive(Debug)]
pub(super) struct Read<'s> {
    pub(super) source: &'s Source,
    pub(super) translated: Translated<'s>,
}

/// All documents, and how correlations are bound to them.
#[derive(Debug)]
pub(in super::super) struct Bound<'s> {
    pub(super) documents: Vec<Read<'s>>,
    pub(super) correlated: Correlated,
}

/// What there is to read, and how.
#[derive(Debug)]
pub(in super::super) struct Given<'s> {
    pub(in super::super) sources: &'s [Source],
    pub(in super::super) pipelines: &'s [Source],
    /// How many documents may be read.
    pub(in super::super) limit: usize,
    /// Whether all must be right.
    pub(in super::super) all: bool,
    pub(in super::super) watch: &'s Watch<'s>,
}

/// Reads Sigma sources, until there are more documents than may be, and binds what refers to something else; what is
/// wrong is added to `diagnostics`.
pub(in super::super) fn read<'s>(
    given: &Given<'s>,
    translation: &mut Translation<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Bound<'s> {
    for (at, issue) in translation.check_pipelines() {
        diagnostics.extend(given.pipelines.get(at).map(|source| source.diagnostic(issue)));
    }
    let mut documents = Vec::new();
    // A pipeline that is wrong would be wrong once more for every rule.
    let sources = if diagnostics.is_empty() { given.sources } else { &[] };
    for source in sources.iter().take_while(|_| !given.watch.is_over()) {
        let translated = translation.read(&source.name, &source.text, diagnostics);
        documents.extend(translated.into_iter().map(|translated| Read { source, translated }));
        if documents.len() > given.limit {
            break;
        }
    }
    // If all must be right, only without mistakes so far: else every reference to a rule that could not be read would be
    // one more.
    let mut correlated = Correlated::default();
    if diagnostics.is_empty() || !given.all {
        let names = Names::new(&documents);
        filters::apply(&mut documents, &names, translation, diagnostics);
        correlated = correlations::bind(&documents, &names, translation, given.all, diagnostics);
    }
    if !documents.is_empty() {
        let mut added: Vec<_> = SUBJECTS.iter().map(|name| translation.schema.add_foreign(name)).collect();
        let mut detections = documents.iter().filter_map(Read::detection);
        if detections.any(|detection| is_search(&detection.condition)) {
            added.push(translation.schema.add_rest());
        }
        let refused = added.into_iter().filter_map(Result::err);
        diagnostics.extend(
            refused.map(|error| Diagnostic::new(Code::SigmaField, error.to_string(), "the Sigma rules")),
        );
    }
    Bound { documents, correlated }
}

impl Read<'_> {
    pub(super) fn detection(&self) -> Option<&Detection> {
        if let What::Detection(detection) = &self.translated.what { Some(detection) } else { None }
    }

    /// What it says about itself, if it is a rule.
    pub(super) fn rule(&self) -> Option<&SigmaRule> {
        match &self.translated.what {
            What::Detection(detection) => Some(&detection.rule),
            What::Correlation(correlation) => Some(&correlation.rule),
            What::Filter(_) => None,
        }
    }

    /// An issue in its source.
    pub(super) fn diagnostic(&self, issue: Issue) -> Diagnostic {
        let diagnostic = self.source.diagnostic(issue);
        match self.rule() {
            Some(rule) => diagnostic.about(&rule.id),
            None => diagnostic,
        }
    }
}

/// Whether it searches whole events.
pub(in super::super) fn is_search(condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(is_search),
        Condition::Not(part) => is_search(part),
        Condition::Anywhere(_) => true,
        _ => false,
    }
}
