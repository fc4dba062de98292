use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::rules::RuleSet;
use crate::event::{FieldId, Kind, Schema};
use crate::finding::Detector;
use crate::rule::run::compiled::Compiled;

/// What became of each rule when a set took the place of another: ids, in the order of the set they are in.
///
/// A rule goes on with its windows and its [`RuleStats`](super::super::RuleStats) if it still counts the same: the same
/// expression, exceptions, windows and limits. Its name, its description, its severity, its confidence, its tags, its
/// response and whether it is in shadow mode may change without that. A rule that is off does not run, so it is not there.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reloaded {
    /// They go on with what they had counted.
    pub kept: Vec<Arc<str>>,
    /// They count something else now, and start empty.
    pub changed: Vec<Arc<str>>,
    /// They were not there before, and start empty.
    pub added: Vec<Arc<str>>,
    /// They are no longer there; what they had counted is gone.
    pub removed: Vec<Arc<str>>,
    /// Fields that no rule read before: until readers are made that fill them, no event has them.
    pub new_fields: Vec<String>,
}

/// Why a set cannot take the place of another, which stays.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The new set was built from a schema of other fields, so an event's fields would be mistaken for others.
    #[error(
        "the new rules were built from another schema, in which the field `{name}` is not what it was: build them from \
         `RuleSet::schema` of the rules they replace"
    )]
    Schema {
        /// The first field that differs.
        name: String,
    },
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kept", self.kept.len())?;
        let named = [("changed", &self.changed), ("added", &self.added), ("removed", &self.removed)];
        for (what, ids) in named {
            list(f, what, ids.iter().map(|id| &**id))?;
        }
        let fields = if self.new_fields.len() == 1 { "new field" } else { "new fields" };
        list(f, fields, self.new_fields.iter().map(String::as_str))
    }
}

/// So many are named, the others counted.
const NAMED: usize = 8;

fn list<'i>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    ids: impl ExactSizeIterator<Item = &'i str>,
) -> fmt::Result {
    let count = ids.len();
    if count == 0 {
        return Ok(());
    }
    write!(f, ", {count} {what} (")?;
    for (at, id) in ids.take(NAMED).enumerate() {
        write!(f, "{}`{id}`", if at == 0 { "" } else { ", " })?;
    }
    f.write_str(if count > NAMED { ", …)" } else { ")" })
}

impl RuleSet {
    /// What changed from `old` to this set. Rules that count the same go on with what those of `old` have counted, which
    /// both share from then on; all others start empty.
    pub(super) fn take_over(&mut self, old: &RuleSet) -> Result<Reloaded, ReloadError> {
        extends(self.schema(), old.schema())?;
        let ran: HashMap<&str, usize> =
            old.compiled.iter().enumerate().map(|(at, rule)| (rule.id(), at)).collect();
        let mut reloaded = Reloaded { new_fields: new_fields(self, old), ..Reloaded::default() };
        // Clients of another size are other keys; those of the same size are the same keys under the same seed alone.
        let ipv6_prefix = self.hasher.ipv6_prefix();
        let same_clients = ipv6_prefix == old.hasher.ipv6_prefix();
        self.hasher = old.hasher.clone().with_ipv6_prefix(ipv6_prefix);
        let blueprints = Arc::clone(&self.blueprints);
        // What goes on and what starts empty share one budget, if that is still the same.
        let (mine, theirs) = (&self.written.budget, &old.written.budget);
        let budget = mine.with_pool_of(theirs);
        // In the order in which rules stand: what feeds a rule is decided before it.
        let mut same: Vec<bool> = Vec::with_capacity(self.compiled.len());
        for (rule, blueprint) in self.compiled.iter_mut().zip(&*blueprints) {
            let fed_alike = blueprint.fed_by.iter().all(|from| same.get(*from as usize) == Some(&true));
            let at = ran.get(rule.id()).copied();
            let before = at.and_then(|at| Some((old.compiled.get(at)?, old.blueprints.get(at)?)));
            let alike = before.is_some_and(|(ran, before)| {
                let about = (&ran.subject, &ran.subjects) == (&rule.subject, &rule.subjects);
                about && before.conditions == blueprint.conditions && before.veto == blueprint.veto
            });
            let goes_on = alike && fed_alike && (same_clients || rule.remembers.is_none());
            let kept = goes_on && before.is_some_and(|(before, _)| rule.go_on_from(before));
            same.push(kept);
            let group = match at {
                Some(_) if kept => &mut reloaded.kept,
                Some(_) => &mut reloaded.changed,
                None => &mut reloaded.added,
            };
            group.push(Arc::clone(&rule.analytic.id));
            if !kept {
                *rule = rule.fresh(&budget);
            }
        }
        let runs: HashSet<&str> = self.compiled.iter().map(Compiled::id).collect();
        let gone = old.compiled.iter().filter(|rule| !runs.contains(rule.id()));
        reloaded.removed = gone.map(|rule| Arc::clone(&rule.analytic.id)).collect();
        Ok(reloaded)
    }
}

/// Whether every field of `old` is the same one in `new`.
pub(in crate::rule) fn extends(new: &Schema, old: &Schema) -> Result<(), ReloadError> {
    let same =
        |(field, name, kind): &(FieldId, &str, Kind)| new.name(*field) == *name && new.kind(*field) == *kind;
    match old.fields().find(|field| !same(field)) {
        Some((_, name, _)) => Err(ReloadError::Schema { name: name.to_owned() }),
        None => Ok(()),
    }
}

/// Names of the fields that `new` reads and `old` did not.
fn new_fields(new: &RuleSet, old: &RuleSet) -> Vec<String> {
    let (read, had) = (new.fields(), old.fields());
    let fields = new.schema().fields().filter(|(field, ..)| read.contains(*field) && !had.contains(*field));
    fields.map(|(_, name, _)| name.to_owned()).collect()
}
