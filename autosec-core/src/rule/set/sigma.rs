use std::collections::HashMap;
use std::sync::Arc;

use super::build::{Assembled, Origin, RULE_LIMIT, Source, fields};
use crate::event::{FieldId, Schema};
use crate::finding::{Analytic, AnalyticKind};
use crate::rule::image::Stored;
use crate::rule::image::kept::Kept;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::plan::predicate::Predicate;
use crate::rule::run::compiled::Compiled;
use crate::rule::run::subject::Subject;
use crate::rule::sigma::{SigmaRule, Translated, Translation};

/// Fields that name subjects, which the schema has from the first Sigma rule on.
const SUBJECTS: [&str; 4] = ["Computer", "ComputerName", "Hostname", "User"];

/// A rule with the source it came from.
pub(super) struct Read<'s> {
    source: &'s Source,
    translated: Translated,
}

/// Reads every Sigma source, and puts the rules of images behind theirs; what is wrong is added to `diagnostics`.
pub(super) fn read<'s>(
    sources: &'s [Source],
    stored: Vec<Read<'s>>,
    translation: &mut Translation<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Read<'s>> {
    let mut rules = Vec::new();
    for source in sources {
        let translated = translation.read(&source.name, &source.text, diagnostics);
        rules.extend(translated.into_iter().map(|translated| Read { source, translated }));
    }
    rules.extend(stored);
    if !rules.is_empty() {
        let mut added: Vec<_> = SUBJECTS.iter().map(|name| translation.schema.add_foreign(name)).collect();
        if rules.iter().any(|rule| is_search(&rule.translated.condition)) {
            added.push(translation.schema.add_rest());
        }
        let refused = added.into_iter().filter_map(Result::err);
        diagnostics.extend(
            refused.map(|error| Diagnostic::new(Code::SigmaField, error.to_string(), "the Sigma rules")),
        );
    }
    rules
}

/// The rules of images, as if they had just been read.
pub(super) fn stored(images: &[Source], rules: Vec<Vec<Stored<SigmaRule>>>) -> Vec<Read<'_>> {
    let placed = images.iter().zip(rules);
    let placed = placed.flat_map(|(source, rules)| rules.into_iter().map(move |rule| (source, rule)));
    let read = |(source, Stored { rule, condition })| {
        let translated = Translated { rule, condition: condition?, place: 0..0 };
        Some(Read { source, translated })
    };
    placed.filter_map(read).collect()
}

/// Compiles every rule that is not off into `compiled`; gives all of them as they were written, and keeps the condition
/// of each.
pub(super) fn compile(
    rules: Vec<Read<'_>>,
    origins: &[Origin<'_>],
    schema: &Schema,
    compiled: &mut Vec<Assembled>,
    kept: &mut Vec<Kept>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<SigmaRule> {
    let mut ids: HashMap<String, &str> = HashMap::new();
    ids.extend(origins.iter().map(|origin| (origin.rule.id.clone(), origin.name())));
    if let Some(first) = rules.get(RULE_LIMIT.saturating_sub(origins.len())) {
        let title = format!("there are {} rules, and the limit is {RULE_LIMIT}", origins.len() + rules.len());
        diagnostics.push(Diagnostic::new(Code::ManyRules, title, &first.source.name));
        return Vec::new();
    }
    let everything: Arc<[_]> = schema.fields().map(|(field, name, _)| (field, Box::from(name))).collect();
    let mut written = Vec::with_capacity(rules.len());
    for Read { source, translated } in rules {
        if let Some(first) = ids.insert(translated.rule.id.clone(), &source.name) {
            diagnostics.push(duplicate(&translated, source, first));
        }
        kept.push(Kept::new(&translated.condition));
        if translated.rule.status.is_active() {
            match assemble(&translated.rule, translated.condition, schema, &everything) {
                Ok(rule) => compiled.push(rule),
                Err(error) => {
                    let issue = Issue::new(Code::LargeSet, error.to_string(), translated.place, "");
                    diagnostics.push(Diagnostic::placed(issue, &source.name, &source.text));
                }
            }
        }
        written.push(translated.rule);
    }
    written
}

fn duplicate(second: &Translated, source: &Source, first: &str) -> Diagnostic {
    let id = &second.rule.id;
    let title = format!("the id {} is taken", quoted(id));
    let issue = Issue::new(Code::DuplicateId, title, second.place.clone(), "the second is here")
        .help(format!("the first is in {first}; ids are unique within a rule set"));
    Diagnostic::placed(issue, &source.name, &source.text).about(id)
}

fn assemble(
    rule: &SigmaRule,
    condition: Condition,
    schema: &Schema,
    everything: &Arc<[(FieldId, Box<str>)]>,
) -> Result<Assembled, aho_corasick::BuildError> {
    let reads = if is_search(&condition) {
        Arc::clone(everything)
    } else {
        let mut reads = Vec::new();
        fields(&condition, &mut reads);
        reads.into_iter().map(|field| (field, Box::from(schema.name(field)))).collect()
    };
    let predicate = Predicate::new(condition)?;
    let rule = Compiled {
        analytic: Arc::new(Analytic {
            kind: AnalyticKind::Rule,
            id: rule.id.as_str().into(),
            name: rule.title.as_str().into(),
            tags: rule.tags.iter().map(|tag| Arc::from(tag.as_str())).collect(),
        }),
        severity: rule.severity,
        confidence: rule.status.confidence(),
        response: None,
        shadow: false,
        reads,
        subject: Subject::of_sigma(schema),
        windows: None,
        tally: Default::default(),
    };
    // No gate has a use for its condition.
    Ok(Assembled { conditions: vec![(Condition::All(Vec::new()), predicate)], rule })
}

/// Whether it searches whole events.
fn is_search(condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(is_search),
        Condition::Not(part) => is_search(part),
        Condition::Anywhere(_) => true,
        _ => false,
    }
}
