use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::names::Names;
use super::read::Read;
use crate::event::{FieldId, Kind};
use crate::rule::lang::ast::Spanned;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;
use crate::rule::sigma::{Correlation, SigmaKind, SigmaRule, Translation, View, What};

/// The most fields of a key.
const KEY_LIMIT: usize = 8;
/// The most rules that a correlation may refer to.
const RULE_LIMIT: usize = 64;

/// What the correlations of a set refer to.
#[derive(Debug, Default)]
pub(super) struct Correlated {
    /// Each behind those that it refers to.
    pub(super) correlations: Vec<Inputs>,
    /// Documents that correlations which run refer to.
    needed: HashSet<usize>,
    /// Documents that give findings although correlations refer to them.
    generated: HashSet<usize>,
}

/// What one correlation is fed by.
#[derive(Debug)]
pub(super) struct Inputs {
    /// Its own document.
    pub(super) at: usize,
    /// The documents it refers to, as it lists them.
    pub(super) from: Vec<usize>,
    /// For each of them the fields that tell keys apart.
    pub(super) keys: Vec<Box<[FieldId]>>,
    /// For each of them the fields whose values are looked at.
    pub(super) of: Vec<Box<[FieldId]>>,
}

/// Finds what every correlation refers to; what is wrong is added to `diagnostics`.
///
/// Unless `all` must be right, those that are sound are bound, and of each that builds on one that is not, that is said.
pub(super) fn bind(
    documents: &[Read<'_>],
    names: &Names,
    translation: &mut Translation<'_>,
    all: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Correlated {
    let (mut found, mut wrong) = (HashMap::new(), HashSet::new());
    for (at, document, correlation) in correlations(documents) {
        let (from, issues) = references(correlation, names);
        wrong.extend((!issues.is_empty()).then_some(at));
        diagnostics.extend(issues.into_iter().map(|issue| document.diagnostic(issue)));
        found.insert(at, from);
    }
    let order = in_order(documents, &found, &mut wrong, diagnostics);
    let mut correlated = Correlated::default();
    if all && !diagnostics.is_empty() {
        return correlated;
    }
    let mut bound = Bound { documents, names, found: &found, views: HashMap::new() };
    for at in order {
        if wrong.contains(&at) {
            continue;
        }
        match bound.inputs(at, translation) {
            Some(Ok(inputs)) => correlated.correlations.push(inputs),
            Some(Err(issue)) => {
                wrong.insert(at);
                diagnostics.extend(documents.get(at).map(|document| document.diagnostic(issue)));
            }
            None => {}
        }
    }
    if !all {
        diagnostics.extend(bound.left_out(&wrong));
    }
    correlated.find_needed(documents, &found);
    correlated
}

/// That a correlation is left out because one of the rules that it refers to, as it lists them, is.
pub(super) fn left_out(correlation: &Correlation, input: usize) -> Issue {
    let rule = correlation.rules.get(input);
    let (name, place) = rule.map_or(("", 0..0), |rule| (rule.node.as_str(), rule.span.clone()));
    let title = format!("the correlation refers to {}, which is left out", quoted(name));
    Issue::new(Code::UnknownRule, title, place, "so the correlation is left out, too")
        .help("put that rule right, or do not refer to it")
}

/// Correlations on their way to being bound.
struct Bound<'b, 's> {
    documents: &'b [Read<'s>],
    names: &'b Names,
    /// By correlation the documents that it refers to.
    found: &'b HashMap<usize, Vec<usize>>,
    /// By correlation that is bound what pipelines make of names in the rules that its events come from.
    views: HashMap<usize, Vec<View>>,
}

impl Bound<'_, '_> {
    /// What a correlation is fed by; nothing if it builds on one that is not bound.
    fn inputs(&mut self, at: usize, translation: &mut Translation<'_>) -> Option<Result<Inputs, Issue>> {
        let from = self.found.get(&at).filter(|from| self.lacks(from).is_none())?;
        let What::Correlation(correlation) = &self.documents.get(at)?.translated.what else { return None };
        let below = |from: &usize| match self.documents.get(*from).and_then(Read::detection) {
            Some(detection) => vec![detection.view.clone()],
            None => self.views.get(from).cloned().unwrap_or_default(),
        };
        let below: Vec<Vec<View>> = from.iter().map(below).collect();
        let fields = Fields { correlation, below: &below, translation }.bind(from, self.names);
        Some(fields.map(|(keys, of)| {
            self.views.insert(at, different(&below));
            Inputs { at, from: from.clone(), keys, of }
        }))
    }

    /// Which of the documents is a correlation that is not bound.
    fn lacks(&self, from: &[usize]) -> Option<usize> {
        from.iter().position(|from| self.found.contains_key(from) && !self.views.contains_key(from))
    }

    /// That correlations are left out of which nothing was said yet.
    fn left_out(&self, wrong: &HashSet<usize>) -> Vec<Diagnostic> {
        let said = |at: &usize| self.views.contains_key(at) || wrong.contains(at);
        let unsaid = correlations(self.documents).filter(|(at, ..)| !said(at));
        let issue = |(at, document, correlation): (usize, &Read<'_>, &Correlation)| {
            let input = self.lacks(self.found.get(&at)?)?;
            Some(document.diagnostic(left_out(correlation, input)))
        };
        unsaid.filter_map(issue).collect()
    }
}

impl Correlated {
    /// Whether a correlation that runs refers to the document.
    pub(super) fn needs(&self, at: usize) -> bool {
        self.needed.contains(&at)
    }

    /// Whether the rule of a document runs: for itself, or for correlations that do.
    pub(super) fn runs(&self, at: usize, rule: &SigmaRule) -> bool {
        rule.status.is_active() || self.needed.contains(&at)
    }

    /// Whether the rule of a document gives no findings: those that correlations refer to do not, unless they say so.
    pub(super) fn is_silent(&self, at: usize, rule: &SigmaRule) -> bool {
        let is_part = rule.kind == SigmaKind::Detection && self.needed.contains(&at);
        !rule.status.is_active() || is_part && !self.generated.contains(&at)
    }

    /// A detection is needed by a correlation that is left out, too: it would else give findings that nobody asked for.
    fn find_needed(&mut self, documents: &[Read<'_>], found: &HashMap<usize, Vec<usize>>) {
        let bound: HashSet<usize> = self.correlations.iter().map(|inputs| inputs.at).collect();
        let left_out = found.keys().copied().filter(|at| !bound.contains(at));
        let in_turn: Vec<usize> = self.correlations.iter().rev().map(|inputs| inputs.at).collect();
        for at in left_out.chain(in_turn) {
            let (Some(from), Some(document)) = (found.get(&at), documents.get(at)) else { continue };
            let What::Correlation(correlation) = &document.translated.what else { continue };
            if correlation.rule.status.is_active() || self.needed.contains(&at) {
                self.needed.extend(from);
                self.generated.extend(from.iter().filter(|_| correlation.generate));
            }
        }
    }
}

/// The views, each once: rules are many, and most are alike.
fn different(below: &[Vec<View>]) -> Vec<View> {
    let mut different = Vec::new();
    for view in below.iter().flatten() {
        if !different.contains(view) {
            different.push(view.clone());
        }
    }
    different
}

fn correlations<'d, 's>(
    documents: &'d [Read<'s>],
) -> impl Iterator<Item = (usize, &'d Read<'s>, &'d Correlation)> {
    documents.iter().enumerate().filter_map(|(at, document)| match &document.translated.what {
        What::Correlation(correlation) => Some((at, document, &**correlation)),
        _ => None,
    })
}

/// The documents that a correlation refers to, and what is wrong with its list.
fn references(correlation: &Correlation, names: &Names) -> (Vec<usize>, Vec<Issue>) {
    let (mut from, mut issues) = (Vec::new(), Vec::new());
    for rule in correlation.rules.iter().take(RULE_LIMIT) {
        match names.find(rule) {
            Ok(at) if from.contains(&at) => {
                let title = format!("{} is named twice", quoted(&rule.node));
                issues.push(Issue::new(Code::AmbiguousRule, title, rule.span.clone(), "once is enough"));
            }
            Ok(at) => from.push(at),
            Err(issue) => issues.push(issue),
        }
    }
    if let Some(last) = correlation.rules.get(RULE_LIMIT) {
        let title = format!("the correlation refers to more than {RULE_LIMIT} rules");
        issues.push(
            Issue::new(Code::LargeSigma, title, last.span.clone(), "up to here")
                .help("refer to correlations that refer to some of them each"),
        );
    }
    (from, issues)
}

/// The correlations, each behind those that it refers to. Circles are reported and left out.
fn in_order(
    documents: &[Read<'_>],
    found: &HashMap<usize, Vec<usize>>,
    wrong: &mut HashSet<usize>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let waits_for = |from: &[usize]| from.iter().filter(|from| found.contains_key(from)).count();
    let mut waiting: HashMap<usize, usize> = found.iter().map(|(at, from)| (*at, waits_for(from))).collect();
    let mut feeds: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, from) in found {
        from.iter().for_each(|from| feeds.entry(*from).or_default().push(*at));
    }
    let mut ready: BTreeSet<usize> =
        waiting.iter().filter(|(_, left)| **left == 0).map(|(at, _)| *at).collect();
    let mut order = Vec::new();
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for fed in feeds.get(&at).into_iter().flatten() {
            let Some(left) = waiting.get_mut(fed) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0 {
                ready.insert(*fed);
            }
        }
    }
    for circle in circles(found, &waiting.keys().copied().filter(|at| waiting.get(at) != Some(&0)).collect())
    {
        wrong.extend(circle.first());
        let document = circle.first().and_then(|at| documents.get(*at));
        diagnostics
            .extend(document.map(|document| document.diagnostic(circular(document, &circle, documents))));
    }
    order
}

/// Circles, each once: of those that a document leads into, the one that following its first open references leads to.
fn circles(found: &HashMap<usize, Vec<usize>>, open: &BTreeSet<usize>) -> Vec<Vec<usize>> {
    let (mut walked, mut circles) = (HashSet::new(), Vec::new());
    for first in open {
        let (mut path, mut next) = (Vec::new(), Some(*first));
        while let Some(at) = next.filter(|at| walked.insert(*at)) {
            path.push(at);
            next = found.get(&at).and_then(|from| from.iter().copied().find(|at| open.contains(at)));
        }
        // A walk that ends where an earlier one has been leads to what that one found.
        if let Some(start) = path.iter().position(|at| Some(*at) == next) {
            circles.push(path.split_off(start));
        }
    }
    circles
}

fn circular(document: &Read<'_>, circle: &[usize], documents: &[Read<'_>]) -> Issue {
    let name = |at: &usize| {
        documents.get(*at).and_then(Read::rule).map_or("", |rule| rule.name.as_deref().unwrap_or(&rule.id))
    };
    let span = document.translated.place.clone();
    let title = match circle {
        [only] => format!("the correlation {} refers to itself", quoted(name(only))),
        _ => "correlations refer to each other in a circle".to_owned(),
    };
    let path: Vec<_> = circle.iter().chain(circle.first()).take(8).map(name).map(quoted).collect();
    Issue::new(Code::Circle, title, span, path.join(" refers to "))
        .help("a correlation builds on detections, or on correlations that do")
}

/// For each input a few fields.
type PerInput = Vec<Box<[FieldId]>>;

/// The fields of one correlation's inputs.
struct Fields<'f, 't> {
    correlation: &'f Correlation,
    /// For each input what pipelines make of names in the rules that events come from.
    below: &'f [Vec<View>],
    translation: &'f mut Translation<'t>,
}

impl<'f> Fields<'f, '_> {
    /// For each input the fields of its key, and those whose values are looked at.
    fn bind(&mut self, from: &[usize], names: &Names) -> Result<(PerInput, PerInput), Issue> {
        self.shape()?;
        let correlation = self.correlation;
        let keys = self.each(&correlation.group_by, from, names, true)?;
        Ok((keys, self.each(&correlation.fields, from, names, false)?))
    }

    /// What these names stand for in the events of each input.
    fn each(
        &mut self,
        written: &'f [Spanned<String>],
        from: &[usize],
        names: &Names,
        is_key: bool,
    ) -> Result<PerInput, Issue> {
        let mut fields: Vec<Vec<FieldId>> = vec![Vec::new(); from.len()];
        for name in written {
            let mut kind = None;
            for (input, (at, fields)) in from.iter().zip(&mut fields).enumerate() {
                let name = self.alias(name, *at, from, names)?;
                let field = self.field(name, self.below.get(input).map_or(&[][..], Vec::as_slice))?;
                if is_key {
                    self.check_kind(field, name, &mut kind)?;
                }
                fields.push(field);
            }
        }
        Ok(fields.into_iter().map(Vec::into_boxed_slice).collect())
    }

    fn shape(&self) -> Result<(), Issue> {
        let fields = &self.correlation.group_by;
        let twice = fields.iter().enumerate().find_map(|(at, field)| {
            let again = fields.get(..at)?.iter().any(|before| before.node == field.node);
            again.then_some((field, format!("`group-by` names {} twice", quoted(&field.node))))
        });
        let many = fields
            .get(KEY_LIMIT)
            .map(|field| (field, format!("`group-by` names more than {KEY_LIMIT} fields")));
        match twice.or(many) {
            Some((field, title)) => Err(Issue::new(Code::BadBy, title, field.span.clone(), "")),
            None => Ok(()),
        }
    }

    /// The name that a name of the correlation, which may be an alias, stands for in the events of an input.
    fn alias(
        &self,
        field: &'f Spanned<String>,
        input: usize,
        from: &[usize],
        names: &Names,
    ) -> Result<&'f Spanned<String>, Issue> {
        let Some(alias) = self.correlation.aliases.iter().find(|alias| alias.name == field.node) else {
            return Ok(field);
        };
        let mut meant = None;
        for (rule, field) in &alias.fields {
            let at = names.find(rule)?;
            if !from.contains(&at) {
                let title = format!("the correlation does not refer to {}", quoted(&rule.node));
                let known = self.correlation.rules.iter().map(|rule| rule.node.as_str());
                return Err(Issue::new(Code::BadAlias, title, rule.span.clone(), "not among its rules")
                    .help_if(did_you_mean(&rule.node, known)));
            }
            if at == input {
                meant = Some(field);
            }
        }
        Ok(meant.unwrap_or(field))
    }

    /// The field of a name, in the events of rules with these views: one and the same for all.
    fn field(&mut self, written: &Spanned<String>, views: &[View]) -> Result<FieldId, Issue> {
        let mut found: Option<FieldId> = None;
        for view in views {
            let field = self.translation.one_field(view, &written.node, &written.span)?;
            if found.is_some_and(|before| before != field) {
                let title =
                    format!("pipelines rename {} differently for different rules", quoted(&written.node));
                return Err(Issue::new(
                    Code::SeveralNames,
                    title,
                    written.span.clone(),
                    "it has several names",
                )
                .help("let pipelines give it one name in all rules that are correlated"));
            }
            found = Some(field);
        }
        match found {
            Some(field) => Ok(field),
            None => self.translation.one_field(&View::default(), &written.node, &written.span),
        }
    }

    /// Keys of different kinds never meet, and fractions tell nothing apart.
    fn check_kind(
        &self,
        field: FieldId,
        written: &Spanned<String>,
        before: &mut Option<Kind>,
    ) -> Result<(), Issue> {
        let kind = self.translation.schema.kind(field);
        let wrong = |code, title: String, span: &Range<usize>| {
            Err(Issue::new(code, title, span.clone(), format!("this field is {kind}")))
        };
        if kind == Kind::Float {
            return wrong(
                Code::BadSubject,
                format!("{} cannot tell keys apart", quoted(&written.node)),
                &written.span,
            );
        }
        match before.replace(kind) {
            Some(before) if before != kind => {
                let title =
                    format!("the fields of an alias are of different kinds, the one before is {before}");
                wrong(Code::BadAlias, title, &written.span)
            }
            _ => Ok(()),
        }
    }
}
