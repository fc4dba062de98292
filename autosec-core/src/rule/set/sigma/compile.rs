use std::collections::{HashMap, HashSet};

use super::super::build::Assembled;
use super::super::read::Origin;
use super::super::watch::Watch;
use super::assemble;
use super::correlations::{Correlated, Inputs, left_out};
use super::read::{Bound, Read};
use crate::event::Schema;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::sigma::{Correlation, Detection, SigmaRule, What};
use crate::rule::state::memory::Budget;
use crate::rule::state::snapshot;

/// Compiles every rule that is not off into `compiled`, correlations behind all others; gives all of them as they were
/// written.
pub(in super::super) fn compile(
    bound: Bound<'_>,
    origins: &[Origin<'_>],
    (limit, budget): (usize, &Budget),
    schema: &Schema,
    watch: &Watch<'_>,
    compiled: &mut Vec<Assembled>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<SigmaRule> {
    let Bound { mut documents, correlated } = bound;
    let taken = check_ids(&documents, origins, diagnostics);
    let free = limit.saturating_sub(origins.len());
    if let Some(first) = documents.get(free) {
        let title = format!("there are more rules than {limit}, which is the limit");
        diagnostics.push(
            Diagnostic::new(Code::ManyRules, title, &first.source.name)
                .help("raise it with `RuleSetBuilder::rule_limit`, or make several rule sets"),
        );
        documents.truncate(free);
    }
    let common = assemble::Common::new(schema);
    let (digests, places) = (HashMap::new(), HashMap::new());
    let mut compiling =
        Compiling { schema, budget, common, correlated: &correlated, digests, places, compiled, diagnostics };
    let mut written = Vec::with_capacity(documents.len());
    let mut correlations = HashMap::new();
    for (at, Read { source, translated }) in
        documents.into_iter().take_while(|_| !watch.is_over()).enumerate()
    {
        match translated.what {
            _ if taken.contains(&at) => {}
            What::Detection(detection) => {
                let Detection { rule, condition, .. } = *detection;
                let (runs, silent) = (correlated.runs(at, &rule), correlated.is_silent(at, &rule));
                if runs {
                    compiling.detection(at, &rule, condition, silent);
                }
                written.push(rule);
            }
            What::Correlation(correlation) => {
                written.push(correlation.rule.clone());
                correlations.insert(at, (source, correlation));
            }
            What::Filter(_) => {}
        }
    }
    for inputs in &correlated.correlations {
        let Some((source, correlation)) = correlations.get(&inputs.at) else { continue };
        if let Err(issue) = compiling.correlation(correlation, inputs) {
            let diagnostic = source.diagnostic(issue);
            compiling.diagnostics.push(diagnostic.about(&correlation.rule.id));
        }
    }
    written
}

/// Rules on their way into a set.
struct Compiling<'c> {
    schema: &'c Schema,
    budget: &'c Budget,
    common: assemble::Common,
    correlated: &'c Correlated,
    /// Of rules that correlations refer to.
    digests: HashMap<usize, u64>,
    /// Where the rules of documents are compiled to.
    places: HashMap<usize, u32>,
    compiled: &'c mut Vec<Assembled>,
    diagnostics: &'c mut Vec<Diagnostic>,
}

impl Compiling<'_> {
    fn detection(&mut self, at: usize, rule: &SigmaRule, condition: Condition, silent: bool) {
        if self.correlated.needs(at) {
            self.digests.insert(at, assemble::digest(&condition, self.schema));
        }
        let assembled = assemble::detection(rule, condition, self.schema, &self.common);
        self.add(at, assembled, silent);
    }

    fn correlation(&mut self, correlation: &Correlation, inputs: &Inputs) -> Result<(), Issue> {
        // Also one that is off is checked.
        let runs = self.correlated.runs(inputs.at, &correlation.rule);
        let places = inputs.from.iter().map(|from| self.places.get(from).copied());
        if let Some(input) = places.clone().position(|place| runs && place.is_none()) {
            return Err(left_out(correlation, input));
        }
        let fed_by = places.flatten().collect();
        let below: Vec<_> = inputs.from.iter().map(|from| self.digests.get(from)).collect();
        let below = snapshot::digest(format!("{below:?}").as_bytes());
        let assembled =
            assemble::correlation(correlation, inputs, (fed_by, below), self.schema, self.budget)?;
        self.digests
            .extend(assembled.rule.remembers.as_ref().map(|remembering| (inputs.at, remembering.digest)));
        if runs {
            let silent = self.correlated.is_silent(inputs.at, &correlation.rule);
            self.add(inputs.at, assembled, silent);
        }
        Ok(())
    }

    fn add(&mut self, at: usize, mut assembled: Assembled, silent: bool) {
        assembled.rule.silent = silent;
        self.places.insert(at, u32::try_from(self.compiled.len()).unwrap_or(u32::MAX));
        self.compiled.push(assembled);
    }
}

/// Ids are unique, those of rules that are not of Sigma among them; gives the documents whose ids were taken.
fn check_ids(
    documents: &[Read<'_>],
    origins: &[Origin<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> HashSet<usize> {
    let mut taken = HashSet::new();
    let mut ids: HashMap<&str, &str> = HashMap::new();
    ids.extend(origins.iter().map(|origin| (origin.written.id.as_str(), origin.name())));
    for (at, document) in documents.iter().enumerate() {
        let Some(rule) = document.rule() else { continue };
        let Some(first) = ids.insert(&rule.id, &document.source.name) else { continue };
        taken.insert(at);
        let title = format!("the id {} is taken", quoted(&rule.id));
        let place = document.translated.place.clone();
        let issue = Issue::new(Code::DuplicateId, title, place, "the second is here")
            .help(format!("the first is in {first}; ids are unique within a rule set"));
        diagnostics.push(document.diagnostic(issue));
    }
    taken
}
