use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use ipnet::IpNet;
use regex::Regex;
use smallvec::SmallVec;

use super::list::Matching;
use super::{Effect, Warninglist, pattern};
use crate::intel::observable::{Key, parents, read_network, write, write_url};
use crate::intel::table::{Hashed, Keys, Networks};
use crate::intel::{Observable, ObservableKind};
use crate::net;

/// Many [`Warninglist`]s, asked at once.
///
/// | type of the list | a value is on it if |
/// |---|---|
/// | `string` | it is a member, case aside |
/// | `hostname` | it, or the host of a URL, is a member or lies below one |
/// | `cidr` | it lies within a member |
/// | `substring` | it has a member in it, case aside |
/// | `regex` | a member matches somewhere in it |
///
/// ```
/// use autosec_core::intel::warninglist::{Warninglist, Warninglists};
/// use autosec_core::intel::{Observable, ObservableKind};
///
/// let sites = Warninglist::read(br#"{"name": "Top sites", "type": "hostname", "list": [".Example.org"]}"#)?;
/// let lists = Warninglists::new([sites]);
/// let page = Observable::new(ObservableKind::Url, "https://www.example.org/login")?;
/// assert_eq!(lists.lookup(&page)[0].to_string(), "`Top sites` (not acted upon)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Warninglists {
    lists: Vec<List>,
    keys: Keys,
    /// Texts as list, length and bytes, whole and as names with all below them.
    arena: Vec<u8>,
    whole: Hashed,
    names: Hashed,
    networks: Networks,
    parts: Option<(AhoCorasick, Vec<u16>)>,
    patterns: Vec<(Regex, u16)>,
    members: usize,
    unread: usize,
}

#[derive(Debug)]
struct List {
    name: Arc<str>,
    effect: Effect,
    kinds: u32,
}

/// A list that a value is on.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// The list's name.
    pub list: Arc<str>,
    /// What it means.
    pub effect: Effect,
}

/// What comes in before the tables are made.
#[derive(Default)]
struct Draft {
    whole: Vec<(u64, u32)>,
    names: Vec<(u64, u32)>,
    networks: Vec<(IpNet, u32)>,
    parts: Vec<(String, u16)>,
}

const WHOLE: u8 = 0;
const NAME: u8 = 1;

impl Warninglists {
    /// The most lists; those after them are left out.
    pub const MOST_LISTS: usize = 4_096;

    /// All of these lists. Members that their type cannot read are left out and counted ([`unread`](Self::unread)).
    pub fn new(lists: impl IntoIterator<Item = Warninglist>) -> Self {
        let (mut made, mut draft) = (Self::default(), Draft::default());
        for (number, list) in (0_u16..).zip(lists.into_iter().take(Self::MOST_LISTS)) {
            made.lists.push(List { name: Arc::clone(&list.name), effect: list.effect, kinds: list.kinds });
            for member in &list.members {
                let read = made.add(number, list.matching, member, &mut draft);
                if read.is_some() { made.members += 1 } else { made.unread += 1 }
            }
        }
        (made.whole, _) = Hashed::new(draft.whole);
        (made.names, _) = Hashed::new(draft.names);
        (made.networks, _) = Networks::new(draft.networks);
        let (texts, numbers): (Vec<_>, Vec<_>) = draft.parts.into_iter().unzip();
        if !texts.is_empty() {
            let automaton = AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(&texts);
            match automaton {
                Ok(automaton) => made.parts = Some((automaton, numbers)),
                // More states than it can number.
                Err(_) => {
                    (made.members, made.unread) = (made.members - texts.len(), made.unread + texts.len())
                }
            }
        }
        made
    }

    fn add(&mut self, list: u16, matching: Matching, member: &str, draft: &mut Draft) -> Option<()> {
        let member = member.trim();
        match matching {
            Matching::String => {
                let text = plain(member.trim_matches('.'))?;
                draft
                    .whole
                    .push((self.keys.hash(WHOLE, text.as_bytes()), self.store(list, text.as_bytes())?));
            }
            Matching::Hostname => {
                let mut key = Key::new();
                let host = member.split('/').next()?.trim_start_matches('.');
                write(ObservableKind::Hostname, host, &mut key).ok()?;
                draft.names.push((self.keys.hash(NAME, &key), self.store(list, &key)?));
            }
            Matching::Cidr => draft.networks.push((net::network(member).ok()?, u32::from(list))),
            Matching::Substring if member.is_empty() => return None,
            Matching::Substring => draft.parts.push((member.to_owned(), list)),
            Matching::Regex => self.patterns.push((pattern::compile(member)?, list)),
        }
        Some(())
    }

    fn store(&mut self, list: u16, text: &[u8]) -> Option<u32> {
        let at = u32::try_from(self.arena.len()).ok()?;
        self.arena.extend_from_slice(&list.to_le_bytes());
        self.arena.extend_from_slice(&u16::try_from(text.len()).ok()?.to_le_bytes());
        self.arena.extend_from_slice(text);
        Some(at)
    }

    /// The lists that a value is on, those with the strongest effect first.
    pub fn lookup(&self, observable: &Observable) -> Vec<Listing> {
        let mut found = SmallVec::<[u16; 8]>::new();
        self.numbers(observable, &mut found);
        let bit = 1 << observable.kind().number();
        let lists = found.iter().filter_map(|number| self.lists.get(usize::from(*number)));
        let mut listings: Vec<_> = lists
            .filter(|list| list.kinds & bit != 0)
            .map(|list| Listing { list: Arc::clone(&list.name), effect: list.effect })
            .collect();
        listings.sort_by(|one, other| other.effect.cmp(&one.effect).then_with(|| one.list.cmp(&other.list)));
        listings.dedup();
        listings
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// How many members they have together.
    pub fn members(&self) -> usize {
        self.members
    }

    /// How many members could not be read.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// How many bytes of memory they take, patterns aside.
    pub fn bytes(&self) -> usize {
        let parts =
            self.parts.as_ref().map_or(0, |(automaton, lists)| automaton.memory_usage() + 2 * lists.len());
        self.arena.capacity() + self.whole.bytes() + self.names.bytes() + self.networks.bytes() + parts
    }

    fn numbers(&self, observable: &Observable, found: &mut SmallVec<[u16; 8]>) {
        if self.lists.is_empty() {
            return;
        }
        let key = observable.key();
        match observable.kind() {
            ObservableKind::Network => {
                if let Some(network) = read_network(key) {
                    self.around(network, found);
                }
            }
            ObservableKind::Hostname | ObservableKind::Domain => self.below(key, found),
            ObservableKind::Email => {
                if let Some(at) = memchr::memchr(b'@', key) {
                    self.below(key.get(at + 1..).unwrap_or_default(), found);
                }
            }
            ObservableKind::Url => self.host(key, found),
            _ => {}
        }
        let Some(text) = plain(&observable.text()) else { return };
        self.stored(&self.whole, WHOLE, text.as_bytes(), found);
        if let Some((automaton, lists)) = &self.parts {
            let parts = automaton.find_overlapping_iter(&text);
            found.extend(parts.filter_map(|part| lists.get(part.pattern().as_usize()).copied()));
        }
        found.extend(self.patterns.iter().filter(|(regex, _)| regex.is_match(&text)).map(|(_, list)| *list));
    }

    /// The lists with a prefix that all of `network` lies in.
    fn around(&self, network: IpNet, found: &mut SmallVec<[u16; 8]>) {
        let both = [network.network(), network.broadcast()];
        let [first, last] = both.map(|edge| self.networks.find(edge).collect::<SmallVec<[u32; 8]>>());
        found.extend(
            first.iter().filter(|list| last.contains(list)).filter_map(|list| u16::try_from(*list).ok()),
        );
    }

    /// The lists with this name or one above it.
    fn below(&self, name: &[u8], found: &mut SmallVec<[u16; 8]>) {
        self.stored(&self.names, NAME, name, found);
        parents(name).for_each(|(name, _)| self.stored(&self.names, NAME, name, found));
    }

    fn host(&self, url: &[u8], found: &mut SmallVec<[u16; 8]>) {
        let mut key = Key::new();
        let Some(parts) = std::str::from_utf8(url).ok().and_then(|url| write_url(url, &mut key).ok()) else {
            return;
        };
        let host = key.get(parts.host).unwrap_or_default();
        match std::str::from_utf8(host).ok().and_then(|host| host.parse::<IpAddr>().ok()) {
            Some(address) => self.around(IpNet::from(address), found),
            None => self.below(host, found),
        }
    }

    fn stored(&self, table: &Hashed, space: u8, text: &[u8], found: &mut SmallVec<[u16; 8]>) {
        for at in table.find(self.keys.hash(space, text)) {
            let stored = self.arena.get(at as usize..).and_then(|rest| rest.split_first_chunk::<4>());
            if let Some(([low, high, short, long], rest)) = stored
                && rest.get(..usize::from(u16::from_le_bytes([*short, *long]))) == Some(text)
            {
                found.push(u16::from_le_bytes([*low, *high]));
            }
        }
    }
}

/// A text without case; one with letters of other scripts as a domain name if it is one.
fn plain(text: &str) -> Option<String> {
    if text.is_ascii() {
        return (!text.is_empty()).then(|| text.to_ascii_lowercase());
    }
    let mut key = Key::new();
    match write(ObservableKind::Hostname, text, &mut key) {
        Ok(()) => std::str::from_utf8(&key).ok().map(str::to_owned),
        Err(_) => Some(text.to_lowercase()),
    }
}

/// Its name and what it means.
impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", crate::entity::printable(&self.list), self.effect)
    }
}
