//! What MISP writes in several ways: numbers as texts, lists as objects, nothing as an empty list. Whatever else stands in a
//! place is stepped over, so that one strange field costs no event.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, number or truth, as a text.
#[derive(Debug, Default)]
pub(super) struct Scalar(pub(super) Option<Box<str>>);

/// An object, or something else.
#[derive(Debug)]
pub(super) struct Maybe<T>(pub(super) Option<T>);

/// Objects in a list or one alone.
#[derive(Debug)]
pub(super) struct Entries<T> {
    /// With the place of each in the list.
    pub(super) items: Vec<(usize, T)>,
    /// How many members of the list are no objects.
    pub(super) strange: u64,
}

impl Scalar {
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn number(&self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.text(), Some("true" | "1"))
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { items: Vec::new(), strange: 0 }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MaybeVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(EntriesVisitor(PhantomData))
    }
}

struct ScalarVisitor;
struct MaybeVisitor<T>(PhantomData<T>);
struct EntriesVisitor<T>(PhantomData<T>);

/// Visits that all mean one thing.
macro_rules! otherwise {
    ($nothing:expr; $($visit:ident: $kind:ty),*) => {
        $(fn $visit<E>(self, _: $kind) -> Result<Self::Value, E> {
            Ok($nothing)
        })*

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
}

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.into())))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.into())))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar(Some(if truth { "true" } else { "false" }.into())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string().into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string().into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string().into())))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Scalar, A::Error> {
        while members.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Scalar, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for MaybeVisitor<T> {
    type Value = Maybe<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Maybe<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(|object| Maybe(Some(object)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Maybe<T>, A::Error> {
        while members.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Maybe(None))
    }

    otherwise!(Maybe(None); visit_str: &str, visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Entries<T>, A::Error> {
        let mut entries = Entries::default();
        let mut place = 0;
        while let Some(Maybe(member)) = members.next_element()? {
            match member {
                Some(item) => entries.items.push((place, item)),
                None => entries.strange += 1,
            }
            place += 1;
        }
        Ok(entries)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Entries<T>, A::Error> {
        let one = T::deserialize(MapAccessDeserializer::new(members))?;
        Ok(Entries { items: vec![(0, one)], strange: 0 })
    }

    otherwise!(Entries::default(); visit_str: &str, visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
}
