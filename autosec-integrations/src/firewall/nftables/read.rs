//! What of ours stands in the kernel now.

use std::collections::BTreeSet;

use rustix::io::Errno;

use super::batch::Operation;
use super::config::NftablesConfig;
use super::declare::{ACCEPT, CHAIN, MARK, PREROUTING, SET_TIMEOUT};
use super::error::{Failure, Foreign};
use super::recognize;
use super::session::Session;
use super::slot::Slot;
use crate::firewall::netlink::{Encoder, Reply, attributes};

const DORMANT: u32 = 1;

/// Our table as it was found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Layout {
    /// The table's flags; `None` where it is absent.
    table: Option<u32>,
    /// The chain's hook and priority, as far as it has them; `None` where it is absent.
    chain: Option<(Option<u32>, Option<u32>)>,
    /// Why the table is not ours to change, if it is not.
    foreign: Option<Foreign>,
    /// The sets that are there.
    pub(super) sets: BTreeSet<Slot>,
    /// The sets that a rule looks up.
    pub(super) ruled: BTreeSet<Slot>,
}

/// The number of the ruleset's present state: every change by anybody in the network namespace raises it.
pub(super) fn generation(session: &mut Session) -> Result<u32, Failure> {
    let found = session.ask(Operation::ReadGeneration, |_| {}, |reply| reply.attributes().number(1))?;
    found.ok_or(Failure::Broken(Errno::BADMSG))
}

impl Layout {
    pub(super) fn read(session: &mut Session, table: &str) -> Result<Self, Failure> {
        let named = |message: &mut Encoder| message.text(1, table);
        let Some(table_found) = found(session.ask(Operation::ReadTable, named, Table::read))?.flatten()
        else {
            return Ok(Self::default());
        };
        let chain = found(session.ask(
            Operation::ReadChain,
            |message| {
                message.text(1, table);
                message.text(3, CHAIN);
            },
            Chain::read,
        ))?
        .flatten();
        let sets = session.list(Operation::ReadSets, named, |reply| set(reply, table).into_iter().collect());
        let rules = session.list(
            Operation::ReadRules,
            |message| {
                message.text(1, table);
                message.text(2, CHAIN);
            },
            |reply| rule(reply, table).into_iter().collect(),
        );
        let sets: BTreeSet<Slot> = found(sets)?.unwrap_or_default().into_iter().collect();
        let rules = found(rules)?.unwrap_or_default();
        let recognized = chain.as_ref().is_none_or(|chain| chain.ours) && rules.iter().all(|rule| rule.ours);
        Ok(Self {
            foreign: table_found.foreign(usize::from(chain.is_some()) + sets.len(), recognized),
            table: Some(table_found.flags),
            chain: chain.map(|chain| chain.place),
            sets,
            ruled: rules.into_iter().filter_map(|rule| rule.looks_up).collect(),
        })
    }

    /// Why the table must be left as it is, if it must.
    pub(super) fn foreign(&self) -> Option<Foreign> {
        self.foreign
    }

    /// The layout once our table is declared with what it holds and the `new` sets.
    pub(super) fn declared(mut self, config: &NftablesConfig, new: BTreeSet<Slot>) -> Self {
        self.sets.extend(new);
        self.ruled.extend(&self.sets);
        Self { table: Some(0), chain: Some(place(config)), ..self }
    }

    /// Whether the table is there and put to sleep, which takes its chain out of the packets' way.
    pub(super) fn dormant(&self) -> bool {
        self.table.is_some_and(|flags| flags & DORMANT != 0)
    }

    /// Whether there is a chain of our name.
    pub(super) fn has_chain(&self) -> bool {
        self.chain.is_some()
    }

    /// Why blocks do not take effect, if they do not.
    pub(super) fn fault(&self, config: &NftablesConfig) -> Option<String> {
        let table = &config.table;
        let place = Some(place(config));
        match self.table {
            None => Some(format!("table `{table}` is absent")),
            Some(_) if self.dormant() => Some(format!("table `{table}` is dormant")),
            Some(_) if self.chain.is_none() => Some(format!("chain `{CHAIN}` of table `{table}` is absent")),
            Some(_) if self.chain != place => {
                Some(format!("chain `{CHAIN}` of table `{table}` is at another hook or priority"))
            }
            Some(_) => {
                let idle = self.sets.difference(&self.ruled).next()?;
                Some(format!("no rule drops what set `{}` of table `{table}` holds", idle.name()))
            }
        }
    }
}

/// The hook and priority of our chain as the kernel writes them.
fn place(config: &NftablesConfig) -> (Option<u32>, Option<u32>) {
    (Some(PREROUTING), Some(u32::from_ne_bytes(config.priority.to_ne_bytes())))
}

/// An answer, or `None` where the kernel says that there is no such thing.
fn found<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(failure) if failure.is(Errno::NOENT) => Ok(None),
        answer => answer.map(Some),
    }
}

/// The slot of a set that is as we declare it.
fn set(reply: &Reply<'_>, table: &str) -> Option<Slot> {
    let set = reply.attributes();
    let slot = Slot::parse(set.text(2)?)?;
    let ours = set.text(1)? == table
        && set.number(3)? == SET_TIMEOUT
        && set.number(5)? == u32::from(slot.key_length());
    ours.then_some(slot)
}

/// A table of our name.
struct Table {
    flags: u32,
    /// How many chains, sets and other things are in it.
    holds: usize,
    marked: bool,
    /// Whether another process, still alive, keeps all others from changing it.
    owned: bool,
}

impl Table {
    fn read(reply: &Reply<'_>) -> Option<Self> {
        let table = reply.attributes();
        Some(Self {
            flags: table.number(2)?,
            holds: usize::try_from(table.number(3)?).ok()?,
            marked: table.find(6) == Some(MARK),
            owned: table.number(7).is_some_and(|port| port != 0),
        })
    }

    /// Why it is not ours, where `known` of what it holds have our names and shapes, with or without foreign rules.
    fn foreign(&self, known: usize, recognized: bool) -> Option<Foreign> {
        if self.owned {
            return Some(Foreign::Owned);
        }
        let ours = self.marked || recognized && self.holds == known;
        (!ours).then_some(Foreign::Unmarked)
    }
}

/// A chain of our name in our table.
struct Chain {
    place: (Option<u32>, Option<u32>),
    /// Whether it is like ours, wherever else among its hook's chains.
    ours: bool,
}

impl Chain {
    fn read(reply: &Reply<'_>) -> Option<Self> {
        let chain = reply.attributes();
        let hook = chain.inside(4);
        let ours = hook.number(1) == Some(PREROUTING) && chain.number(5) == Some(ACCEPT);
        Some(Self { place: (hook.number(1), hook.number(2)), ours })
    }
}

/// A rule of our chain.
struct Rule {
    looks_up: Option<Slot>,
    ours: bool,
}

fn rule(reply: &Reply<'_>, table: &str) -> Option<Rule> {
    let rule = reply.attributes();
    if rule.text(1)? != table || rule.text(2)? != CHAIN {
        return None;
    }
    let mut expressions = rule.inside(4).map(|(_, expression)| attributes(expression));
    let lookup = expressions.find(|expression| expression.text(1) == Some("lookup"));
    let looks_up = lookup.and_then(|lookup| Slot::parse(lookup.inside(2).text(1)?));
    Some(Rule { looks_up, ours: recognize::is_ours(rule) })
}
