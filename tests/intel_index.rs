//! The index against a plain scan of all indicators, and what it takes in.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use autosec_core::intel::{
    Decay, IndexLimits, Indicator, IndicatorIndex, IndicatorValue, Observable, ObservableKind,
    ObservedFields, Refusal, Sighting, SightingKind, Tlp,
};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::time::Timestamp;
use ipnet::IpNet;
use proptest::prelude::*;

const SOURCES: [&str; 3] = ["misp", "drop", "urlhaus"];

fn value(kind: ObservableKind, text: &str) -> IndicatorValue {
    IndicatorValue::new(kind, text).unwrap()
}

fn limited(indicators: usize, bytes: usize) -> IndicatorIndex {
    let mut limits = IndexLimits::default();
    (limits.indicators, limits.bytes) = (indicators, bytes);
    IndicatorIndex::new(limits, ObservedFields::default())
}

/// Values of few different ones, so that they meet.
fn observable() -> impl Strategy<Value = Observable> {
    let v4 = (0u8..8, 24u8..=32).prop_map(|(host, length)| format!("192.0.2.{host}/{length}"));
    let v6 = (0u16..4, 60u8..=128).prop_map(|(host, length)| format!("2001:db8::{host}/{length}"));
    let name = prop_oneof![Just(""), Just("a."), Just("b.a."), Just("xa.")].prop_flat_map(|below| {
        prop_oneof![Just("example.org"), Just("ample.org"), Just("bücher.example")]
            .prop_map(move |name| format!("{below}{name}"))
    });
    let url = (prop_oneof![Just("http://"), Just("HTTPS://"), Just("")], name.clone(), 0u8..2)
        .prop_map(|(scheme, host, path)| format!("{scheme}{host}/{path}"));
    let digest = (0u8..4).prop_map(|byte| format!("{byte:02x}").repeat(16));
    prop_oneof![
        prop_oneof![v4, v6].prop_map(|text| Observable::new(ObservableKind::Network, &text).unwrap()),
        (name, any::<bool>()).prop_map(|(text, tree)| {
            let kind = if tree { ObservableKind::Domain } else { ObservableKind::Hostname };
            Observable::new(kind, &text).unwrap()
        }),
        url.prop_map(|text| Observable::new(ObservableKind::Url, &text).unwrap()),
        (digest, any::<bool>()).prop_map(|(text, ja3)| {
            let kind = if ja3 { ObservableKind::Ja3 } else { ObservableKind::Md5 };
            Observable::new(kind, &text).unwrap()
        }),
    ]
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    prop_oneof![
        Just(None),
        (0i64..20).prop_map(|secs| Some(Timestamp::from_secs(secs))),
        (-3_000_001i64..3_000_000).prop_map(|micros| Some(Timestamp::from_micros(micros))),
    ]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        (0u8..12).prop_map(|number| format!("indicator--0a1b2c3d-0000-4000-8000-0000000000{number:02}")),
        (0u8..6).prop_map(|number| format!("Ä-{number}")),
        (0u8..4).prop_map(|number| format!("0A1B2C3D-0000-4000-8000-00000000000{number}")),
    ]
}

prop_compose! {
    fn indicator()(
        source in 0usize..3,
        id in prop::option::of(id()),
        values in prop::collection::vec(observable(), 1..3),
        times in [time(), time(), time(), time(), time()],
        (revoked, confidence, tag) in (prop::bool::weighted(0.1), 0u32..=10_000, 0u8..3),
        decay in prop_oneof![Just(Decay::None), Just(Decay::HalfLife { half_life: Duration::from_secs(7), threshold: 5.0 })],
    ) -> Indicator {
        let mut values = values.into_iter().map(|part| IndicatorValue::all([part]).unwrap());
        let mut made = Indicator::new(SOURCES[source], values.next().unwrap());
        made.values.extend(values);
        if let Some(id) = id {
            made = made.with_id(id);
        }
        [made.valid_from, made.valid_until, made.modified, made.last_seen, made.last_sighting] = times;
        made.revoked = revoked;
        made.confidence = Confidence::clamped(f64::from(confidence) / 10_000.0);
        made.severity = if tag == 0 { Severity::High } else { Severity::Low };
        made.tlp = (tag == 1).then_some(Tlp::Amber);
        made.tags = (0..tag).map(|tag| Arc::from(format!("tag-{tag}"))).collect();
        made.techniques = if tag == 2 { Arc::from([Arc::from("T1071.001")]) } else { Arc::from([]) };
        made.decay = decay;
        made
    }
}

#[derive(Clone, Debug)]
enum Step {
    Load(Vec<Indicator>),
    Replace(usize, Vec<Indicator>),
    Remove(usize, String),
    Sight(usize, String, i64, SightingKind),
}

fn step() -> impl Strategy<Value = Step> {
    let batch = || prop::collection::vec(indicator(), 0..12);
    let kind = prop_oneof![
        Just(SightingKind::Positive),
        Just(SightingKind::FalsePositive),
        Just(SightingKind::Expiration)
    ];
    prop_oneof![
        4 => batch().prop_map(Step::Load),
        1 => (0usize..3, batch()).prop_map(|(source, batch)| Step::Replace(source, batch)),
        2 => (0usize..3, id()).prop_map(|(source, id)| Step::Remove(source, id)),
        2 => (0usize..3, id(), 0i64..20, kind).prop_map(|(source, id, at, kind)| Step::Sight(source, id, at, kind)),
    ]
}

/// What the index should hold, as a map that is changed one by one.
#[derive(Default)]
struct Plain(BTreeMap<(String, String), Indicator>);

impl Plain {
    fn key(indicator: &Indicator) -> (String, String) {
        (indicator.source.to_string(), indicator.id.to_string())
    }

    /// Of one batch: the newest of an id, of equally new ones the last, and then as one.
    fn load(&mut self, batch: &[Indicator]) {
        let mut chosen: BTreeMap<_, Indicator> = BTreeMap::new();
        for new in batch {
            let key = Self::key(new);
            let Some(new) = self.admitted(new.clone()) else { continue };
            let keep = chosen.get(&key).is_none_or(|held| held.modified <= new.modified);
            if keep {
                chosen.insert(key, new);
            }
        }
        self.0.extend(chosen);
    }

    fn admitted(&self, mut new: Indicator) -> Option<Indicator> {
        let Some(held) = self.0.get(&Self::key(&new)) else { return Some(new) };
        let newer = match (held.modified, new.modified) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(held), Some(new)) => new >= held,
        };
        if !newer || (held.revoked && !new.revoked && new.modified <= held.modified) {
            return None;
        }
        if held.last_sighting >= new.last_sighting {
            new.last_sighting = held.last_sighting;
            new.false_positives = new.false_positives.max(held.false_positives);
        }
        (*held != new).then_some(new)
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Load(batch) => self.load(batch),
            Step::Replace(source, batch) => {
                let present: Vec<_> = batch.iter().map(Self::key).collect();
                self.0.retain(|key, held| key.0 != SOURCES[*source] || held.revoked || present.contains(key));
                self.load(batch);
            }
            Step::Remove(source, id) => {
                self.0.remove(&(SOURCES[*source].to_owned(), id.clone()));
            }
            Step::Sight(source, id, at, kind) => {
                let at = Timestamp::from_secs(*at);
                let Some(held) = self.0.get_mut(&(SOURCES[*source].to_owned(), id.clone())) else { return };
                let late = held.last_sighting.is_some_and(|last| last > at);
                match kind {
                    _ if held.revoked => {}
                    SightingKind::Expiration => {
                        held.valid_until = Some(held.valid_until.map_or(at, |until| until.min(at)));
                    }
                    _ if late => {}
                    SightingKind::Positive => (held.last_sighting, held.false_positives) = (Some(at), 0),
                    _ => held.false_positives += 1,
                }
            }
        }
    }

    /// A look at every indicator, with rules of its own.
    fn lookup(&self, asked: &Observable) -> Vec<(String, String)> {
        let meant = |listed: &Observable| match (listed.kind(), asked.kind()) {
            (ObservableKind::Network, ObservableKind::Network) => {
                listed.as_network().unwrap().contains(&asked.as_network().unwrap())
            }
            (ObservableKind::Hostname, ObservableKind::Hostname | ObservableKind::Domain) => {
                listed.to_string() == asked.to_string()
            }
            (ObservableKind::Domain, ObservableKind::Hostname | ObservableKind::Domain) => {
                format!(".{asked}").ends_with(&format!(".{listed}"))
            }
            (ObservableKind::Url, ObservableKind::Url) => {
                let bare =
                    |text: String| text.split_once("://").map_or(text.clone(), |(_, rest)| rest.to_owned());
                let listed = listed.to_string();
                listed == asked.to_string() || (!listed.contains("://") && listed == bare(asked.to_string()))
            }
            (listed_kind, kind) => listed_kind == kind && listed == asked,
        };
        let live = self.0.iter().filter(|(_, held)| !held.revoked);
        let found = live.filter(|(_, held)| held.values.iter().any(|value| meant(&value.parts()[0])));
        found.map(|(key, _)| key.clone()).collect()
    }
}

fn found(index: &IndicatorIndex, asked: &Observable) -> Vec<(String, String)> {
    let mut found: Vec<_> = index.snapshot().lookup(asked).iter().map(Plain::key).collect();
    found.sort();
    found.dedup();
    found
}

fn take(index: &IndicatorIndex, step: &Step) {
    match step.clone() {
        Step::Load(batch) => drop(index.load(batch)),
        Step::Replace(source, batch) => drop(index.replace(SOURCES[source], batch)),
        Step::Remove(source, id) => {
            let mut update = index.update();
            update.remove(SOURCES[source], &id);
            update.commit();
        }
        Step::Sight(source, id, at, kind) => {
            let sighting = Sighting::new(SOURCES[source], id, Timestamp::from_secs(at)).of_kind(kind);
            index.sight([sighting]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Change after change, the index holds and finds what a map holds and a scan finds, and what an index finds that was
    /// made of the result at once.
    #[test]
    fn changes_are_as_a_rebuild(steps in prop::collection::vec(step(), 1..24), asked in prop::collection::vec(observable(), 24)) {
        let (index, mut plain) = (IndicatorIndex::default(), Plain::default());
        for step in &steps {
            take(&index, step);
            plain.take(step);
        }
        let snapshot = index.snapshot();
        let mut held: Vec<Indicator> = snapshot.indicators().collect();
        held.sort_by_key(Plain::key);
        let expected: Vec<Indicator> = plain.0.values().filter(|held| !held.revoked).cloned().collect();
        prop_assert_eq!(&held, &expected);
        prop_assert_eq!(snapshot.len(), expected.len());
        let rebuilt = IndicatorIndex::default();
        rebuilt.load(expected);
        for asked in &asked {
            prop_assert_eq!(found(&index, asked), plain.lookup(asked), "{:?}", asked);
            prop_assert_eq!(found(&rebuilt, asked), plain.lookup(asked), "{:?}", asked);
        }
        for ((source, id), held) in &plain.0 {
            prop_assert_eq!(&snapshot.indicator(source, id).unwrap(), held);
        }
    }
}

#[test]
fn names_are_found_on_the_boundaries_of_labels() {
    let index = IndicatorIndex::default();
    index.load([
        Indicator::new("list", value(ObservableKind::Domain, "bücher.example")),
        Indicator::new("list", value(ObservableKind::Hostname, "www.example.org")),
        Indicator::new("list", value(ObservableKind::Domain, "a.b.c.d.example.net")),
    ]);
    let hits =
        |name: &str| index.snapshot().lookup(&Observable::new(ObservableKind::Hostname, name).unwrap()).len();
    for name in [
        "bücher.example",
        "XN--BCHER-KVA.example.",
        "shop.bücher.example",
        "x.y.xn--bcher-kva.example",
        "WWW.example.org",
        "z.a.b.c.d.example.net",
    ] {
        assert_eq!(hits(name), 1, "{name}");
    }
    for name in [
        "xn--bcher-kva.example.org",
        "notxn--bcher-kva.example",
        "example.org",
        "a.www.example.org",
        "b.c.d.example.net",
        "example",
    ] {
        assert_eq!(hits(name), 0, "{name}");
    }
}

#[test]
fn what_one_source_says_is_its_own() {
    let index = IndicatorIndex::default();
    let listed =
        |source: &str| Indicator::new(source, value(ObservableKind::Network, "192.0.2.7")).with_id("1");
    index.load([listed("one"), listed("other")]);
    let mut taken_back = listed("other");
    taken_back.revoked = true;
    assert_eq!(index.load([taken_back]).changed, 1);
    let left = index.snapshot().lookup(&Observable::address([192, 0, 2, 7].into()));
    assert_eq!(left.iter().map(|indicator| &*indicator.source).collect::<Vec<_>>(), ["one"]);
    assert_eq!((index.snapshot().len_of("one"), index.snapshot().len_of("other")), (1, 0));
}

#[test]
fn refuses_what_is_too_wide_or_cannot_be() {
    let index = IndicatorIndex::default();
    let listed = |text| Indicator::new("list", value(ObservableKind::Network, text));
    let mut endless = listed("192.0.2.1");
    endless.decay = Decay::Polynomial { lifetime: Duration::from_secs(1), speed: f64::NAN, threshold: 0.0 };
    let mut hollow = listed("192.0.2.2");
    hollow.values.clear();
    let long = listed("192.0.2.3").with_id("x".repeat(257));
    let nobodys = Indicator::new("", value(ObservableKind::Network, "192.0.2.4"));
    let report = index.load([
        listed("0.0.0.0/0"),
        listed("::/0"),
        listed("::ffff:0:0/96"),
        listed("128.0.0.0/7"),
        listed("10.0.0.0/8"),
        endless,
        hollow,
        long,
        nobodys,
    ]);
    let counts = Refusal::ALL.map(|reason| report.refused_for(reason));
    assert_eq!((report.added, counts), (1, [1, 1, 1, 1, 4, 0, 0]), "{report}");
    assert_eq!(report.examples[0].1.as_ref(), "network:0.0.0.0/0");
    assert!(report.to_string().contains("4 refused (a prefix wider than the limit)"), "{report}");
}

/// A million indicators are offered to an index of twenty thousand, and many to one of some megabytes; `benches/intel.rs`
/// offers ten million.
#[test]
fn is_bounded_by_count_and_by_bytes() {
    let address = |number: u32| IpNet::from(IpAddr::V4(Ipv4Addr::from(number)));
    let first = Indicator::new("flood", address(1).into());
    let by_count = limited(20_000, usize::MAX);
    let different = (0..30_000).map(|number| Indicator::new("flood", address(number).into()));
    // Beyond the limit nothing but the count is looked at, so the rest may be alike.
    let report = by_count.load(different.chain(std::iter::repeat_n(first.clone(), 970_000)));
    assert_eq!((report.added, report.refused_for(Refusal::TooMany)), (20_000, 980_000), "{report}");
    assert_eq!(report.examples.len(), 8);
    assert_eq!(by_count.snapshot().len(), 20_000);
    let mut surer = first;
    surer.confidence = Confidence::ONE;
    assert_eq!(by_count.load([surer]).changed, 1, "what is there may change");

    let by_bytes = limited(usize::MAX, 4 << 20);
    let report = by_bytes.load((0..50_000_u128).map(|number| {
        let address =
            IpAddr::V6(Ipv6Addr::from(number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)));
        Indicator::new("flood", IpNet::from(address).into())
    }));
    let bytes = by_bytes.snapshot().bytes();
    assert!(
        report.refused_for(Refusal::TooLarge) > 0 && report.added > 10_000 && bytes <= 4 << 20,
        "{report} {bytes}"
    );
}

#[test]
fn many_of_one_value_do_not_slow_a_look_up_down() {
    let index = IndicatorIndex::default();
    let same = (0..100_000).map(|number| {
        Indicator::new("flood", value(ObservableKind::Domain, "example.org")).with_id(number.to_string())
    });
    let report = index.load(same);
    assert_eq!((report.added, report.crowded), (100_000, 100_000 - 256));
    let name = Observable::new(ObservableKind::Hostname, "www.example.org").unwrap();
    assert_eq!(index.snapshot().lookup(&name).len(), 256);
}

/// Each update replaces two indicators by two others; whoever reads sees one pair or the other.
#[test]
fn readers_see_whole_updates() {
    let index = IndicatorIndex::default();
    let pair = |round: u32| {
        ["left", "right"].map(|side| {
            let mut one =
                Indicator::new(side, value(ObservableKind::Domain, "example.org")).with_id(round.to_string());
            one.tags = Arc::from([Arc::from(round.to_string())]);
            one
        })
    };
    index.load(pair(0));
    index.load(
        (0..2_000_u32)
            .map(|number| Indicator::new("ballast", IpNet::from(IpAddr::V4(Ipv4Addr::from(number))).into())),
    );
    let name = Observable::new(ObservableKind::Hostname, "www.example.org").unwrap();
    let done = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut looks = 0_u32;
                    while !done.load(Ordering::Relaxed) || looks == 0 {
                        let found = index.snapshot().lookup(&name);
                        assert_eq!(found.len(), 2, "{found:?}");
                        assert_eq!(found[0].tags, found[1].tags);
                        looks += 1;
                    }
                    looks
                })
            })
            .collect();
        for round in 1..300 {
            let mut update = index.update();
            ["left", "right"].iter().for_each(|side| update.remove(side, &(round - 1).to_string()));
            pair(round).into_iter().for_each(|one| update.put(one));
            assert_eq!(update.commit().to_string(), "2 added, 2 removed");
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum::<u32>()
    });
    assert!(looks >= 2 && index.snapshot().len() == 2_002);
}

#[test]
fn an_update_that_is_dropped_changes_nothing() {
    let index = IndicatorIndex::default();
    let mut update = index.update();
    update.put(Indicator::new("list", value(ObservableKind::Domain, "example.org")));
    drop(update);
    assert!(index.snapshot().is_empty());
    assert_eq!(index.load([]).to_string(), "nothing to do");
}
