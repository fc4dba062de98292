//! From pieces of JSON to fields of an event: what is wanted is put where the paths say, the rest is stepped over.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::super::{Event, Kind, Value};
use super::JsonError;
use super::path::{Key, Node, Paths, Target};
use super::scan::{Scalar, Scanner, Step};
use super::text::Quoted;
use super::time::timestamp;

/// Values of an array held without touching the heap before they become a list.
const INLINE_VALUES: usize = 8;

/// Room for so many values that have no path, once there is one.
const REST: usize = 32;

/// An event being filled from one object.
#[derive(Debug)]
pub(super) struct Filling<'a, 'r> {
    scan: Scanner<'a>,
    paths: &'r Paths,
    event: &'r mut Event<'a>,
    /// Where strings with escapes are written to, as far as it goes.
    room: &'a mut [u8],
    time: Time<'a>,
}

/// What was found where the time stands.
#[derive(Debug)]
pub(super) enum Time<'a> {
    /// Nothing, or null.
    Missing,
    /// A value that is no time: as it stands, and where it ends.
    Unreadable(Cow<'a, str>, usize),
    /// A time, which the event has.
    Read,
}

impl<'a, 'r> Filling<'a, 'r> {
    pub(super) fn new(
        scan: Scanner<'a>,
        paths: &'r Paths,
        event: &'r mut Event<'a>,
        room: &'a mut [u8],
    ) -> Self {
        Self { scan, paths, event, room, time: Time::Missing }
    }

    /// Reads the object and all behind it: what became of the time, and where the object ends.
    pub(super) fn fill(mut self) -> Step<(Time<'a>, usize)> {
        match self.scan.peek() {
            Some(b'{') => {}
            None => return Err(Box::new(JsonError::Truncated { offset: self.scan.offset() })),
            Some(_) => return Err(Box::new(JsonError::NotAnObject { offset: self.scan.offset() })),
        }
        match self.paths.root() {
            Some(root) => self.object(root, false, 0)?,
            None => self.scan.skip(0)?,
        }
        let end = self.scan.offset();
        self.scan.end()?;
        Ok((self.time, end))
    }

    /// Reads the object here; values from inside an array are `added`, others replace what the field holds.
    fn object(&mut self, node: &'r Node, added: bool, depth: usize) -> Step<()> {
        self.scan.open(depth)?;
        let mut first = true;
        while let Some((key, input)) = self.scan.key(&mut first)? {
            let next = match key {
                Quoted::Plain(raw) => self.paths.step(node, Key::within(raw, input)),
                Quoted::Escaped(_) => self.paths.step(node, Key::new(key.text().as_bytes())),
            };
            match next {
                Some(next) => self.value(next, added, depth + 1)?,
                None => self.unplaced(depth + 1)?,
            }
        }
        Ok(())
    }

    /// A value that has no path: kept only if there is a field for such values.
    #[inline]
    fn unplaced(&mut self, depth: usize) -> Step<()> {
        if self.paths.rest.is_some() { self.gather(depth) } else { self.scan.skip(depth) }
    }

    /// Adds every value here, and inside what stands here, to the field for what has no path.
    fn gather(&mut self, depth: usize) -> Step<()> {
        let mut first = true;
        match self.scan.peek() {
            Some(b'{') => {
                self.scan.open(depth)?;
                while self.scan.key(&mut first)?.is_some() {
                    self.gather(depth + 1)?;
                }
            }
            Some(b'[') => {
                self.scan.open(depth)?;
                while self.scan.element(&mut first)? {
                    self.gather(depth + 1)?;
                }
            }
            _ => {
                let scalar = self.scan.scalar()?;
                self.put_rest(scalar);
            }
        }
        Ok(())
    }

    fn put_rest(&mut self, scalar: Scalar<'a>) {
        if let Some(rest) = self.paths.rest
            && let Some(text) = text(scalar, &mut self.room)
        {
            // Where there is one there are many: as a list that grows from nothing they were copied four times.
            if self.event.get(rest).is_none() {
                self.event.place(rest, Value::List(Vec::with_capacity(REST)));
            }
            self.event.add(rest, Value::Text(text));
        }
    }

    fn value(&mut self, node: &'r Node, added: bool, depth: usize) -> Step<()> {
        match self.scan.peek() {
            Some(b'{') if node.is_inner() => self.object(node, added, depth),
            Some(b'{') => self.unplaced(depth),
            Some(b'[') => {
                let mut scalars = SmallVec::new();
                self.array(node, &mut scalars, depth)?;
                for target in node.targets() {
                    self.put_list(*target, &scalars, added);
                }
                if node.targets().is_empty() {
                    scalars.iter().for_each(|scalar| self.put_rest(*scalar));
                }
                Ok(())
            }
            _ => {
                let scalar = self.scan.scalar()?;
                for target in node.targets() {
                    self.put(*target, scalar, added);
                }
                if node.targets().is_empty() {
                    self.put_rest(scalar);
                }
                Ok(())
            }
        }
    }

    /// Collects the scalars of an array, of arrays in it too, and reads the objects in it.
    fn array(
        &mut self,
        node: &'r Node,
        scalars: &mut SmallVec<[Scalar<'a>; INLINE_VALUES]>,
        depth: usize,
    ) -> Step<()> {
        self.scan.open(depth)?;
        let mut first = true;
        while self.scan.element(&mut first)? {
            match self.scan.peek() {
                Some(b'{') if node.is_inner() => self.object(node, true, depth + 1)?,
                Some(b'{') => self.unplaced(depth + 1)?,
                Some(b'[') => self.array(node, scalars, depth + 1)?,
                _ => scalars.push(self.scan.scalar()?),
            }
        }
        Ok(())
    }

    fn put(&mut self, target: Target, scalar: Scalar<'a>, added: bool) {
        match target {
            Target::Time => self.put_time(scalar),
            Target::Field(field, kind) => match value(scalar, kind, &mut self.room) {
                Some(value) if added => self.event.add(field, value),
                Some(value) => self.event.place(field, value),
                None => {}
            },
        }
    }

    fn put_list(&mut self, target: Target, scalars: &[Scalar<'a>], added: bool) {
        let Target::Field(field, kind) = target else {
            self.time = Time::Unreadable(Cow::Borrowed("[…]"), self.scan.offset());
            return;
        };
        let room = &mut self.room;
        let values = scalars.iter().filter_map(|scalar| value(*scalar, kind, room));
        if added {
            values.for_each(|value| self.event.add(field, value));
            return;
        }
        let values: Vec<_> = values.collect();
        if !values.is_empty() {
            self.event.set(field, Value::List(values));
        }
    }

    fn put_time(&mut self, scalar: Scalar<'a>) {
        let Some(text) = text(scalar, &mut self.room) else { return };
        match timestamp(scalar) {
            Some(time) => {
                self.event.set_time(time);
                self.time = Time::Read;
            }
            None => self.time = Time::Unreadable(text, self.scan.offset()),
        }
    }
}

/// The value of a field of this kind; nothing for null.
#[inline(always)]
fn value<'a>(scalar: Scalar<'a>, kind: Kind, room: &mut &'a mut [u8]) -> Option<Value<'a>> {
    text(scalar, room).map(|text| Value::read(text, kind))
}

#[inline]
fn text<'a>(scalar: Scalar<'a>, room: &mut &'a mut [u8]) -> Option<Cow<'a, str>> {
    match scalar {
        Scalar::Quoted(quoted) => Some(quoted.text_in(room)),
        Scalar::Number(digits) => std::str::from_utf8(digits).ok().map(Cow::Borrowed),
        Scalar::True => Some(Cow::Borrowed("true")),
        Scalar::False => Some(Cow::Borrowed("false")),
        Scalar::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number_as(kind: Kind, digits: &str) -> Value<'_> {
        value(Scalar::Number(digits.as_bytes()), kind, &mut Default::default()).unwrap()
    }

    fn quoted_as(kind: Kind, raw: &str) -> Value<'_> {
        value(Scalar::Quoted(Quoted::Plain(raw.as_bytes())), kind, &mut Default::default()).unwrap()
    }

    #[test]
    fn integers_come_in_many_forms() {
        for digits in ["22", "22.0", "2.2e1"] {
            assert_eq!(number_as(Kind::Integer, digits), Value::Integer(22));
            assert_eq!(quoted_as(Kind::Integer, digits), Value::Integer(22));
        }
        assert_eq!(number_as(Kind::Integer, "-9223372036854775808"), Value::Integer(i64::MIN));
        assert_eq!(number_as(Kind::Integer, "-9.223372036854775808e18"), Value::Integer(i64::MIN));
        assert_eq!(number_as(Kind::Integer, "1.5"), Value::Float(1.5));
        assert_eq!(
            number_as(Kind::Integer, "9223372036854775808"),
            Value::Float(9_223_372_036_854_775_808.0)
        );
        assert_eq!(number_as(Kind::Integer, "1e999"), Value::from("1e999"));
        for text in ["", "-", "0xe98", "inf", "NaN", "22 "] {
            assert_eq!(quoted_as(Kind::Integer, text), Value::from(text));
        }
    }

    #[test]
    fn what_does_not_fit_stays_as_text() {
        assert_eq!(quoted_as(Kind::Address, "::ffff:192.0.2.1").as_address(), "192.0.2.1".parse().ok());
        assert_eq!(quoted_as(Kind::Address, "mail.example.org"), Value::from("mail.example.org"));
        assert_eq!(number_as(Kind::Address, "7"), Value::from("7"));
        assert_eq!(quoted_as(Kind::Boolean, "true"), Value::Boolean(true));
        assert_eq!(number_as(Kind::Boolean, "1"), Value::from("1"));
        assert_eq!(quoted_as(Kind::Float, "-0.25"), Value::Float(-0.25));
        assert_eq!(number_as(Kind::Text, "1.0e3"), Value::from("1.0e3"));
        assert_eq!(value(Scalar::False, Kind::Text, &mut Default::default()), Some(Value::from("false")));
        assert_eq!(value(Scalar::Null, Kind::Text, &mut Default::default()), None);
    }
}
