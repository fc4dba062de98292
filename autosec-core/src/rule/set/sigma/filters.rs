use super::names::Names;
use super::read::Read;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue};
use crate::rule::sigma::{Filter, Translation, View, What};

/// Joins the condition of every filter to those of the rules it is for; what is wrong is added to `diagnostics`.
///
/// A rule of another logsource than the filter's is passed over, also one that the filter names.
pub(super) fn apply(
    documents: &mut [Read<'_>],
    names: &Names,
    translation: &mut Translation<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut joined: Vec<(usize, Condition)> = Vec::new();
    for document in &*documents {
        let What::Filter(filter) = &document.translated.what else { continue };
        let (targets, issues) = targets(filter, documents, names);
        let mut issues: Vec<Issue> = issues;
        for (at, view) in targets {
            match translation.filter(filter, &document.source.text, view) {
                Ok(condition) => joined.push((at, condition)),
                Err(found) => issues.extend(found),
            }
        }
        issues.dedup();
        diagnostics.extend(issues.into_iter().map(|issue| document.diagnostic(issue)));
    }
    for (at, condition) in joined {
        if let Some(What::Detection(detection)) =
            documents.get_mut(at).map(|document| &mut document.translated.what)
        {
            let own = std::mem::replace(&mut detection.condition, Condition::All(Vec::new()));
            detection.condition = Condition::All(vec![own, condition]);
        }
    }
}

/// The rules that a filter is for, and what is wrong with the list of them.
fn targets<'d>(
    filter: &Filter<'_>,
    documents: &'d [Read<'_>],
    names: &Names,
) -> (Vec<(usize, &'d View)>, Vec<Issue>) {
    let mut issues = Vec::new();
    let meant: Vec<usize> = match &filter.rules {
        None => (0..documents.len()).collect(),
        Some(rules) => {
            let found = rules.iter().map(|rule| {
                let at = names.find(rule)?;
                if documents.get(at).and_then(Read::detection).is_some() {
                    return Ok(at);
                }
                let title = "a filter is for detections";
                Err(Issue::new(Code::UnknownRule, title, rule.span.clone(), "this is a correlation")
                    .help("name the rules that the correlation refers to"))
            });
            found.filter_map(|found| found.map_err(|issue| issues.push(issue)).ok()).collect()
        }
    };
    let fitting = meant.into_iter().filter_map(|at| {
        let detection = documents.get(at)?.detection()?;
        filter.logsource.contains(&detection.rule.logsource).then_some((at, &detection.view))
    });
    (fitting.collect(), issues)
}
