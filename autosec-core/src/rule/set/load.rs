//! From all that the host gave to a rule set: all of it, or what is sound of it.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use super::definition::Blueprint;
use super::errors::RuleErrors;
use super::image::{Image, Lists};
use super::read::{Origin, Pack};
use super::rules::{RuleSet, Written};
use super::source::Source;
use super::watch::{self, Watch};
use super::{build, exempt, sigma};
use crate::event::Schema;
use crate::rule::lang::check::Scope;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::Code;
use crate::rule::list::{List, NamedList};
use crate::rule::model::{Exception, Rule};
use crate::rule::sigma::{LogSourceRouting, Pipelines, Translation, View};
use crate::rule::state::key::KeyHasher;
use crate::rule::state::memory::Budget;
use crate::rule::state::snapshot::Snapshot;

/// The most rules of a set, unless the host says otherwise.
pub(super) const RULE_LIMIT: usize = 100_000;

/// All that the host gave.
#[derive(Debug)]
pub(super) struct Given<'s> {
    pub(super) schema: &'s Schema,
    pub(super) sources: Vec<Source>,
    pub(super) sigma: Vec<Source>,
    pub(super) pipelines: Vec<Source>,
    pub(super) routing: Option<LogSourceRouting>,
    pub(super) placeholders: HashMap<String, Vec<String>>,
    pub(super) allow_unknown_placeholders: bool,
    pub(super) rules: Vec<Rule>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) lists: HashMap<String, List>,
    pub(super) rule_limit: usize,
    pub(super) budget: Budget,
    pub(super) ipv6_prefix: u8,
    pub(super) seed: Option<u64>,
    /// A snapshot to go on from, which was checked.
    pub(super) resumed: Option<Vec<u8>>,
    /// The schema with the fields of images, if there are any.
    pub(super) grown: Option<Schema>,
    pub(super) images: Vec<Image>,
    /// The lists that images ask for.
    pub(super) image_lists: Lists,
    pub(super) watch: Watch<'s>,
}

/// A rule set of what was sound, and what was wrong with the rest.
#[derive(Debug)]
pub struct Loaded {
    /// The rules that are sound.
    pub rules: RuleSet,
    /// Why others are not among them, in the order of the sources; empty if all are.
    pub refused: Vec<Diagnostic>,
}

/// Rules that are ready, before they become a set.
pub(super) struct Compiled {
    schema: Schema,
    written: Written,
    assembled: Vec<build::Assembled>,
    hasher: KeyHasher,
    resumed: Option<Vec<u8>>,
}

impl Given<'_> {
    /// A rule set of everything, or all that is wrong with it.
    pub(super) fn build(mut self) -> Result<RuleSet, RuleErrors> {
        let (mut diagnostics, watch) = (Vec::new(), mem::take(&mut self.watch));
        let compiled = self.compile(&watch, &mut diagnostics, true);
        let rules = compiled.filter(|_| diagnostics.is_empty()).map(|compiled| compiled.finish(&watch));
        match rules {
            _ if watch.was_stopped() => Err(RuleErrors::new(vec![watch::stopped()])),
            Some(rules) => Ok(rules),
            None => Err(RuleErrors::new(diagnostics)),
        }
    }

    /// A rule set of what is sound.
    pub(super) fn build_lenient(mut self) -> Loaded {
        let (mut refused, watch) = (Vec::new(), mem::take(&mut self.watch));
        let (schema, budget) = (self.schema.clone(), self.budget.clone());
        let hasher = KeyHasher::new(self.seed, self.ipv6_prefix);
        let mut rules = self.compile(&watch, &mut refused, false).map(|compiled| compiled.finish(&watch));
        if watch.was_stopped() {
            (rules, refused) = (None, vec![watch::stopped()]);
        }
        let nothing = || Compiled::nothing(schema, budget, hasher).finish(&Watch::default());
        let rules = rules.unwrap_or_else(nothing);
        Loaded { rules, refused }
    }

    /// Everything that is sound; nothing if it `must_fit` the limit and does not.
    fn compile(
        self,
        watch: &Watch<'_>,
        diagnostics: &mut Vec<Diagnostic>,
        must_fit: bool,
    ) -> Option<Compiled> {
        let limit = self.rule_limit;
        let mut schema = self.grown.unwrap_or_else(|| self.schema.clone());
        let texts = self.pipelines.iter().map(|source| (source.name.as_str(), source.text.as_str()));
        let pipelines = Pipelines::read(texts, diagnostics);
        let mut translation = Translation {
            schema: &mut schema,
            placeholders: &self.placeholders,
            allow_unknown_placeholders: self.allow_unknown_placeholders,
            pipelines: &pipelines,
            routing: self.routing.as_ref(),
            view: View::default(),
            regexes: 0,
        };
        let given =
            sigma::Given { sources: &self.sigma, pipelines: &self.pipelines, limit, all: must_fit, watch };
        let sigma = sigma::read(&given, &mut translation, diagnostics);
        let mut pack = Pack::read(&self.sources, limit, watch, diagnostics);
        pack.add(self.rules, limit, diagnostics);
        if pack.is_full && must_fit {
            return None;
        }
        let exceptions = self.exceptions.into_iter().map(|written| Origin { written, source: None });
        pack.exceptions.extend(exceptions);
        pack.lists.extend(self.lists);
        let lists = named(pack.lists, self.image_lists, &self.images, diagnostics);
        let scope = Scope { schema: &schema, lists: &lists };
        let mut known: HashSet<String> = pack.unreadable.into_iter().collect();
        known.extend(pack.rules.iter().map(|origin| origin.written.id.clone()));
        let mut assembled = build::compile(&mut pack.rules, &scope, &self.budget, watch, diagnostics);
        let limits = (limit, &self.budget);
        let sigma = sigma::compile(sigma, &pack.rules, limits, &schema, watch, &mut assembled, diagnostics);
        let mut written = Written {
            rules: pack.rules.into_iter().map(|origin| origin.written).collect(),
            sigma,
            exceptions: Vec::new(),
            lists,
            idle: HashMap::new(),
            budget: self.budget,
        };
        for image in self.images {
            written.add(image, &mut assembled, diagnostics);
        }
        known.extend(written.sigma.iter().map(|rule| rule.id.clone()));
        known.extend(written.rules.iter().map(|rule| rule.id.clone()));
        let scope = Scope { schema: &schema, lists: &written.lists };
        exempt::apply(&mut pack.exceptions, &known, &scope, &mut assembled, diagnostics);
        narrow_fed(&mut assembled);
        written.exceptions.extend(pack.exceptions.into_iter().map(|origin| origin.written));
        let idle = assembled.iter().filter(|rule| rule.off);
        written.idle = idle.map(|rule| (rule.rule.id().to_owned(), Blueprint::new(rule))).collect();
        let assembled = by_priority(assembled);
        let snapshot = self.resumed.as_deref().and_then(|bytes| Snapshot::read(bytes).ok());
        let hasher = match snapshot {
            Some(snapshot) => KeyHasher::of_seed(snapshot.seed(), self.ipv6_prefix),
            None => KeyHasher::new(self.seed, self.ipv6_prefix),
        };
        Some(Compiled { schema, written, assembled, hasher, resumed: self.resumed })
    }
}

impl Compiled {
    /// No rules at all.
    pub(super) fn nothing(schema: Schema, budget: Budget, hasher: KeyHasher) -> Self {
        let written = Written {
            rules: Vec::new(),
            sigma: Vec::new(),
            exceptions: Vec::new(),
            lists: HashMap::new(),
            idle: HashMap::new(),
            budget,
        };
        Self { schema, written, assembled: Vec::new(), hasher, resumed: None }
    }

    /// The same with one rule more.
    pub(super) fn with(mut self, rule: build::Assembled) -> Self {
        self.assembled.push(rule);
        self
    }

    pub(super) fn finish(self, watch: &Watch<'_>) -> RuleSet {
        let set = RuleSet::new(self.schema, self.written, self.assembled, self.hasher, watch);
        if let Some(snapshot) = self.resumed.as_deref().and_then(|bytes| Snapshot::read(bytes).ok()) {
            set.take(&snapshot, true);
        }
        set
    }
}

impl Written {
    /// Adds the rules of an image, of which those whose ids are taken are left out.
    fn add(
        &mut self,
        image: Image,
        assembled: &mut Vec<build::Assembled>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Image { name, written, assembled: mut added } = image;
        let mut taken: HashSet<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
        taken.extend(self.sigma.iter().map(|rule| rule.id.as_str()));
        let ids = written.rules.iter().map(|rule| &rule.id).chain(written.sigma.iter().map(|rule| &rule.id));
        if let Some(twice) = ids.into_iter().find(|id| taken.contains(id.as_str())) {
            let title = format!("the id `{twice}` is taken");
            diagnostics.push(
                Diagnostic::new(Code::DuplicateId, title, &name)
                    .help("ids are unique within a rule set; none of the image's rules is taken"),
            );
            return;
        }
        let before = u32::try_from(assembled.len()).unwrap_or(u32::MAX);
        for rule in &mut added {
            rule.fed_by.iter_mut().for_each(|from| *from = from.saturating_add(before));
        }
        assembled.append(&mut added);
        self.rules.extend(written.rules);
        self.sigma.extend(written.sigma);
        self.exceptions.extend(written.exceptions);
    }
}

/// What narrows a rule narrows what the rules that it feeds remember.
fn narrow_fed(assembled: &mut [build::Assembled]) {
    for at in 0..assembled.len() {
        let (before, rest) = assembled.split_at_mut(at);
        let Some(rule) = rest.first_mut() else { continue };
        let narrowed =
            rule.fed_by.iter().filter_map(|from| before.get(*from as usize)).map(|from| from.narrowed);
        let narrowed: Vec<u64> = narrowed.collect();
        if narrowed.iter().any(|narrowed| *narrowed != 0) {
            rule.narrow_memory(&format!("fed by {narrowed:?}"));
        }
    }
}

/// The lists by their names, those that images ask for with the members that the host gives them.
fn named(
    given: HashMap<String, List>,
    asked: Lists,
    images: &[Image],
    diagnostics: &mut Vec<Diagnostic>,
) -> HashMap<String, Arc<NamedList>> {
    let mut names: Vec<_> = asked.keys().collect();
    names.sort_unstable();
    for (name, list) in names.into_iter().filter_map(|name| asked.get_key_value(name)) {
        let wrong = match given.get(name) {
            Some(members) => list.replace(members).err().map(|error| error.to_string()),
            None => Some(format!("a rule asks for the list `${name}`, which was not given")),
        };
        let asks = |image: &&Image| image.assembled.iter().any(|rule| rule.asks_for(list));
        diagnostics.extend(wrong.map(|title| {
            let image = images.iter().find(asks);
            let rule = image.and_then(|image| image.assembled.iter().find(|rule| rule.asks_for(list)));
            let diagnostic = Diagnostic::new(Code::UnknownList, title, image.map_or("", |image| &image.name))
                .help("give it with `RuleSetBuilder::list`; it may be empty");
            rule.map_or(diagnostic.clone(), |rule| diagnostic.about(rule.rule.id()))
        }));
    }
    let mut lists = asked;
    for (name, list) in given {
        lists.entry(name).or_insert_with_key(|name| Arc::new(NamedList::new(name, &list)));
    }
    lists
}

/// Higher priorities first, else the order stays; without those that are off. What feeds a rule is found where it now
/// stands.
fn by_priority(assembled: Vec<build::Assembled>) -> Vec<build::Assembled> {
    let count = assembled.len();
    let mut placed: Vec<_> = (0_u32..).zip(assembled).filter(|(_, rule)| !rule.off).collect();
    placed.sort_by_key(|(_, rule)| Reverse(rule.priority));
    let mut places = vec![0; count];
    for (now, (before, _)) in (0_u32..).zip(&placed) {
        if let Some(place) = places.get_mut(*before as usize) {
            *place = now;
        }
    }
    let moved = |(_, mut rule): (u32, build::Assembled)| {
        rule.fed_by.iter_mut().for_each(|from| *from = places.get(*from as usize).copied().unwrap_or(*from));
        rule
    };
    placed.into_iter().map(moved).collect()
}
