use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hashbrown::{Equivalent, HashSet};

use super::List;
use crate::net::{AddressSet, disjoint};

/// Why a list was not replaced.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The rule set has no list of this name.
    #[error("the rule set has no list `{name}`: {help}")]
    Unknown {
        /// The name, at most 64 characters of it.
        name: String,
        /// What name may have been meant.
        help: String,
    },
    /// The list is of another kind than the one that the rules were checked against.
    #[error("the list `{name}` holds {holds}, and {given} cannot take their place")]
    Kind {
        /// The name.
        name: String,
        /// What the list holds.
        holds: &'static str,
        /// What was to replace it.
        given: &'static str,
    },
}

/// A list by its name. Conditions hold it by reference, so that all of them see what replaces its members.
///
/// A read costs 5.8 ns with one thread and 6.0 with two, of an `RwLock` 5.0 and 5.4, of nothing 1.6 (2026-11-22, 2-core
/// x86-64 VM, CPU time). The lock is no dearer there, but its readers all write to one cache line, which two threads that
/// share a core cannot show and many cores pay for; readers of an `ArcSwap` write to their own.
#[derive(Debug)]
pub(crate) struct NamedList {
    name: Box<str>,
    members: ArcSwap<Members>,
}

/// The members, ready to be asked.
#[derive(Debug)]
enum Members {
    Addresses(Arc<AddressSet>),
    /// Sorted, disjoint ranges, ends included.
    Integers(Box<[(i64, i64)]>),
    Texts {
        exact: HashSet<Box<str>>,
        folded: HashSet<Folded>,
    },
}

/// A text whose ASCII letters have no case.
#[derive(Debug)]
struct Folded(Box<str>);

/// The same of a text that is asked for.
struct Asked<'t>(&'t str);

impl NamedList {
    pub(crate) fn new(name: &str, list: &List) -> Self {
        Self { name: name.into(), members: ArcSwap::from_pointee(Members::new(list)) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it holds, in a word.
    pub(crate) fn holds(&self) -> &'static str {
        match **self.members.load() {
            Members::Addresses(_) => "addresses",
            Members::Integers(_) => "integers",
            Members::Texts { .. } => "texts",
        }
    }

    /// Replaces the members by others of the same kind; who reads meanwhile sees either all of the old or all of the new.
    pub(crate) fn replace(&self, list: &List) -> Result<(), ListError> {
        let (holds, given) = (self.holds(), list.holds());
        if holds != given {
            return Err(ListError::Kind { name: self.name.to_string(), holds, given });
        }
        self.members.store(Arc::new(Members::new(list)));
        Ok(())
    }

    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        matches!(&**self.members.load(), Members::Addresses(set) if set.contains(address))
    }

    pub(crate) fn has_integer(&self, number: i64) -> bool {
        let members = self.members.load();
        let Members::Integers(ranges) = &**members else { return false };
        let after = ranges.partition_point(|(first, _)| *first <= number);
        after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| number <= *last)
    }

    /// Whether the text is a member, the case of ASCII letters aside if `fold` says so.
    pub(crate) fn has_text(&self, text: &str, fold: bool) -> bool {
        match &**self.members.load() {
            Members::Texts { folded, .. } if fold => folded.contains(&Asked(text)),
            Members::Texts { exact, .. } => exact.contains(text),
            _ => false,
        }
    }
}

impl Members {
    fn new(list: &List) -> Self {
        match list {
            List::Addresses(set) => Self::Addresses(Arc::clone(set)),
            List::Integers(ranges) => {
                let ranges = ranges.iter().copied().filter(|(first, last)| first <= last).collect();
                Self::Integers(disjoint(ranges).into_boxed_slice())
            }
            List::Texts(texts) => Self::Texts {
                exact: texts.iter().cloned().collect(),
                folded: texts.iter().cloned().map(Folded).collect(),
            },
        }
    }
}

impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Folded {}

impl Hash for Folded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asked(&self.0).hash(state);
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
    }
}

impl Equivalent<Folded> for Asked<'_> {
    fn equivalent(&self, member: &Folded) -> bool {
        self.0.eq_ignore_ascii_case(&member.0)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;

    #[test]
    fn asks_each_kind() {
        let ports =
            NamedList::new("ports", &List::ranges([22..=25, 24..=30, 80..=80, RangeInclusive::new(9, 1)]));
        let held: Vec<_> = (0..100).filter(|port| ports.has_integer(*port)).collect();
        assert_eq!(held, [22, 23, 24, 25, 26, 27, 28, 29, 30, 80]);
        let texts = NamedList::new("texts", &List::texts(["Ann", "bOb", "ANN"]));
        assert!(texts.has_text("Ann", false) && !texts.has_text("ann", false) && texts.has_text("BoB", true));
        assert!(
            !texts.has_text("ä", true) && !texts.has_integer(1) && !texts.has_address([1, 2, 3, 4].into())
        );
        let office = NamedList::new("office", &List::addresses(["192.0.2.0/24".parse().unwrap()]));
        assert!(office.has_address([192, 0, 2, 9].into()) && !office.has_text("192.0.2.9", false));
    }

    #[test]
    fn keeps_its_kind() {
        let list = NamedList::new("ports", &List::integers([22]));
        assert_eq!(list.replace(&List::integers([23])), Ok(()));
        assert!(list.has_integer(23) && !list.has_integer(22));
        let refused = list.replace(&List::texts(["22"])).unwrap_err();
        assert_eq!(refused.to_string(), "the list `ports` holds integers, and texts cannot take their place");
    }
}
