use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::field::FIELDS;

/// A field's number: cheap to copy and compare, valid in the [`Schema`] it came from. The constants of
/// [`field`](super::field) are valid in every schema.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FieldId(pub(super) u16);

impl FieldId {
    /// Position among the schema's fields.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The type of a field's values.
///
/// The kind is checked where a rule is loaded, not where an event is made: a text in an integer field is no error, and
/// no numeric test matches it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// An IP address.
    Address,
    /// True or false.
    Boolean,
    /// A floating-point number.
    Float,
    /// A signed 64-bit number.
    Integer,
    /// Text.
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Address => "an address",
            Kind::Boolean => "a boolean",
            Kind::Float => "a number with a fraction",
            Kind::Integer => "an integer",
            Kind::Text => "text",
        })
    }
}

/// The fields that exist: the built-in ECS fields and those the host adds.
///
/// Rules are checked against it when they are loaded, so a misspelt field never waits until run time.
///
/// It only grows: a field is never removed or given another kind, so an id stays valid in a schema and in its clones.
/// Add every field before rules are built and readers are made; each keeps what it looked up.
///
/// ```
/// use autosec_core::event::{Event, Kind, Schema};
/// use autosec_core::rule::{Rule, RuleSet};
/// use autosec_core::measure::Severity;
/// use autosec_core::time::Timestamp;
///
/// let mut schema = Schema::ecs();
/// let tenant = schema.add("app.tenant", Kind::Text)?;
/// let event = Event::new(Timestamp::EPOCH).with(tenant, "acme");
/// assert_eq!(event.text(tenant), Some("acme"));
///
/// let typo = Rule::new("one-tenant", Severity::Low, r#"app.tennant == "acme""#);
/// let refused = RuleSet::builder(&schema).rule(typo).build().unwrap_err();
/// assert_eq!(refused.diagnostics()[0].help_line(), Some("did you mean `app.tenant`?"));
/// # Ok::<(), autosec_core::event::SchemaError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    /// By id. The built-in fields come first, which is what makes their constants valid in every schema.
    fields: Vec<(Arc<str>, Kind)>,
    by_name: HashMap<Arc<str>, FieldId>,
    /// Holds names that inputs may write with spaces in them.
    spaced: bool,
    /// The fields that another system named, in order.
    foreign: Vec<FieldId>,
    rest: Option<FieldId>,
}

/// A field that cannot be added to a schema.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The name exists with another kind.
    #[error("field `{name}` already holds {kind}")]
    Conflict {
        /// The field's name.
        name: String,
        /// The kind it already has.
        kind: Kind,
    },
    /// More fields than a schema holds.
    #[error("field `{name}` is one too many: a schema holds {limit} fields")]
    Full {
        /// The field's name.
        name: String,
        /// The most fields a schema holds.
        limit: usize,
    },
    /// The name is not of the form `part.part`.
    #[error("`{name}` is not a field name: use dot-separated parts of letters, digits, `_`, `-` or `@`")]
    Malformed {
        /// The refused name.
        name: String,
    },
}

impl Schema {
    /// The most fields a schema holds.
    pub const LIMIT: usize = 4096;

    /// The built-in fields alone.
    pub fn ecs() -> Self {
        let fields: Vec<_> = FIELDS.iter().map(|(name, kind)| (Arc::from(*name), *kind)).collect();
        let by_name = (0u16..).zip(&fields).map(|(id, (name, _))| (Arc::clone(name), FieldId(id))).collect();
        Self { fields, by_name, spaced: false, foreign: Vec::new(), rest: None }
    }

    /// Adds a field of the host's own. Adding the same field twice gives the same id.
    ///
    /// # Errors
    /// The name is malformed, exists with another kind, or the schema is full.
    pub fn add(&mut self, name: &str, kind: Kind) -> Result<FieldId, SchemaError> {
        if let Some(id) = self.field(name) {
            let held = self.kind(id);
            return if held == kind {
                Ok(id)
            } else {
                Err(SchemaError::Conflict { name: name.to_owned(), kind: held })
            };
        }
        if !is_field_name(name) {
            return Err(SchemaError::Malformed { name: name.chars().take(64).collect() });
        }
        self.push(name, kind)
    }

    /// Adds a text field under the name that another system gives it, of any characters but spaces; a field of that name
    /// is taken as it is. From then on readers look a key that is unknown up again without its spaces.
    pub(crate) fn add_foreign(&mut self, name: &str) -> Result<FieldId, SchemaError> {
        self.spaced = true;
        if let Some(id) = self.field(name) {
            return Ok(id);
        }
        let legal = !name.is_empty() && name.len() <= NAME_LIMIT && !name.contains(char::is_whitespace);
        if !legal {
            return Err(SchemaError::Malformed { name: name.chars().take(64).collect() });
        }
        let field = self.push(name, Kind::Text)?;
        self.foreign.push(field);
        Ok(field)
    }

    /// Whether another system named the field, and not the host.
    pub(crate) fn is_foreign(&self, field: FieldId) -> bool {
        self.foreign.binary_search(&field).is_ok()
    }

    /// Adds the field that readers put every value into that stands where no other field does.
    pub(crate) fn add_rest(&mut self) -> Result<FieldId, SchemaError> {
        let id = self.add(REST, Kind::Text)?;
        self.rest = Some(id);
        Ok(id)
    }

    /// The field that readers put every value into that stands where no other field does, as text; there is one once a
    /// keyword of a Sigma rule looks at whole events.
    pub fn rest(&self) -> Option<FieldId> {
        self.rest
    }

    /// Whether a key may be a field's name with spaces in it: readers then look a key that is unknown up again without them.
    pub fn is_spaced(&self) -> bool {
        self.spaced
    }

    fn push(&mut self, name: &str, kind: Kind) -> Result<FieldId, SchemaError> {
        let full = || SchemaError::Full { name: name.chars().take(64).collect(), limit: Self::LIMIT };
        let id = u16::try_from(self.fields.len())
            .ok()
            .filter(|id| usize::from(*id) < Self::LIMIT)
            .ok_or_else(full)?;
        let name: Arc<str> = Arc::from(name);
        self.fields.push((Arc::clone(&name), kind));
        self.by_name.insert(name, FieldId(id));
        Ok(FieldId(id))
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.by_name.get(name).copied()
    }

    /// The field at this position.
    pub(crate) fn at(&self, index: usize) -> Option<FieldId> {
        u16::try_from(index).ok().filter(|_| index < self.fields.len()).map(FieldId)
    }

    /// The field's name; empty for an id of another schema.
    pub fn name(&self, id: FieldId) -> &str {
        self.fields.get(id.index()).map_or("", |(name, _)| name)
    }

    /// The field's name, shared; empty for an id of another schema.
    pub(crate) fn shared_name(&self, id: FieldId) -> Arc<str> {
        self.fields.get(id.index()).map_or_else(|| Arc::from(""), |(name, _)| Arc::clone(name))
    }

    /// The field's kind; text for an id of another schema.
    pub fn kind(&self, id: FieldId) -> Kind {
        self.fields.get(id.index()).map_or(Kind::Text, |(_, kind)| *kind)
    }

    /// All fields with their names and kinds, in the order of their ids.
    pub fn fields(&self) -> impl Iterator<Item = (FieldId, &str, Kind)> {
        (0u16..).zip(&self.fields).map(|(id, (name, kind))| (FieldId(id), &**name, *kind))
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self::ecs()
    }
}

/// The longest name, in bytes.
const NAME_LIMIT: usize = 128;

/// The name of the field for all that no other field holds.
const REST: &str = "@rest";

fn is_field_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@');
    name.len() <= NAME_LIMIT && name.split('.').all(|part| !part.is_empty() && part.chars().all(legal))
}

#[cfg(test)]
mod tests {
    use super::super::field;
    use super::*;

    #[test]
    fn constants_name_their_fields() {
        let schema = Schema::ecs();
        assert_eq!(schema.name(field::SOURCE_IP), "source.ip");
        assert_eq!(schema.kind(field::SOURCE_IP), Kind::Address);
        assert_eq!(schema.field("error.message"), Some(field::ERROR_MESSAGE));
        assert!(schema.fields().all(|(id, name, _)| schema.field(name) == Some(id)));
    }

    #[test]
    fn adds_fields_once() {
        let mut schema = Schema::ecs();
        let tenant = schema.add("app.tenant", Kind::Text).unwrap();
        assert_eq!(schema.add("app.tenant", Kind::Text), Ok(tenant));
        assert!(matches!(schema.add("app.tenant", Kind::Integer), Err(SchemaError::Conflict { .. })));
        for wrong in ["", "a..b", ".a", "a b", "ä"] {
            assert!(matches!(schema.add(wrong, Kind::Text), Err(SchemaError::Malformed { .. })), "{wrong}");
        }
    }

    #[test]
    fn adds_names_of_other_systems() {
        let mut schema = Schema::ecs();
        let odd = schema.add_foreign("cs(User-Agent)").unwrap();
        assert_eq!(schema.add_foreign("cs(User-Agent)"), Ok(odd));
        assert_eq!(schema.add_foreign("source.ip"), Ok(field::SOURCE_IP));
        for wrong in ["", "a b", &"x".repeat(129)] {
            assert!(matches!(schema.add_foreign(wrong), Err(SchemaError::Malformed { .. })), "{wrong}");
        }
    }

    #[test]
    fn is_bounded() {
        let mut schema = Schema::ecs();
        let refused = (0..=Schema::LIMIT).find_map(|n| schema.add(&format!("x.f{n}"), Kind::Text).err());
        assert!(matches!(refused, Some(SchemaError::Full { .. })));
    }
}
