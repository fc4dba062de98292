//! An expression after checking: fields resolved, literals of the right kind.

use std::net::IpAddr;
use std::sync::Arc;

use regex::Regex;

use super::ast::{Comparison, Place};
use crate::event::FieldId;
use crate::net::AddressSet;
use crate::rule::list::List;

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(FieldId, Fact),
    /// The fact is about the value as it is spelled, whatever its kind.
    Spelled(FieldId, Fact),
    /// The fact is about any value of the event, as it is spelled.
    Anywhere(Fact),
    /// A value of `left` as it is spelled is, or has in that place, one of `right`. `fold` as in [`Fact`].
    Related {
        left: FieldId,
        right: FieldId,
        place: Option<Place>,
        fold: bool,
    },
}

/// What is asked of a field's value. `fold` says that the case of ASCII letters does not matter.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Exists,
    Boolean(bool),
    Integer(Comparison, i64),
    /// Ranges, ends included, in any order.
    IntegerIn(Vec<(i64, i64)>),
    Float(Comparison, f64),
    Address {
        is: IpAddr,
        negated: bool,
    },
    AddressIn(Arc<AddressSet>),
    Text {
        is: String,
        negated: bool,
        fold: bool,
    },
    TextIn {
        texts: Arc<[Box<str>]>,
        fold: bool,
    },
    /// A list of the host's, of the field's kind, and the name it was given.
    Listed {
        name: Box<str>,
        list: List,
        fold: bool,
    },
    Find {
        place: Place,
        texts: Vec<String>,
        fold: bool,
    },
    /// Its flags stand in the pattern itself, so that the pattern is all of it.
    Matches(Regex),
    /// The whole text is made of these pieces.
    Glob {
        pieces: Vec<Piece>,
        fold: bool,
    },
    /// The text is a number that compares so.
    Number(Comparison, Number),
    /// The text is a time whose part, as it is written there, is this number.
    Part(TimePart, i64),
}

/// A piece of a pattern with wildcards.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    /// Any one character.
    One,
    /// Any characters, or none.
    Many,
    /// One of the characters that Windows programs take for the dash of an option: `-`, `/`, `–`, `—`, `―`.
    Dash,
}

/// A number that texts are compared with: whole ones exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(i64),
    Float(f64),
}

/// A part of a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    /// The week of the ISO 8601 calendar.
    Week,
    Month,
    Year,
}
