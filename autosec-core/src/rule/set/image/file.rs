use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::super::build::Assembled;
use super::super::rules::RuleSet;
use super::rule;
use crate::event::{FieldId, Kind, Schema};
use crate::rule::image::ImageError;
use crate::rule::image::bytes::{Input, Output};
use crate::rule::image::condition::Names;
use crate::rule::list::{List, NamedList};
use crate::rule::model::{Exception, Rule};
use crate::rule::sigma::SigmaRule;
use crate::rule::state::memory::Budget;

/// What every image begins with.
const MAGIC: [u8; 8] = *b"AutoSecR";
/// The format that is read and written; goes up whenever either changes.
const FORMAT: u32 = 1;
/// Magic, format, length and checksum.
const HEAD: usize = 8 + 4 + 8 + 16;
/// The most bytes of a body. All 3,754 rules of the Sigma corpus take about 5 MB.
const LIMIT: usize = 256 << 20;
/// The most rules of an image.
const RULE_LIMIT: usize = 1_000_000;

const KINDS: [Kind; 5] = [Kind::Address, Kind::Boolean, Kind::Float, Kind::Integer, Kind::Text];

/// Rules that were read from an image.
#[derive(Debug, Default)]
pub(in super::super) struct Image {
    /// What it is called in diagnostics.
    pub(in super::super) name: String,
    pub(in super::super) written: Written,
    pub(in super::super) assembled: Vec<Assembled>,
}

/// What was written.
#[derive(Debug, Default, Deserialize)]
pub(in super::super) struct Written {
    pub(in super::super) rules: Vec<Rule>,
    pub(in super::super) sigma: Vec<SigmaRule>,
    pub(in super::super) exceptions: Vec<Exception>,
}

/// What was written, to be written again.
#[derive(Serialize)]
struct Writing<'r> {
    rules: &'r [Rule],
    sigma: &'r [SigmaRule],
    exceptions: &'r [Exception],
}

/// The lists that rules of images ask for, empty until the host gives them.
pub(in super::super) type Lists = HashMap<String, Arc<NamedList>>;

/// The bytes of a set.
pub(in super::super) fn write(set: &RuleSet) -> Result<Vec<u8>, ImageError> {
    let mut body = Output::default();
    let mut table = Output::default();
    table.count(set.schema.fields().count());
    for (field, name, kind) in set.schema.fields() {
        table.byte(u8::from(set.schema.is_foreign(field)));
        table.byte((0..).zip(KINDS).find_map(|(at, known)| (known == kind).then_some(at)).unwrap_or(u8::MAX));
        table.sized(name.as_bytes());
    }
    body.sized(&table.bytes);
    let written = &*set.written;
    let (rules, sigma, exceptions) = (&written.rules, &written.sigma, &written.exceptions);
    let unwritable = |_| ImageError::Malformed { at: 0, what: "a rule that is none" };
    body.sized(&serde_json::to_vec(&Writing { rules, sigma, exceptions }).map_err(unwritable)?);
    let mut ready = Output::default();
    ready.count(set.compiled.len());
    for (compiled, blueprint) in set.compiled.iter().zip(&*set.blueprints) {
        rule::write(compiled, blueprint, &mut ready)?;
    }
    body.sized(&ready.bytes);
    let body = body.bytes;
    if body.len() > LIMIT {
        return Err(ImageError::Large { found: body.len() as u64, limit: LIMIT as u64 });
    }
    Ok(sealed(&body))
}

/// The body behind its head.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + HEAD);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(body));
    bytes.extend_from_slice(body);
    bytes
}

/// Finds damage. It is no signature: whoever may write the image may write what they like.
fn checksum(body: &[u8]) -> [u8; 16] {
    let mut hasher = SipHasher13::new_with_keys(0, u64::from(FORMAT));
    hasher.write(body);
    hasher.finish128().as_bytes()
}

impl Image {
    /// Reads an image whose fields are those of `schema`, to which it adds those that Sigma rules name, and whose lists are
    /// added to `lists`.
    pub(in super::super) fn read(
        name: String,
        bytes: &[u8],
        schema: &mut Schema,
        lists: &mut Lists,
        budget: &Budget,
    ) -> Result<Self, ImageError> {
        let mut input = Input::new(body(bytes)?);
        let mut table = Table::read(input.sized()?, schema, lists)?;
        let written = serde_json::from_slice(input.sized()?);
        let written: Written = written.map_err(|_| input.malformed("a rule that is none"))?;
        let mut rules = Input::new(input.sized()?);
        let count = rules.count()?;
        if count > RULE_LIMIT {
            return Err(rules.malformed("more rules than an image may hold"));
        }
        let read = |at| rule::read(&mut rules, at, &mut table, budget);
        let mut assembled = (0..count).map(read).collect::<Result<Vec<_>, _>>()?;
        rules.finish()?;
        input.finish()?;
        let mut ids: HashSet<&str> = written.rules.iter().map(|rule| rule.id.as_str()).collect();
        ids.extend(written.sigma.iter().map(|rule| rule.id.as_str()));
        if ids.len() < written.rules.len() + written.sigma.len() {
            return Err(input.malformed("two rules with one id"));
        }
        if !assembled.iter().all(|ready| ids.remove(ready.rule.id())) {
            return Err(input.malformed("a rule that nobody wrote"));
        }
        rule::finish(&mut assembled, table.schema)?;
        Ok(Self { name, written, assembled })
    }
}

fn body(bytes: &[u8]) -> Result<&[u8], ImageError> {
    let mut head = Input::new(bytes);
    if head.array() != Ok(MAGIC) {
        return Err(ImageError::Foreign);
    }
    let found = bytes.len() as u64;
    let short = |_| ImageError::Length { expected: HEAD as u64, found };
    let format = u32::from_le_bytes(head.array().map_err(short)?);
    if format != FORMAT {
        return Err(ImageError::Version { found: format, known: FORMAT });
    }
    let length = u64::from_le_bytes(head.array().map_err(short)?);
    let sum: [u8; 16] = head.array().map_err(short)?;
    let body = bytes.get(HEAD..).unwrap_or_default();
    if length > LIMIT as u64 {
        return Err(ImageError::Large { found: length, limit: LIMIT as u64 });
    }
    if body.len() as u64 != length {
        return Err(ImageError::Length { expected: length + HEAD as u64, found });
    }
    if checksum(body) != sum {
        return Err(ImageError::Damaged);
    }
    Ok(body)
}

/// The fields an image knows, and those of them that the schema was already asked for; and its lists.
pub(super) struct Table<'s> {
    pub(super) schema: &'s mut Schema,
    fields: Vec<Known>,
    lists: &'s mut Lists,
}

struct Known {
    /// Named by a Sigma rule, and not by the host.
    foreign: bool,
    kind: Kind,
    name: String,
    field: Option<FieldId>,
}

impl<'s> Table<'s> {
    fn read(bytes: &[u8], schema: &'s mut Schema, lists: &'s mut Lists) -> Result<Self, ImageError> {
        let mut input = Input::new(bytes);
        let count = input.count()?;
        let mut fields = Vec::new();
        for _ in 0..count {
            let foreign = input.flag()?;
            let kind = KINDS.get(usize::from(input.byte()?)).copied();
            let kind = kind.ok_or_else(|| input.malformed("an unknown kind of field"))?;
            fields.push(Known { foreign, kind, name: input.text()?.to_owned(), field: None });
        }
        input.finish()?;
        Ok(Self { schema, fields, lists })
    }
}

impl Names for Table<'_> {
    fn field(&mut self, at: usize) -> Result<FieldId, ImageError> {
        let unknown = ImageError::Malformed { at, what: "an unknown field" };
        let known = self.fields.get_mut(at).ok_or(unknown)?;
        if let Some(field) = known.field {
            return Ok(field);
        }
        let refused = |problem| ImageError::Field { name: known.name.clone(), problem };
        let field = match self.schema.field(&known.name) {
            Some(field) => field,
            None if known.foreign => {
                self.schema.add_foreign(&known.name).map_err(|error| refused(error.to_string()))?
            }
            None => return Err(refused("which the schema lacks".to_owned())),
        };
        let held = self.schema.kind(field);
        if held != known.kind {
            return Err(refused(format!("which was {} and is {held} here", known.kind)));
        }
        known.field = Some(field);
        Ok(field)
    }

    fn list(&mut self, name: &str, holds: &'static str) -> Result<Arc<NamedList>, ImageError> {
        let list = match self.lists.entry(name.to_owned()) {
            Entry::Occupied(held) => Arc::clone(held.get()),
            Entry::Vacant(free) => {
                let nothing = match holds {
                    "addresses" => List::addresses([]),
                    "integers" => List::integers([]),
                    _ => List::texts::<&str>([]),
                };
                Arc::clone(free.insert(Arc::new(NamedList::new(name, &nothing))))
            }
        };
        if list.holds() == holds {
            return Ok(list);
        }
        Err(ImageError::List { name: name.to_owned(), wanted: holds, held: list.holds() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: &str = r#"
- id: rule-one
  name: One
  severity: low
  when: event.action == "login" and not source.ip in { 10.0.0.0/8 }
  distinct: { of: user.name, by: [source.ip], within: 1m, at_least: 3 }
- id: rule-two
  name: Two
  severity: low
  when: exists(user.name)
  sequence: { by: [source.ip], within: 1m, steps: [{ when: event.action == "a" }, { when: event.action == "b" }] }
"#;

    fn body() -> Vec<u8> {
        let set = RuleSet::builder(&Schema::ecs()).source("rules.yaml", RULES).build().unwrap();
        set.image().unwrap().split_off(HEAD)
    }

    fn read(body: &[u8]) -> Result<Image, ImageError> {
        let (mut schema, mut lists) = (Schema::ecs(), Lists::new());
        let budget = Budget {
            lateness: std::time::Duration::from_secs(10),
            keys: 1_000,
            pool: Arc::new(crate::rule::state::pool::Pool::new(1 << 20)),
        };
        Image::read("image".to_owned(), &sealed(body), &mut schema, &mut lists, &budget)
    }

    #[test]
    fn believes_no_length() {
        let mut huge = Output::default();
        huge.number(u64::MAX / 2);
        for body in [&huge.bytes[..], &[0], &[], &[2, 0x80, 0x80, 0, 0], &[1, 0, 0, 0]] {
            assert!(matches!(read(body), Err(ImageError::Malformed { .. })), "{body:?}");
        }
        assert!(read(&body()).is_ok_and(|image| image.assembled.len() == 2));
    }

    /// Found by fuzzing: such a rule ran, and nobody could ask about it.
    #[test]
    fn runs_no_rule_that_nobody_wrote() {
        let mut body = body();
        let last = body.windows(8).rposition(|bytes| bytes == b"rule-two").unwrap();
        body[last] = b'R';
        let what = "a rule that nobody wrote";
        assert!(matches!(read(&body), Err(ImageError::Malformed { what: found, .. }) if found == what));
    }

    proptest! {
        /// The checksum is right, the rest is not.
        #[test]
        fn no_change_brings_it_down(changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
            let mut body = body();
            // The rules stand behind the fields, which are most of it.
            let last = body.len() - 1;
            for (at, byte) in changes {
                let at = if byte % 2 == 0 { usize::from(at) % body.len() } else { last - usize::from(at) % 900 };
                body[at] = byte;
            }
            if let Err(error) = read(&body) {
                let known = matches!(
                    error,
                    ImageError::Malformed { .. } | ImageError::Field { .. } | ImageError::Window { .. }
                );
                prop_assert!(known, "{}", error);
            }
        }
    }
}
