//! Values from trees, by serde. What is wrong is an [`Issue`] whose label stands where the value, or its key, stands.

use std::fmt;
use std::ops::Range;
use std::slice;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Unexpected, Visitor,
};

use super::{Key, Node, Scalar, Tree};
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::lang::suggest::did_you_mean;

/// Reads a value. `hint` helps with a key that is missing.
pub(crate) fn value<T: DeserializeOwned>(
    node: &Node<'_>,
    hint: fn(&str) -> &'static str,
) -> Result<T, Issue> {
    T::deserialize(Reader(node)).map_err(|misread| {
        let Misread { mut issue, place, missing } = misread.at(&node.span);
        let place = place.unwrap_or_default();
        issue.labels.iter_mut().for_each(|label| label.0 = place.clone());
        match missing {
            Some(key) => issue.help(hint(key)),
            None => *issue,
        }
    })
}

/// A value that could not be read.
#[derive(Debug)]
struct Misread {
    issue: Box<Issue>,
    place: Option<Range<usize>>,
    /// The key that is missing, if that is what is wrong.
    missing: Option<&'static str>,
}

impl Misread {
    fn new(code: Code, title: impl Into<String>, label: &str) -> Self {
        Self { issue: Box::new(Issue::new(code, title, 0..0, label)), place: None, missing: None }
    }

    fn expected(what: &str, node: &Node<'_>) -> Self {
        let mut misread = Self::new(Code::WrongType, format!("expected {what}"), "this has another type");
        if what == "a list" {
            let help = "a list is written `[source.ip]`, or with a `-` before each item";
            misread.issue.help = Some(help.to_owned());
        }
        misread.at(&node.span)
    }

    /// The same with a place, unless it has one that is more exact.
    fn at(mut self, span: &Range<usize>) -> Self {
        self.place.get_or_insert_with(|| span.clone());
        self
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.issue.title)
    }
}

impl std::error::Error for Misread {}

impl de::Error for Misread {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Code::BadValue, message.to_string(), "")
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Code::WrongType, format!("expected {expected}, found {found}"), "this has another type")
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Code::BadValue, format!("expected {expected}, found {found}"), "")
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut misread = Self::new(Code::UnknownWord, format!("unknown word {}", quoted(variant)), "");
        let close = did_you_mean(variant, expected.iter().copied());
        misread.issue.help = close.or_else(|| Some(format!("possible here: {}", expected.join(", "))));
        misread
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let title = format!("unknown key {}", quoted(field));
        let mut misread = Self::new(Code::UnknownKey, title, "there is no such key here");
        let close = did_you_mean(field, expected.iter().copied());
        misread.issue.help = close.or_else(|| Some(format!("the keys are {}", expected.join(", "))));
        misread
    }

    fn missing_field(field: &'static str) -> Self {
        let misread = Self::new(Code::MissingKey, format!("missing key `{field}`"), "it belongs here");
        Self { missing: Some(field), ..misread }
    }

    fn duplicate_field(field: &'static str) -> Self {
        let title = format!("the key `{field}` is given twice");
        Self::new(Code::DuplicateKey, title, "the second is here")
    }
}

/// Reads from a node.
#[derive(Clone, Copy)]
struct Reader<'n, 'a>(&'n Node<'a>);

/// The integers of a type: what is not one of them is refused by its range.
macro_rules! integers {
    ($($method:ident $type:ty, $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
            let number = self.number().and_then(|number| number.parse().ok());
            let number: $type = number.ok_or_else(|| {
                let what = format!("a whole number between {} and {}", <$type>::MIN, <$type>::MAX);
                Misread::expected(&what, self.0)
            })?;
            visitor.$visit(number).map_err(|misread: Misread| misread.at(&self.0.span))
        }
    )*};
}

impl<'n> Reader<'n, '_> {
    /// The scalar that stands here.
    fn scalar(self, what: &str) -> Result<&'n Scalar<'n>, Misread> {
        self.0.scalar().ok_or_else(|| Misread::expected(what, self.0))
    }

    fn number(self) -> Option<String> {
        self.0.scalar()?.number().map(|number| number.into_owned())
    }

    fn boolean(self) -> Option<bool> {
        let scalar = self.0.scalar().filter(|scalar| scalar.plain)?;
        match &*scalar.text {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    fn is_null(self) -> bool {
        self.0.scalar().is_some_and(Scalar::is_null)
    }

    fn list<'de, V: Visitor<'de>>(self, nodes: &[Node<'_>], visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_seq(Items(nodes.iter())).map_err(|misread| misread.at(&self.0.span))
    }

    fn map<'de, V: Visitor<'de>>(
        self,
        entries: &[(Key<'_>, Node<'_>)],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        // A key that is missing belongs to where the others begin.
        let begin = entries.first().map_or(&self.0.span, |(key, _)| &key.span);
        visitor.visit_map(Entries { rest: entries.iter(), value: None }).map_err(|misread| misread.at(begin))
    }
}

impl<'de> Deserializer<'de> for Reader<'_, '_> {
    type Error = Misread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let scalar = match &self.0.tree {
            Tree::List(nodes) => return self.list(nodes, visitor),
            Tree::Map(entries) => return self.map(entries, visitor),
            Tree::Scalar(scalar) => scalar,
        };
        let number = scalar.number();
        let integer = number.as_deref().and_then(|number| number.parse::<i64>().ok());
        let float = number.as_deref().and_then(|number| number.parse::<f64>().ok());
        let result = match (integer, float, self.boolean()) {
            _ if scalar.is_null() => visitor.visit_unit(),
            (Some(number), ..) => visitor.visit_i64(number),
            (None, Some(number), _) => visitor.visit_f64(number),
            (.., Some(truth)) => visitor.visit_bool(truth),
            _ => visitor.visit_str(&scalar.text),
        };
        result.map_err(|misread: Misread| misread.at(&self.0.span))
    }

    integers! {
        deserialize_i8 i8, visit_i8;
        deserialize_i16 i16, visit_i16;
        deserialize_i32 i32, visit_i32;
        deserialize_i64 i64, visit_i64;
        deserialize_u8 u8, visit_u8;
        deserialize_u16 u16, visit_u16;
        deserialize_u32 u32, visit_u32;
        deserialize_u64 u64, visit_u64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let number = self.number().and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| Misread::expected("a number", self.0))?;
        visitor.visit_f64(number).map_err(|misread: Misread| misread.at(&self.0.span))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let truth = self.boolean().ok_or_else(|| Misread::expected("`true` or `false`", self.0))?;
        visitor.visit_bool(truth).map_err(|misread: Misread| misread.at(&self.0.span))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    /// Any scalar is text where text is wanted: the number in `name: 404` as it is written, the word in `mode: off`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        let scalar = self.scalar("text")?;
        if scalar.is_null() {
            return Err(Misread::expected("text", self.0));
        }
        visitor.visit_str(&scalar.text).map_err(|misread: Misread| misread.at(&self.0.span))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        if self.is_null() { visitor.visit_unit() } else { Err(Misread::expected("nothing", self.0)) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match &self.0.tree {
            Tree::List(nodes) => self.list(nodes, visitor),
            _ => Err(Misread::expected("a list", self.0)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        match &self.0.tree {
            Tree::Map(entries) => self.map(entries, visitor),
            _ => Err(Misread::expected("keys and values", self.0)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misread> {
        let result = match &self.0.tree {
            Tree::Scalar(scalar) => {
                let word: de::value::StrDeserializer<'_, Misread> = (*scalar.text).into_deserializer();
                visitor.visit_enum(word)
            }
            Tree::Map(entries) => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries { rest: entries.iter(), value: None }))
            }
            Tree::List(_) => Err(Misread::expected("a word", self.0)),
        };
        result.map_err(|misread| misread.at(&self.0.span))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misread> {
        visitor.visit_unit()
    }
}

/// The items of a list.
struct Items<'n, 'a>(slice::Iter<'n, Node<'a>>);

impl<'de> de::SeqAccess<'de> for Items<'_, '_> {
    type Error = Misread;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misread> {
        let read = |node: &Node<'_>| {
            seed.deserialize(Reader(node)).map_err(|misread: Misread| misread.at(&node.span))
        };
        self.0.next().map(read).transpose()
    }
}

/// The keys and values of a map.
struct Entries<'n, 'a> {
    rest: slice::Iter<'n, (Key<'a>, Node<'a>)>,
    /// The value of the key that was read last.
    value: Option<&'n Node<'a>>,
}

impl<'de> de::MapAccess<'de> for Entries<'_, '_> {
    type Error = Misread;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misread> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        let name: de::value::StrDeserializer<'_, Misread> = (*key.name).into_deserializer();
        seed.deserialize(name).map(Some).map_err(|misread| misread.at(&key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misread> {
        let Some(node) = self.value.take() else { return Err(de::Error::custom("a value without a key")) };
        seed.deserialize(Reader(node)).map_err(|misread: Misread| misread.at(&node.span))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::rule::lang::tree::yaml::{self, Limit};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Everything {
        text: String,
        number: Option<i8>,
        share: f64,
        on: bool,
        word: Word,
        map: BTreeMap<String, Vec<u8>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Off,
        Pair(u8, u8),
    }

    fn read(text: &str) -> Result<Everything, (Code, String)> {
        let (documents, _) = yaml::documents(text, Limit { nodes: 100, code: Code::NotYaml });
        value(&documents[0], |_| "it helps")
            .map_err(|issue| (issue.code, text[issue.labels[0].0.clone()].to_owned()))
    }

    const GOOD: &str = "{ text: 404, number: ~, share: 1, on: true, word: off, map: { a: [1, 0x10] } }";

    #[test]
    fn reads_every_kind() {
        let everything = read(GOOD).unwrap();
        assert_eq!((everything.text.as_str(), everything.number, everything.share), ("404", None, 1.0));
        assert_eq!((everything.on, everything.word, &everything.map["a"]), (true, Word::Off, &vec![1, 16]));
        assert_eq!(read(&GOOD.replace("off", "{ pair: [1, 2] }")).unwrap().word, Word::Pair(1, 2));
    }

    #[test]
    fn places_what_is_wrong() {
        for (from, to, code, place) in [
            ("404", "[x]", Code::WrongType, "["),
            ("number: ~", "number: 128", Code::WrongType, "128"),
            ("share: 1", "share: x", Code::WrongType, "x"),
            ("on: true", "on: 1", Code::WrongType, "1"),
            ("off", "of", Code::UnknownWord, "of"),
            ("1, 0x10", "1, 256", Code::WrongType, "256"),
            ("{ a: [1, 0x10] }", "[]", Code::WrongType, "["),
            ("on: true, ", "", Code::MissingKey, "text"),
            ("on:", "onn:", Code::UnknownKey, "onn"),
        ] {
            assert_eq!(read(&GOOD.replace(from, to)), Err((code, place.to_owned())), "{to}");
        }
    }
}
