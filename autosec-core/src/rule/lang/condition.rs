//! An expression after checking: fields resolved, literals of the right kind.

use std::net::IpAddr;
use std::sync::Arc;

use regex::Regex;

use super::ast::{Comparison, Place};
use crate::event::FieldId;
use crate::net::AddressSet;

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(FieldId, Fact),
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
    Find {
        place: Place,
        texts: Vec<String>,
        fold: bool,
    },
    Matches(Regex),
}
