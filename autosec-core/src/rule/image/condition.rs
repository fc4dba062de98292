use std::net::IpAddr;
use std::sync::Arc;

use super::ImageError;
use super::bytes::{Input, Output};
use crate::event::FieldId;
use crate::net::AddressSet;
use crate::rule::lang::ast::{Comparison, Place};
use crate::rule::lang::check;
use crate::rule::lang::condition::{Condition, Fact, Number, Piece, TimePart};
use crate::rule::list::NamedList;
use crate::time::Timestamp;

/// The deepest condition: an expression nests 64 deep, a Sigma selection 64 within its condition's 64.
const DEPTH_LIMIT: usize = 256;
/// The most regular expressions of a condition: more than an expression can hold, and than a Sigma rule may have.
const REGEX_LIMIT: usize = 8_192;

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];
const PLACES: [Place; 3] = [Place::Anywhere, Place::Start, Place::End];
const PARTS: [TimePart; 6] =
    [TimePart::Minute, TimePart::Hour, TimePart::Day, TimePart::Week, TimePart::Month, TimePart::Year];

/// Kinds of lists, in words that lists say of themselves.
const HOLDS: [&str; 3] = ["addresses", "integers", "texts"];

/// What names in a condition stand for.
pub(crate) trait Names {
    /// The field at a position.
    fn field(&mut self, at: usize) -> Result<FieldId, ImageError>;
    /// The list of a name, and what it holds.
    fn list(&mut self, name: &str, holds: &'static str) -> Result<Arc<NamedList>, ImageError>;
}

/// Writes a condition, its fields as their positions in the schema, lists by their names.
pub(crate) fn write(condition: &Condition, into: &mut Output) {
    match condition {
        Condition::All(parts) => several(0, parts, into),
        Condition::Any(parts) => several(1, parts, into),
        Condition::Not(part) => {
            into.byte(2);
            write(part, into);
        }
        Condition::Test(field, about) => {
            into.byte(3);
            into.count(field.index());
            fact(about, into);
        }
        Condition::Spelled(field, about) => {
            into.byte(4);
            into.count(field.index());
            fact(about, into);
        }
        Condition::Anywhere(about) => {
            into.byte(5);
            fact(about, into);
        }
        Condition::Related { left, right, place, fold } => {
            into.byte(6);
            into.count(left.index());
            into.count(right.index());
            into.byte(place.map_or(0, |place| 1 + code(&PLACES, place)));
            into.byte(u8::from(*fold));
        }
        Condition::Before(time) => {
            into.byte(7);
            into.signed(time.as_micros());
        }
    }
}

fn several(tag: u8, parts: &[Condition], into: &mut Output) {
    into.byte(tag);
    into.count(parts.len());
    parts.iter().for_each(|part| write(part, into));
}

fn fact(fact: &Fact, into: &mut Output) {
    match fact {
        Fact::Exists => into.byte(0),
        Fact::Boolean(truth) => into.raw(&[1, u8::from(*truth)]),
        Fact::Integer(comparison, number) => {
            into.raw(&[2, code(&COMPARISONS, *comparison)]);
            into.signed(*number);
        }
        Fact::IntegerIn(ranges) => {
            into.byte(3);
            into.count(ranges.len());
            ranges.iter().flat_map(|(first, last)| [first, last]).for_each(|end| into.signed(*end));
        }
        Fact::Float(comparison, number) => {
            into.raw(&[4, code(&COMPARISONS, *comparison)]);
            into.raw(&number.to_le_bytes());
        }
        Fact::Address { is, negated } => {
            into.raw(&[5, u8::from(*negated)]);
            address(*is, into);
        }
        Fact::AddressIn(set) => {
            into.byte(6);
            addresses(set, into);
        }
        Fact::Text { is, negated, fold } => {
            into.raw(&[7, u8::from(*negated), u8::from(*fold)]);
            into.sized(is.as_bytes());
        }
        Fact::TextIn { texts: members, fold } => {
            into.raw(&[8, u8::from(*fold)]);
            texts(members.iter().map(|text| &**text), members.len(), into);
        }
        Fact::Listed { list, fold } => {
            into.raw(&[14, u8::from(*fold), code(&HOLDS, list.holds())]);
            into.sized(list.name().as_bytes());
        }
        Fact::Find { place, texts: members, fold } => {
            into.raw(&[9, code(&PLACES, *place), u8::from(*fold)]);
            texts(members.iter().map(String::as_str), members.len(), into);
        }
        Fact::Matches(regex) => {
            into.byte(10);
            into.sized(regex.as_str().as_bytes());
        }
        Fact::Glob { pieces, fold } => {
            into.raw(&[11, u8::from(*fold)]);
            into.count(pieces.len());
            pieces.iter().for_each(|one| piece(one, into));
        }
        Fact::Number(comparison, wanted) => {
            into.raw(&[12, code(&COMPARISONS, *comparison)]);
            number(*wanted, into);
        }
        Fact::Part(part, wanted) => {
            into.raw(&[13, code(&PARTS, *part)]);
            into.signed(*wanted);
        }
    }
}

fn code<T: PartialEq, const N: usize>(words: &[T; N], word: T) -> u8 {
    (0..).zip(words).find_map(|(at, known)| (*known == word).then_some(at)).unwrap_or(u8::MAX)
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>, count: usize, into: &mut Output) {
    into.count(count);
    texts.for_each(|text| into.sized(text.as_bytes()));
}

fn piece(piece: &Piece, into: &mut Output) {
    match piece {
        Piece::Text(text) => {
            into.byte(0);
            into.sized(text.as_bytes());
        }
        Piece::One => into.byte(1),
        Piece::Many => into.byte(2),
        Piece::Dash => into.byte(3),
    }
}

fn number(number: Number, into: &mut Output) {
    match number {
        Number::Integer(number) => {
            into.byte(0);
            into.signed(number);
        }
        Number::Float(number) => {
            into.byte(1);
            into.raw(&number.to_le_bytes());
        }
    }
}

fn address(address: IpAddr, into: &mut Output) {
    match address {
        IpAddr::V4(v4) => into.sized(&v4.octets()),
        IpAddr::V6(v6) => into.sized(&v6.octets()),
    }
}

fn addresses(set: &AddressSet, into: &mut Output) {
    let (v4, v6) = (set.v4(), set.v6());
    into.count(v4.len());
    v4.iter().for_each(|(first, last)| {
        into.raw(&first.to_le_bytes());
        into.raw(&last.to_le_bytes());
    });
    into.count(v6.len());
    v6.iter().for_each(|(first, last)| {
        into.raw(&first.to_le_bytes());
        into.raw(&last.to_le_bytes());
    });
}

/// Reads one condition; what it was written from, or an error.
pub(crate) fn read(input: &mut Input<'_>, names: &mut impl Names) -> Result<Condition, ImageError> {
    Reading { input, names, regexes: 0 }.condition(0)
}

struct Reading<'r, 'b, T> {
    input: &'r mut Input<'b>,
    names: &'r mut T,
    regexes: usize,
}

impl<T: Names> Reading<'_, '_, T> {
    fn condition(&mut self, depth: usize) -> Result<Condition, ImageError> {
        if depth > DEPTH_LIMIT {
            return Err(self.input.malformed("a condition within too many others"));
        }
        Ok(match self.input.byte()? {
            0 => Condition::All(self.parts(depth)?),
            1 => Condition::Any(self.parts(depth)?),
            2 => Condition::Not(Box::new(self.condition(depth + 1)?)),
            3 => Condition::Test(self.field()?, self.fact()?),
            4 => Condition::Spelled(self.field()?, self.fact()?),
            5 => Condition::Anywhere(self.fact()?),
            6 => {
                let (left, right) = (self.field()?, self.field()?);
                let place = match self.input.byte()? {
                    0 => None,
                    code => Some(self.word(&PLACES, code - 1)?),
                };
                Condition::Related { left, right, place, fold: self.input.flag()? }
            }
            7 => Condition::Before(Timestamp::from_micros(self.input.signed()?)),
            _ => return Err(self.input.malformed("an unknown kind of condition")),
        })
    }

    fn parts(&mut self, depth: usize) -> Result<Vec<Condition>, ImageError> {
        let count = self.input.count()?;
        (0..count).map(|_| self.condition(depth + 1)).collect()
    }

    fn field(&mut self) -> Result<FieldId, ImageError> {
        let at = self.input.number()?;
        let at = usize::try_from(at).map_err(|_| self.input.malformed("an unknown field"))?;
        self.names.field(at)
    }

    fn fact(&mut self) -> Result<Fact, ImageError> {
        Ok(match self.input.byte()? {
            0 => Fact::Exists,
            1 => Fact::Boolean(self.input.flag()?),
            2 => Fact::Integer(self.comparison()?, self.input.signed()?),
            3 => Fact::IntegerIn(self.several(|it| Ok((it.input.signed()?, it.input.signed()?)))?),
            4 => Fact::Float(self.comparison()?, self.float()?),
            5 => Fact::Address { negated: self.input.flag()?, is: self.address()? },
            6 => Fact::AddressIn(Arc::new(self.addresses()?)),
            7 => {
                let (negated, fold) = (self.input.flag()?, self.input.flag()?);
                Fact::Text { is: self.input.text()?.to_owned(), negated, fold }
            }
            8 => {
                let fold = self.input.flag()?;
                let texts = self.several(|it| Ok(Box::from(it.input.text()?)))?;
                Fact::TextIn { texts: texts.into(), fold }
            }
            9 => {
                let code = self.input.byte()?;
                let (place, fold) = (self.word(&PLACES, code)?, self.input.flag()?);
                Fact::Find { place, texts: self.several(|it| Ok(it.input.text()?.to_owned()))?, fold }
            }
            10 => self.regex()?,
            11 => {
                let fold = self.input.flag()?;
                Fact::Glob { pieces: self.several(Self::piece)?, fold }
            }
            12 => Fact::Number(self.comparison()?, self.number()?),
            13 => {
                let code = self.input.byte()?;
                Fact::Part(self.word(&PARTS, code)?, self.input.signed()?)
            }
            14 => {
                let fold = self.input.flag()?;
                let code = self.input.byte()?;
                let holds = self.word(&HOLDS, code)?;
                Fact::Listed { list: self.names.list(self.input.text()?, holds)?, fold }
            }
            _ => return Err(self.input.malformed("an unknown kind of test")),
        })
    }

    fn regex(&mut self) -> Result<Fact, ImageError> {
        self.regexes += 1;
        if self.regexes > REGEX_LIMIT {
            return Err(self.input.malformed("too many regular expressions"));
        }
        let pattern = self.input.text()?;
        let regex = check::regex("", pattern);
        regex.map(Fact::Matches).map_err(|_| self.input.malformed("a regular expression that is none"))
    }

    fn several<V>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<V, ImageError>,
    ) -> Result<Vec<V>, ImageError> {
        let count = self.input.count()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn word<W: Copy, const N: usize>(&self, words: &[W; N], code: u8) -> Result<W, ImageError> {
        words.get(usize::from(code)).copied().ok_or_else(|| self.input.malformed("an unknown word"))
    }

    fn comparison(&mut self) -> Result<Comparison, ImageError> {
        let code = self.input.byte()?;
        self.word(&COMPARISONS, code)
    }

    fn float(&mut self) -> Result<f64, ImageError> {
        self.input.array().map(f64::from_le_bytes)
    }

    fn number(&mut self) -> Result<Number, ImageError> {
        match self.input.byte()? {
            0 => self.input.signed().map(Number::Integer),
            1 => self.float().map(Number::Float),
            _ => Err(self.input.malformed("an unknown kind of number")),
        }
    }

    fn piece(&mut self) -> Result<Piece, ImageError> {
        Ok(match self.input.byte()? {
            0 => Piece::Text(self.input.text()?.to_owned()),
            1 => Piece::One,
            2 => Piece::Many,
            3 => Piece::Dash,
            _ => return Err(self.input.malformed("an unknown piece of a pattern")),
        })
    }

    fn address(&mut self) -> Result<IpAddr, ImageError> {
        let bytes = self.input.sized()?;
        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
            .map_err(|_| self.input.malformed("an address that is none"))
    }

    fn addresses(&mut self) -> Result<AddressSet, ImageError> {
        let v4 = self.several(|it| {
            Ok((u32::from_le_bytes(it.input.array()?), u32::from_le_bytes(it.input.array()?)))
        })?;
        let v6 = self.several(|it| {
            Ok((u128::from_le_bytes(it.input.array()?), u128::from_le_bytes(it.input.array()?)))
        })?;
        Ok(AddressSet::from_ranges(v4, v6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Schema, field};

    struct Plain(Schema);

    impl Names for Plain {
        fn field(&mut self, at: usize) -> Result<FieldId, ImageError> {
            self.0.at(at).ok_or(ImageError::Malformed { at, what: "an unknown field" })
        }

        fn list(&mut self, _: &str, _: &'static str) -> Result<Arc<NamedList>, ImageError> {
            Err(ImageError::Foreign)
        }
    }

    #[test]
    fn has_a_bottom() {
        let within = |depth| {
            let inner = Condition::Test(field::USER_NAME, Fact::Exists);
            let condition = (0..depth).fold(inner, |inner, _| Condition::Not(Box::new(inner)));
            let mut output = Output::default();
            write(&condition, &mut output);
            read(&mut Input::new(&output.bytes), &mut Plain(Schema::ecs()))
        };
        assert!(within(200).is_ok());
        let what = "a condition within too many others";
        assert!(matches!(within(5_000), Err(ImageError::Malformed { what: found, .. }) if found == what));
    }
}
