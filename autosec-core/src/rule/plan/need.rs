use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::LazyLock;

use hashbrown::DefaultHashBuilder;

use super::block::{self, Block};
use super::intern::{Ease, Question};
use super::required;
use crate::event::FieldId;
use crate::net::AddressSet;
use crate::rule::lang::ast::{Comparison, Place};
use crate::rule::lang::condition::{Fact, Piece};

/// The most texts of a list that the index holds; a longer list answers by itself, in a look-up of its own.
const LISTED: usize = 1024;
/// The most blocks that the numbers or addresses of one question may come to.
const BLOCKS: usize = 64;

/// Of another seed in each process, so that no one can write rules whose texts all have one hash.
static HASHES: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// What an event must have if a question's answer is to be yes: one of these keys.
#[derive(Debug)]
pub(super) struct Need<'q> {
    /// Where; nothing for anywhere in the event.
    pub(super) field: Option<FieldId>,
    pub(super) keys: Vec<Key<'q>>,
    /// To have one is enough for a yes.
    pub(super) enough: bool,
    /// Only texts and numbers that are such count, not what is spelled like them.
    pub(super) typed: bool,
}

/// How the index finds a key.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Way {
    /// By the fields of an event.
    Present,
    /// By whole values.
    Whole,
    /// By scanning values.
    Within,
}

/// Something that the index finds in events.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Key<'q> {
    /// The field is there.
    Present,
    Text(TextKey<'q>),
    Block(Block),
}

/// A text that is a value, or a part of one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TextKey<'q> {
    /// Of all that follows: tables ask for it again and again, when the text has long left the caches.
    hash: u64,
    /// In lower case as far as ASCII goes.
    pub(super) folded: Cow<'q, [u8]>,
    /// As it must be written, if that matters.
    pub(super) cased: Option<&'q [u8]>,
    /// Where in the value; nothing for all of it.
    pub(super) place: Option<Place>,
}

impl<'q> Need<'q> {
    /// What the question needs; nothing if a yes needs nothing that the index could find.
    pub(super) fn of(question: &'q Question) -> Option<Self> {
        match question {
            Question::Field(field, Fact::Exists) => {
                Some(Self { field: Some(*field), keys: vec![Key::Present], enough: true, typed: false })
            }
            Question::Field(field, fact) => Some(Self::in_field(*field, fact, true)),
            Question::Spelled(field, fact) => Some(Self::in_field(*field, fact, false)),
            Question::Anywhere(fact) => {
                let (keys, enough) = texts(fact)?;
                Some(Self { field: None, keys, enough, typed: false })
            }
            Question::Related { left, .. } => Some(Self::present(*left)),
            Question::Before(_) => None,
        }
    }

    fn in_field(field: FieldId, fact: &'q Fact, typed: bool) -> Self {
        let exactly = |keys| (keys, true);
        let keys = texts(fact).or_else(|| blocks(fact).filter(|_| typed).map(exactly));
        match keys {
            Some((keys, enough)) => Self { field: Some(field), keys, enough, typed },
            None => Self::present(field),
        }
    }

    /// How its keys are found: all of them in the same way.
    pub(super) fn way(&self) -> Way {
        match self.keys.first() {
            Some(Key::Present) => Way::Present,
            Some(Key::Block(_) | Key::Text(TextKey { place: None, .. })) | None => Way::Whole,
            Some(Key::Text(_)) => Way::Within,
        }
    }

    /// Whether it is dear to look for, and so only worth it if a condition waits for it.
    pub(super) fn is_dear(&self) -> bool {
        let short = |text: &TextKey<'_>| text.place == Some(Place::Anywhere) && text.folded.len() < 4;
        self.keys.iter().any(|key| matches!(key, Key::Text(text) if short(text)))
    }

    /// All that is known is that the field must be there.
    fn present(field: FieldId) -> Self {
        Self { field: Some(field), keys: vec![Key::Present], enough: false, typed: false }
    }
}

/// Texts of which the value must be or have one, and whether that is enough.
fn texts(fact: &Fact) -> Option<(Vec<Key<'_>>, bool)> {
    let key = |text, fold, place| Key::Text(TextKey::new(text, fold, place));
    Some(match fact {
        Fact::Text { is, negated: false, fold } => (vec![key(is.as_str(), *fold, None)], true),
        Fact::TextIn { texts, fold } if texts.len() <= LISTED => {
            (texts.iter().map(|text| key(text, *fold, None)).collect(), true)
        }
        Fact::Find { place, texts, fold }
            if texts.iter().all(|text| Ease::of(text, *place) != Ease::Never) =>
        {
            (texts.iter().map(|text| key(text, *fold, Some(*place))).collect(), true)
        }
        Fact::Glob { pieces, fold } => (vec![Key::Text(piece(pieces, *fold)?)], false),
        Fact::Matches(regex) => {
            let found = required::texts(regex.as_str())?.into_iter();
            let key = |folded| TextKey::made(Cow::Owned(folded), None, Some(Place::Anywhere));
            (found.map(key).map(Key::Text).collect(), false)
        }
        _ => return None,
    })
}

/// The longest text of a pattern with wildcards.
fn piece(pieces: &[Piece], fold: bool) -> Option<TextKey<'_>> {
    let texts = pieces.iter().enumerate().filter_map(|(at, piece)| {
        let Piece::Text(text) = piece else { return None };
        let place = match at {
            0 => Place::Start,
            last if last + 1 == pieces.len() => Place::End,
            _ => Place::Anywhere,
        };
        (Ease::of(text, place) == Ease::Easy).then_some((text, place))
    });
    let (text, place) = texts.max_by_key(|(text, _)| text.len())?;
    Some(TextKey::new(text, fold, Some(place)))
}

impl<'q> TextKey<'q> {
    fn new(text: &'q str, fold: bool, place: Option<Place>) -> Self {
        let bytes = text.as_bytes();
        let plain = !bytes.iter().any(u8::is_ascii_uppercase);
        let folded = if plain { Cow::Borrowed(bytes) } else { Cow::Owned(bytes.to_ascii_lowercase()) };
        Self::made(folded, (!fold).then_some(bytes), place)
    }

    fn made(folded: Cow<'q, [u8]>, cased: Option<&'q [u8]>, place: Option<Place>) -> Self {
        let hash = HASHES.hash_one((place, cased.is_some(), cased.unwrap_or(&folded)));
        Self { hash, folded, cased, place }
    }
}

impl Hash for TextKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

fn blocks(fact: &Fact) -> Option<Vec<Key<'static>>> {
    let mut blocks = Vec::new();
    match fact {
        Fact::Integer(Comparison::Equal, number) => blocks.push(Block::integer(*number)),
        Fact::IntegerIn(ranges) => {
            for (first, last) in ranges {
                block::integers(*first, *last, &mut blocks);
                if blocks.len() > BLOCKS.max(ranges.len()) {
                    return None;
                }
            }
        }
        Fact::Address { is, negated: false } => blocks.push(match is.to_canonical() {
            IpAddr::V4(address) => Block::v4(address.into()),
            IpAddr::V6(address) => Block::v6(address.into()),
        }),
        Fact::AddressIn(set) => addresses(set, &mut blocks)?,
        _ => return None,
    }
    Some(blocks.into_iter().map(Key::Block).collect())
}

fn addresses(set: &AddressSet, blocks: &mut Vec<Block>) -> Option<()> {
    let (v4, v6) = (set.v4(), set.v6());
    if v4.len() + v6.len() > BLOCKS {
        return None;
    }
    v4.iter().for_each(|(first, last)| block::v4(*first, *last, blocks));
    v6.iter().for_each(|(first, last)| block::v6(*first, *last, blocks));
    (blocks.len() <= BLOCKS).then_some(())
}
