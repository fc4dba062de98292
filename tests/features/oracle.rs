//! Every column, computed the slow and obvious way from the list of all events.

use std::collections::HashSet;
use std::time::Duration;

use autosec_core::event::{Event, Schema, field};
use autosec_core::time::Timestamp;
use autosec_ml::feature::{Column, FeatureExtractor, FeatureSet};
use proptest::prelude::*;

use super::MORNING;

const LATENESS: i64 = 10_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Clone, Debug)]
struct Seen {
    time: i64,
    user: usize,
    failed: bool,
    host: Option<u8>,
    bytes: Option<i64>,
}

const USERS: [&str; 3] = ["ann", "bob", "eve"];

impl Seen {
    fn event(&self, host: &str) -> Event<'_> {
        let mut event = Event::new(Timestamp::from_micros(self.time))
            .with(field::USER_NAME, USERS[self.user])
            .with(field::EVENT_OUTCOME, if self.failed { "failure" } else { "success" });
        if let Some(bytes) = self.bytes {
            event.set(field::SOURCE_BYTES, bytes);
        }
        if self.host.is_some() {
            event.set(field::HOST_NAME, host.to_owned());
        }
        event
    }
}

fn set() -> FeatureSet {
    let of = |name: &str| -> Box<str> { name.into() };
    FeatureSet::new("oracle", 1, "user.name").with([
        Column::SincePrevious,
        Column::Count(MINUTE),
        Column::Count(HOUR),
        Column::Failures(MINUTE),
        Column::FailureShare(HOUR),
        Column::Distinct { of: of("host.name"), within: MINUTE },
        Column::New(of("host.name")),
        Column::Surprise(of("host.name")),
        Column::Log(of("source.bytes")),
        Column::HourOfWeek,
    ])
}

/// What the window of this length says of event number `at`, given all of its entity up to it.
fn window(all: &[&Seen], within: Duration) -> Option<Vec<Seen>> {
    let width = within.as_micros() as i64 / 16;
    let late = (LATENESS + width - 1) / width;
    let (mut newest, mut counted, mut last) = (i64::MIN, Vec::new(), false);
    for seen in all {
        let slot = seen.time.div_euclid(width);
        last = newest == i64::MIN || slot >= newest - late;
        if last {
            newest = newest.max(slot);
            counted.push((slot, (*seen).clone()));
        }
    }
    let slot = all.last()?.time.div_euclid(width);
    let inside = counted.into_iter().filter(|(other, _)| (slot - 15..=slot).contains(other));
    last.then(|| inside.map(|(_, seen)| seen).collect())
}

fn expected(all: &[&Seen]) -> Vec<f64> {
    let (this, before) = all.split_last().unwrap();
    let counted = |within, of: fn(&Seen) -> bool| {
        window(all, within).map_or(f64::NAN, |seen| seen.iter().filter(|seen| of(seen)).count() as f64)
    };
    let newest = before.iter().map(|seen| seen.time).max();
    let since = newest.filter(|newest| *newest <= this.time);
    let hosts: Vec<u8> = before.iter().filter_map(|seen| seen.host).collect();
    let known: HashSet<u8> = hosts.iter().copied().collect();
    let (new, surprise) = match this.host {
        Some(host) if !hosts.is_empty() => {
            let chance_of_new = (known.len() + 1) as f64 / (hosts.len() + 2) as f64;
            let times = hosts.iter().filter(|known| **known == host).count();
            let share = (1.0 - chance_of_new) * times as f64 / hosts.len() as f64;
            let chance = if times == 0 { chance_of_new } else { share };
            (f64::from(times == 0), -chance.ln())
        }
        _ => (f64::NAN, f64::NAN),
    };
    let distinct = window(all, MINUTE).map_or(f64::NAN, |seen| {
        seen.iter().filter_map(|seen| seen.host).collect::<HashSet<u8>>().len() as f64
    });
    let monday = (MORNING - 8 * 3_600) * 1_000_000;
    vec![
        since.map_or(f64::NAN, |newest| ((this.time - newest) as f64 / 1e6).ln_1p()),
        counted(MINUTE, |_| true),
        counted(HOUR, |_| true),
        counted(MINUTE, |seen| seen.failed),
        counted(HOUR, |seen| seen.failed) / counted(HOUR, |_| true),
        distinct,
        new,
        surprise,
        this.bytes.map_or(f64::NAN, |bytes| (bytes as f64).ln_1p()),
        (this.time - monday).rem_euclid(7 * 86_400_000_000) as f64 / 3.6e9,
    ]
}

fn any_events() -> impl Strategy<Value = Vec<Seen>> {
    let step = prop_oneof![4 => 0..20_000_000_i64, 1 => 0..900_000_000_i64, 2 => -30_000_000..0_i64];
    let host = prop::option::weighted(0.8, 0..9_u8);
    let one = (step, 0..3_usize, any::<bool>(), host, prop::option::of(0..1_000_000_i64));
    prop::collection::vec(one, 1..120).prop_map(|steps| {
        let mut time = MORNING * 1_000_000;
        let take = |(step, user, failed, host, bytes)| {
            time += step;
            Seen { time, user, failed, host, bytes }
        };
        steps.into_iter().map(take).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_column_is_what_the_list_of_events_says(events in any_events()) {
        let extractor = FeatureExtractor::new(&set(), &Schema::ecs()).unwrap();
        let names: Vec<&str> = extractor.schema().columns().collect();
        for at in 0..events.len() {
            let this = &events[at];
            let all: Vec<&Seen> = events[..=at].iter().filter(|seen| seen.user == this.user).collect();
            let mut row = vec![9e9; names.len()];
            let host = this.host.map_or(String::new(), |host| format!("host-{host}"));
            let sighted = extractor.extract(&this.event(&host), &mut row).unwrap();
            prop_assert_eq!(sighted.earlier as usize, all.len() - 1);
            for ((name, seen), wanted) in names.iter().zip(&row).zip(expected(&all)) {
                let same = (seen.is_nan() && wanted.is_nan()) || (seen - wanted).abs() < 1e-9;
                prop_assert!(same, "event {} has {} = {} and not {}", at, name, seen, wanted);
            }
        }
    }
}
