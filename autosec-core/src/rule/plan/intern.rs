use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;

use super::predicate::Predicate;
use crate::event::FieldId;
use crate::rule::lang::ast::Place;
use crate::rule::lang::condition::{Condition, Fact, Number, Piece};
use crate::time::Timestamp;

/// How the index finds a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ease {
    /// By one gram.
    Easy,
    /// By many, which it does only if a condition waits for it.
    Dear,
    /// Not at all.
    Never,
}

impl Ease {
    /// How a text is found in this place of a value.
    pub(super) fn of(text: &str, place: Place) -> Self {
        match (text.len(), place) {
            (0, _) | (1 | 2, Place::Anywhere) => Ease::Never,
            (3, Place::Anywhere) => Ease::Dear,
            _ => Ease::Easy,
        }
    }
}

/// A single question of a condition, before it is prepared.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Field(FieldId, Fact),
    Spelled(FieldId, Fact),
    Anywhere(Fact),
    Related { left: FieldId, right: FieldId, place: Option<Place>, fold: bool },
    Before(Timestamp),
}

/// Gives questions numbers, equal ones the same: a question that many rules ask is kept, and answered, once.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) all: Vec<Question>,
    known: HashMap<Vec<u8>, u32>,
    key: Vec<u8>,
}

impl Questions {
    /// The condition with its questions as numbers, nested `All` and `Any` drawn together.
    pub(super) fn predicate(&mut self, condition: Condition) -> Predicate {
        match condition {
            Condition::All(parts) => {
                let mut flat = Vec::with_capacity(parts.len());
                for part in parts {
                    match self.predicate(part) {
                        Predicate::All(inner) => flat.extend(inner),
                        other => flat.push(other),
                    }
                }
                Predicate::All(flat.into())
            }
            Condition::Any(parts) => self.any(parts),
            Condition::Not(part) => Predicate::Not(Box::new(self.predicate(*part))),
            Condition::Test(field, fact) => self.split(fact, |fact| Question::Field(field, fact)),
            Condition::Spelled(field, fact) => self.split(fact, |fact| Question::Spelled(field, fact)),
            Condition::Anywhere(fact) => self.split(fact, Question::Anywhere),
            Condition::Related { left, right, place, fold } => {
                Predicate::Atom(self.number(Question::Related { left, right, place, fold }))
            }
            Condition::Before(time) => Predicate::Atom(self.number(Question::Before(time))),
        }
    }

    fn any(&mut self, parts: Vec<Condition>) -> Predicate {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match self.predicate(part) {
                Predicate::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Predicate::Any(flat.into())
    }

    /// Texts that the index can look for, those it would rather not, and those it cannot are asked for apart.
    fn split(&mut self, fact: Fact, question: impl Fn(Fact) -> Question) -> Predicate {
        let Fact::Find { place, texts, fold } = fact else {
            return Predicate::Atom(self.number(question(fact)));
        };
        if texts.is_empty() {
            return Predicate::Any(Box::default());
        }
        let mut parts = [Ease::Easy, Ease::Dear, Ease::Never].map(|ease| (ease, Vec::new()));
        for text in texts {
            let ease = Ease::of(&text, place);
            if let Some((_, texts)) = parts.iter_mut().find(|(held, _)| *held == ease) {
                texts.push(text);
            }
        }
        let held = parts.into_iter().map(|(_, texts)| texts).filter(|texts| !texts.is_empty());
        let mut atoms: Vec<_> = held
            .map(|texts| Predicate::Atom(self.number(question(Fact::Find { place, texts, fold }))))
            .collect();
        match (atoms.pop(), atoms.is_empty()) {
            (Some(only), true) => only,
            (last, _) => Predicate::Any(atoms.into_iter().chain(last).collect()),
        }
    }

    fn number(&mut self, question: Question) -> u32 {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        encode(&question, &mut key);
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry_ref(key.as_slice()).or_insert(next);
        if number == next {
            self.all.push(question);
        }
        self.key = key;
        number
    }
}

/// Writes the question so that two are written alike only if they ask the same.
fn encode(question: &Question, key: &mut Vec<u8>) {
    let mut field = |tag: u8, field: FieldId| {
        key.push(tag);
        key.extend(field.index().to_le_bytes());
    };
    match question {
        Question::Field(id, fact) => {
            field(0, *id);
            encode_fact(fact, key);
        }
        Question::Spelled(id, fact) => {
            field(1, *id);
            encode_fact(fact, key);
        }
        Question::Anywhere(fact) => {
            key.push(2);
            encode_fact(fact, key);
        }
        Question::Related { left, right, place, fold } => {
            field(3, *left);
            field(3, *right);
            key.extend(place.map_or(3, |place| place as u8).to_le_bytes());
            key.push(u8::from(*fold));
        }
        Question::Before(time) => {
            key.push(4);
            key.extend(time.as_micros().to_le_bytes());
        }
    }
}

fn encode_fact(fact: &Fact, key: &mut Vec<u8>) {
    match fact {
        Fact::Exists => key.push(0),
        Fact::Boolean(truth) => key.extend([1, u8::from(*truth)]),
        Fact::Integer(comparison, number) => {
            key.extend([2, *comparison as u8]);
            key.extend(number.to_le_bytes());
        }
        Fact::IntegerIn(ranges) => {
            key.push(3);
            ranges
                .iter()
                .flat_map(|(first, last)| [first, last])
                .for_each(|end| key.extend(end.to_le_bytes()));
        }
        Fact::Float(comparison, number) => {
            key.extend([4, *comparison as u8]);
            key.extend(number.to_bits().to_le_bytes());
        }
        Fact::Address { is, negated } => {
            key.extend([5, u8::from(*negated)]);
            encode_address(is, key);
        }
        // A set is as long as its owner likes, so it is known by where it stands; conditions hold it until all are read.
        Fact::AddressIn(set) => {
            key.push(6);
            key.extend((Arc::as_ptr(set) as usize).to_le_bytes());
        }
        Fact::Text { is, negated, fold } => {
            key.extend([7, u8::from(*negated), u8::from(*fold)]);
            encode_text(is, key);
        }
        Fact::TextIn { texts, fold } => {
            key.extend([8, u8::from(*fold)]);
            texts.iter().for_each(|text| encode_text(text, key));
        }
        Fact::Find { place, texts, fold } => {
            key.extend([9, *place as u8, u8::from(*fold)]);
            texts.iter().for_each(|text| encode_text(text, key));
        }
        Fact::Matches(regex) => {
            key.push(10);
            encode_text(regex.as_str(), key);
        }
        Fact::Glob { pieces, fold } => {
            key.extend([11, u8::from(*fold)]);
            pieces.iter().for_each(|piece| encode_piece(piece, key));
        }
        Fact::Number(comparison, number) => {
            key.extend([12, *comparison as u8]);
            encode_number(*number, key);
        }
        Fact::Listed { list, fold } => {
            key.extend([14, u8::from(*fold)]);
            key.extend((Arc::as_ptr(list) as usize).to_le_bytes());
        }
        Fact::Part(part, number) => {
            key.extend([13, *part as u8]);
            key.extend(number.to_le_bytes());
        }
    }
}

fn encode_address(address: &IpAddr, key: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => key.extend(address.octets()),
        IpAddr::V6(address) => key.extend(address.octets()),
    }
}

fn encode_number(number: Number, key: &mut Vec<u8>) {
    match number {
        Number::Integer(number) => key.extend(number.to_le_bytes()),
        Number::Float(number) => key.extend(number.to_bits().to_le_bytes().into_iter().chain([1])),
    }
}

fn encode_text(text: &str, key: &mut Vec<u8>) {
    key.extend(text.len().to_le_bytes());
    key.extend(text.as_bytes());
}

fn encode_piece(piece: &Piece, key: &mut Vec<u8>) {
    match piece {
        Piece::Text(text) => {
            key.push(0);
            encode_text(text, key);
        }
        Piece::One => key.push(1),
        Piece::Many => key.push(2),
        Piece::Dash => key.push(3),
    }
}
