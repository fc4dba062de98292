//! Reads the facts of a record where it lies, in one walk.
//!
//! The reader of these files finds one value a call, from the record's beginning; with sixteen facts that may each stand in
//! several places that was forty walks a record. Here the places are a tree of keys, and what is not in it is passed over.
//! The format is that of <https://maxmind.github.io/MaxMind-DB/>. Nothing is trusted: a walk takes so many steps at most,
//! goes no deeper than the tree, and every length is held against what is there.

use smallvec::SmallVec;

use super::GeoFact;
use super::keys::Keys;
use super::layout::{GeoLayout, Step};

/// The places of some facts of a layout as a tree.
#[derive(Debug)]
pub(super) struct Places {
    /// The first is the root.
    nodes: Vec<Node>,
    /// By number of fact, of its slots the first and the one behind the last, one for each place, best first.
    slots: Vec<(usize, usize)>,
    slot_count: usize,
}

#[derive(Debug, Default)]
struct Node {
    keys: Keys,
    /// Numbers of items, and the nodes that they lead to.
    items: Vec<(usize, usize)>,
    /// The places that end here.
    slots: Vec<usize>,
}

/// What stands in each place of a record.
#[derive(Debug)]
pub(super) struct Values<'p, 'd> {
    all: SmallVec<[Scalar<'d>; 40]>,
    slots: &'p [(usize, usize)],
}

/// A value that is neither a map nor a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'d> {
    Absent,
    Number(f64),
    Text(&'d str),
    Truth(bool),
}

/// What is wrong with a record.
type Damage = &'static str;

impl Places {
    pub(super) fn of(layout: &GeoLayout, facts: impl Fn(GeoFact) -> bool) -> Self {
        let mut places = Self { nodes: vec![Node::default()], slots: Vec::new(), slot_count: 0 };
        for fact in GeoFact::all() {
            let first = places.slot_count;
            let wanted = if facts(fact) { layout.places(fact) } else { &[] };
            wanted.iter().for_each(|path| places.add(path.steps()));
            places.slots.push((first, places.slot_count));
        }
        places
    }

    fn add(&mut self, steps: &[Step]) {
        let mut here = 0;
        for step in steps {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(here) else { return };
            let known = match step {
                Step::Key(key) => node.keys.find(key.as_bytes()),
                Step::Item(number) => {
                    node.items.iter().find(|(item, _)| item == number).map(|(_, child)| *child)
                }
            };
            if let Some(child) = known {
                here = child;
                continue;
            }
            match step {
                Step::Key(key) => node.keys.add(key.clone(), next),
                Step::Item(number) => node.items.push((*number, next)),
            }
            self.nodes.push(Node::default());
            here = next;
        }
        if let Some(node) = self.nodes.get_mut(here) {
            node.slots.push(self.slot_count);
        }
        self.slot_count += 1;
    }

    /// What stands in each place of the record at this offset of the data section.
    pub(super) fn read<'d>(&self, section: &'d [u8], offset: usize) -> Result<Values<'_, 'd>, Damage> {
        let mut values =
            Values { all: SmallVec::from_elem(Scalar::Absent, self.slot_count), slots: &self.slots };
        let mut walk = Walk { section, nodes: &self.nodes, steps_left: MOST_STEPS, values: &mut values.all };
        walk.value(0, offset)?;
        Ok(values)
    }
}

impl<'d> Values<'_, 'd> {
    /// The first usable value of a fact.
    pub(super) fn find<T>(&self, fact: GeoFact, usable: impl Fn(Scalar<'d>) -> Option<T>) -> Option<T> {
        let (first, end) = self.slots.get(fact as usize).copied()?;
        self.all.get(first..end)?.iter().find_map(|value| usable(*value))
    }
}

/// The most values that a walk passes; a record has some hundred.
const MOST_STEPS: usize = 1 << 16;

/// Numbers of types.
const POINTER: u8 = 1;
const TEXT: u8 = 2;
const DOUBLE: u8 = 3;
const U16: u8 = 5;
const U32: u8 = 6;
const MAP: u8 = 7;
const I32: u8 = 8;
const U64: u8 = 9;
const LIST: u8 = 11;
const TRUTH: u8 = 14;
const FLOAT: u8 = 15;
const LAST: u8 = FLOAT;

const TOO_MANY: Damage = "a record has too many values";
const ENDS: Damage = "a value reaches beyond the data section";

struct Walk<'w, 'd> {
    section: &'d [u8],
    nodes: &'w [Node],
    steps_left: usize,
    values: &'w mut [Scalar<'d>],
}

/// What a value says of itself: its type, its size, and where it begins.
struct Head {
    kind: u8,
    size: usize,
    at: usize,
}

impl<'d> Walk<'_, 'd> {
    /// Takes what the value at `at` holds for a node of the tree; says where the next value begins.
    fn value(&mut self, node: usize, at: usize) -> Result<usize, Damage> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(TOO_MANY)?;
        let head = self.head(at)?;
        if head.kind != POINTER {
            return self.held(node, head, false);
        }
        let (target, next) = self.pointer(&head)?;
        let head = self.head(target)?;
        if head.kind == POINTER {
            return Err("a pointer points to another");
        }
        self.held(node, head, true)?;
        Ok(next)
    }

    /// No deeper than the tree, which is at most eight steps. What was pointed to is left when all keys were met: where it ends
    /// is not asked then, and names in eight languages stand there.
    fn held(&mut self, node: usize, head: Head, is_pointed_to: bool) -> Result<usize, Damage> {
        let nodes = self.nodes;
        let Some(Node { keys, items, slots }) = nodes.get(node) else { return self.skip(head) };
        let mut at = head.at;
        match head.kind {
            MAP if !keys.is_empty() => {
                let mut left = if is_pointed_to { keys.len() } else { usize::MAX };
                for _ in 0..head.size {
                    let (key, value) = self.key(at)?;
                    at = match keys.find(key) {
                        Some(child) => {
                            left -= 1;
                            self.value(child, value)?
                        }
                        None => self.skip_at(value)?,
                    };
                    if left == 0 {
                        break;
                    }
                }
                Ok(at)
            }
            LIST if !items.is_empty() => {
                for item in 0..head.size {
                    at = match items.iter().find(|(known, _)| *known == item) {
                        Some((_, child)) => self.value(*child, at)?,
                        None => self.skip_at(at)?,
                    };
                }
                Ok(at)
            }
            _ => {
                if !slots.is_empty() {
                    let scalar = self.scalar(&head)?;
                    for slot in slots {
                        // Of a key that stands there twice the first one counts.
                        if let Some(value) =
                            self.values.get_mut(*slot).filter(|value| **value == Scalar::Absent)
                        {
                            *value = scalar;
                        }
                    }
                }
                self.skip(head)
            }
        }
    }

    fn scalar(&self, head: &Head) -> Result<Scalar<'d>, Damage> {
        let wide =
            |most: usize| if head.size <= most { self.bytes(head) } else { Err("a number is too long") };
        let whole = |bytes: &[u8]| bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Ok(match head.kind {
            TEXT => Scalar::Text(str::from_utf8(self.bytes(head)?).map_err(|_| "a text is not UTF-8")?),
            U16 => Scalar::Number(whole(wide(2)?) as f64),
            U32 => Scalar::Number(whole(wide(4)?) as f64),
            U64 => Scalar::Number(whole(wide(8)?) as f64),
            #[expect(clippy::cast_possible_truncation, reason = "it has at most 4 bytes")]
            I32 => Scalar::Number(f64::from(whole(wide(4)?) as u32 as i32)),
            DOUBLE => Scalar::Number(f64::from_be_bytes(self.exactly(head)?)),
            FLOAT => Scalar::Number(f32::from_be_bytes(self.exactly(head)?).into()),
            TRUTH if head.size <= 1 => Scalar::Truth(head.size == 1),
            TRUTH => return Err("a truth value is neither"),
            _ => Scalar::Absent,
        })
    }

    /// A key, and where its value begins.
    fn key(&self, at: usize) -> Result<(&'d [u8], usize), Damage> {
        let head = self.head(at)?;
        let (head, next) = match head.kind {
            POINTER => {
                let (target, next) = self.pointer(&head)?;
                (self.head(target)?, Some(next))
            }
            _ => (head, None),
        };
        if head.kind != TEXT {
            return Err("a key is no text");
        }
        let key = self.bytes(&head)?;
        Ok((key, next.unwrap_or(head.at + head.size)))
    }

    fn skip_at(&mut self, at: usize) -> Result<usize, Damage> {
        let head = self.head(at)?;
        self.skip(head)
    }

    /// Where the next value begins. Pointers are not followed.
    fn skip(&mut self, head: Head) -> Result<usize, Damage> {
        let (mut head, mut open) = (head, 0_usize);
        loop {
            self.steps_left = self.steps_left.checked_sub(1).ok_or(TOO_MANY)?;
            let at = match head.kind {
                POINTER => self.pointer(&head)?.1,
                MAP => {
                    open = open.saturating_add(head.size * 2);
                    head.at
                }
                LIST => {
                    open = open.saturating_add(head.size);
                    head.at
                }
                TRUTH => head.at,
                _ => {
                    self.bytes(&head)?;
                    head.at + head.size
                }
            };
            let Some(left) = open.checked_sub(1) else { return Ok(at) };
            open = left;
            head = self.head(at)?;
        }
    }

    #[inline]
    fn head(&self, at: usize) -> Result<Head, Damage> {
        let byte = *self.section.get(at).ok_or(ENDS)?;
        let (mut kind, mut at) = (byte >> 5, at + 1);
        if kind == 0 {
            kind = self.section.get(at).ok_or(ENDS)?.saturating_add(7);
            at += 1;
            if kind == 7 || kind > LAST {
                return Err("a value is of an unknown type");
            }
        }
        let size = usize::from(byte & 31);
        if kind == POINTER || size < 29 {
            return Ok(Head { kind, size, at });
        }
        let (more, least) = match size {
            29 => (1, 29),
            30 => (2, 285),
            _ => (3, 65_821),
        };
        Ok(Head { kind, size: least + self.number(at, more)?, at: at + more as usize })
    }

    /// Where it points to, and where the next value begins.
    fn pointer(&self, head: &Head) -> Result<(usize, usize), Damage> {
        let (more, upper, least) = match head.size >> 3 {
            0 => (1, head.size & 7, 0),
            1 => (2, head.size & 7, 2_048),
            2 => (3, head.size & 7, 526_336),
            _ => (4, 0, 0),
        };
        Ok(((upper << (8 * more) | self.number(head.at, more)?) + least, head.at + more as usize))
    }

    /// So many bytes, 1 to 4, most significant first.
    #[inline]
    fn number(&self, at: usize, bytes: u32) -> Result<usize, Damage> {
        let rest = self.section.get(at..).unwrap_or_default();
        if let Some(word) = rest.first_chunk() {
            return Ok((u32::from_be_bytes(*word) >> (u32::BITS - 8 * bytes)) as usize);
        }
        let bytes = rest.get(..bytes as usize).ok_or(ENDS)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn bytes(&self, head: &Head) -> Result<&'d [u8], Damage> {
        self.section.get(head.at..head.at + head.size).ok_or(ENDS)
    }

    fn exactly<const N: usize>(&self, head: &Head) -> Result<[u8; N], Damage> {
        self.bytes(head)?.try_into().map_err(|_| "a number has not the length of its type")
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use maxminddb::{PathElement, Reader, WithinOptions};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(section: &[u8]) -> Result<Vec<(GeoFact, Scalar<'_>)>, Damage> {
        let places = Places::of(&GeoLayout::default(), |_| true);
        let values = places.read(section, 0)?;
        let found = |fact| values.find(fact, |value| (value != Scalar::Absent).then_some((fact, value)));
        Ok(GeoFact::all().filter_map(found).collect())
    }

    #[test]
    fn reads_values_where_they_stand() {
        // {"asn": 258, "country": {"iso_code": "SE"}, "x": [{}, "y"], "asn": 1, "latitude": 1.5}
        let mut record = b"\xE5\x43asn\xA2\x01\x02\x47country\xE1\x48iso_code\x42SE".to_vec();
        record.extend(b"\x41x\x02\x04\xE0\x41y\x43asn\xA1\x01\x48latitude\x68\x3F\xF8\0\0\0\0\0\0");
        let found = [
            (GeoFact::Country, Scalar::Text("SE")),
            (GeoFact::Latitude, Scalar::Number(1.5)),
            (GeoFact::AsNumber, Scalar::Number(258.0)),
        ];
        assert_eq!(read(&record), Ok(found.to_vec()));
        for length in 0..record.len() {
            assert_eq!(read(&record[..length]), Err(ENDS), "{length}");
        }
    }

    #[test]
    fn refuses_what_leads_nowhere() {
        let cases: [(&[u8], Damage); 7] = [
            (b"\x20\x00", "a pointer points to another"),
            (b"\x20\x09", ENDS),
            (b"\xE1\x20\x00\x40", "a key is no text"),
            (b"\xE1\x43asn\x00\x00", "a value is of an unknown type"),
            (b"\xE1\x43asn\xC5\0\0\0\0\0", "a number is too long"),
            (b"\xE1\x44city\x42\xFF\xFE", "a text is not UTF-8"),
            (b"\xE1\x48latitude\x64\0\0\0\0", "a number has not the length of its type"),
        ];
        for (section, what) in cases {
            assert_eq!(read(section), Err(what), "{section:?}");
        }
        // A map whose `country` is the map itself goes as deep as the places do.
        assert_eq!(read(b"\xE1\x47country\x20\x00"), Ok(Vec::new()));
    }

    #[test]
    fn takes_a_bounded_number_of_steps() {
        let mut wide = b"\xFF\xFF\xFF\xFF".to_vec();
        wide.extend(b"\x40\xE0".repeat(1 << 17));
        assert_eq!(read(&wide), Err(TOO_MANY));
        // Each `country` points to the map again, which has many of them.
        let mut crossed = b"\xFE\xFF\xFF".to_vec();
        crossed.extend(b"\x47country\x20\x00".repeat(1 << 16));
        assert_eq!(read(&crossed), Err(TOO_MANY));
    }

    proptest! {
        #[test]
        fn nothing_panics(section in prop::collection::vec(any::<u8>(), 0..200), offset in 0..220_usize) {
            let _ = Places::of(&GeoLayout::default(), |_| true).read(&section, offset);
        }
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    fn scalar(value: &Value) -> Scalar<'_> {
        match value {
            Value::Bool(truth) => Scalar::Truth(*truth),
            Value::Number(number) => Scalar::Number(number.as_f64().unwrap()),
            Value::String(text) => Scalar::Text(text),
            _ => Scalar::Absent,
        }
    }

    /// Every place of every record of the sound files, beside the reader's own way there.
    #[test]
    fn finds_what_the_reader_finds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/maxmind/test-data");
        let (layout, mut compared) = (GeoLayout::default(), 0);
        let places = Places::of(&layout, |_| true);
        for path in files(&folder) {
            let Ok(database) = Reader::open_readfile(&path) else { continue };
            let bytes = std::fs::read(&path).unwrap();
            let metadata = database.metadata();
            let tree = metadata.node_count as usize * usize::from(metadata.record_size) / 4;
            for record in database.networks(WithinOptions::default()).unwrap().flatten() {
                let Ok(values) = places.read(&bytes[tree + 16..], record.offset().unwrap()) else { continue };
                for fact in GeoFact::all() {
                    let (first, end) = values.slots[fact as usize];
                    for (path, found) in layout.places(fact).iter().zip(&values.all[first..end]) {
                        let steps: Vec<PathElement<'_>> = path
                            .steps()
                            .iter()
                            .map(|step| match step {
                                Step::Key(key) => PathElement::Key(key),
                                Step::Item(number) => PathElement::Index(*number),
                            })
                            .collect();
                        let wanted = record.decode_path::<Value>(&steps).ok().flatten().unwrap_or_default();
                        assert_eq!(*found, scalar(&wanted), "{fact:?} of {}", record.network().unwrap());
                        compared += usize::from(*found != Scalar::Absent);
                    }
                }
            }
        }
        if compared == 0 {
            eprintln!("skipped: finds_what_the_reader_finds, `{}` is not there", folder.display());
        }
        assert!(compared == 0 || compared > 1_000, "{compared} values");
    }
}
