use std::hash::Hasher;

use serde::Serialize;
use serde::de::DeserializeOwned;
use siphasher::sip128::{Hasher128, SipHasher13};

use super::bytes::{Input, Output};
use super::kept::Kept;
use super::{ImageError, condition};
use crate::event::{FieldId, Kind, Schema};
use crate::rule::lang::condition::Condition;
use crate::rule::model::Rule;
use crate::rule::sigma::SigmaRule;

/// What every image begins with.
const MAGIC: [u8; 8] = *b"AutoSecR";
/// The format that is read and written; goes up whenever either changes.
const FORMAT: u32 = 1;
/// Magic, format, length and checksum.
const HEAD: usize = 8 + 4 + 8 + 16;
/// The most bytes of a body. All 3,754 rules of the Sigma corpus take 5 MB.
const LIMIT: usize = 256 << 20;

const KINDS: [Kind; 5] = [Kind::Address, Kind::Boolean, Kind::Float, Kind::Integer, Kind::Text];

/// Rules that were read from an image.
#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) rules: Vec<Stored<Rule>>,
    pub(crate) sigma: Vec<Stored<SigmaRule>>,
}

/// A rule as it was written, and what was made of its condition.
#[derive(Debug)]
pub(crate) struct Stored<R> {
    pub(crate) rule: R,
    /// None of a rule that speaks of lists: its expression has to be read with the lists of the day.
    pub(crate) condition: Option<Condition>,
}

/// The bytes of these rules.
pub(crate) fn write<'r>(
    schema: &Schema,
    rules: impl Iterator<Item = (&'r Rule, &'r Kept)>,
    sigma: impl Iterator<Item = (&'r SigmaRule, &'r Kept)>,
) -> Result<Vec<u8>, ImageError> {
    let mut body = Output::default();
    let mut table = Output::default();
    table.count(schema.fields().count());
    for (field, name, kind) in schema.fields() {
        table.byte(u8::from(schema.is_foreign(field)));
        table.byte((0..).zip(KINDS).find_map(|(at, known)| (known == kind).then_some(at)).unwrap_or(u8::MAX));
        table.sized(name.as_bytes());
    }
    body.sized(&table.bytes);
    body.sized(&section(rules)?);
    body.sized(&section(sigma)?);
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

fn section<'r, R: Serialize + 'r>(
    rules: impl Iterator<Item = (&'r R, &'r Kept)>,
) -> Result<Vec<u8>, ImageError> {
    let mut section = Output::default();
    for (rule, condition) in rules {
        let unwritable = |_| ImageError::Malformed { at: section.bytes.len(), what: "a rule that is none" };
        let text = serde_json::to_vec(rule).map_err(unwritable)?;
        section.sized(&text);
        section.sized(condition.bytes().unwrap_or_default());
    }
    Ok(section.bytes)
}

/// Finds damage. It is no signature: whoever may write the image may write what they like.
fn checksum(body: &[u8]) -> [u8; 16] {
    let mut hasher = SipHasher13::new_with_keys(0, u64::from(FORMAT));
    hasher.write(body);
    hasher.finish128().as_bytes()
}

impl Image {
    /// Reads an image whose fields are those of `schema`, to which it adds those that Sigma rules name.
    pub(crate) fn read(bytes: &[u8], schema: &mut Schema) -> Result<Self, ImageError> {
        let mut input = Input::new(body(bytes)?);
        let mut fields = Table::read(input.sized()?, schema)?;
        let rules = stored(input.sized()?, &mut |at| fields.field(at))?;
        let sigma: Vec<Stored<SigmaRule>> = stored(input.sized()?, &mut |at| fields.field(at))?;
        if sigma.iter().any(|stored| stored.condition.is_none()) {
            return Err(input.malformed("a Sigma rule without a condition"));
        }
        input.finish()?;
        Ok(Self { rules, sigma })
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

fn stored<R: DeserializeOwned>(
    bytes: &[u8],
    fields: &mut condition::Fields<'_>,
) -> Result<Vec<Stored<R>>, ImageError> {
    let mut input = Input::new(bytes);
    let mut rules = Vec::new();
    while input.finish().is_err() {
        let text = input.sized()?;
        let rule = serde_json::from_slice(text).map_err(|_| input.malformed("a rule that is none"))?;
        let bytes = input.sized()?;
        let mut inner = Input::new(bytes);
        let condition = match bytes {
            [] => None,
            _ => Some(condition::read(&mut inner, fields)?),
        };
        inner.finish()?;
        rules.push(Stored { rule, condition });
    }
    Ok(rules)
}

/// The fields an image knows, and those of them that the schema was already asked for.
struct Table<'s> {
    schema: &'s mut Schema,
    fields: Vec<Known>,
}

struct Known {
    /// Named by a Sigma rule, and not by the host.
    foreign: bool,
    kind: Kind,
    name: String,
    field: Option<FieldId>,
}

impl<'s> Table<'s> {
    fn read(bytes: &[u8], schema: &'s mut Schema) -> Result<Self, ImageError> {
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
        Ok(Self { schema, fields })
    }

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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::field;
    use crate::measure::Severity;
    use crate::rule::lang::condition::Fact;

    fn read(body: &[u8]) -> Result<Image, ImageError> {
        Image::read(&sealed(body), &mut Schema::ecs())
    }

    fn image(condition: &Condition) -> Vec<u8> {
        let rule = Rule::new("rule", Severity::Low, "exists(user.name)");
        let kept = Kept::new(condition);
        write(&Schema::ecs(), [(&rule, &kept)].into_iter(), std::iter::empty()).unwrap()
    }

    fn within(depth: usize) -> Condition {
        let inner = Condition::Test(field::USER_NAME, Fact::Exists);
        (0..depth).fold(inner, |inner, _| Condition::Not(Box::new(inner)))
    }

    #[test]
    fn has_a_bottom() {
        assert!(Image::read(&image(&within(200)), &mut Schema::ecs()).is_ok());
        let what = "a condition within too many others";
        let refused = Image::read(&image(&within(5_000)), &mut Schema::ecs()).unwrap_err();
        assert!(matches!(refused, ImageError::Malformed { what: found, .. } if found == what), "{refused}");
    }

    #[test]
    fn believes_no_length() {
        let mut huge = Output::default();
        huge.number(u64::MAX / 2);
        for body in [&huge.bytes[..], &[0], &[], &[2, 0x80, 0x80, 0, 0]] {
            assert!(matches!(read(body), Err(ImageError::Malformed { .. })), "{body:?}");
        }
        assert!(read(&[1, 0, 0, 0]).is_ok_and(|image| image.rules.is_empty()));
    }

    proptest! {
        /// The checksum is right, the rest is not.
        #[test]
        fn no_change_brings_it_down(changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
            let mut body = image(&within(3)).split_off(HEAD);
            // The rules stand behind the fields, which are most of it.
            let last = body.len() - 1;
            for (at, byte) in changes {
                let at = if byte % 2 == 0 { usize::from(at) % body.len() } else { last - usize::from(at) % 120 };
                body[at] = byte;
            }
            if let Err(error) = read(&body) {
                prop_assert!(matches!(error, ImageError::Malformed { .. } | ImageError::Field { .. }), "{}", error);
            }
        }
    }
}
